"""What packages of others bring: found by their metadata, judged, listed, and kept from doing harm."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from llmtui.config.schema import ProviderSettings
from llmtui.config.vendors import VENDORS
from llmtui.core.errors import ConfigError
from llmtui.core.settings import SettingField
from llmtui.providers.ollama.provider import OllamaProvider
from llmtui.providers.plugins import Plugin, Plugins
from llmtui.providers.registry import Registry
from tests.plugin_packages import PROVIDER, install

Install = Callable[..., str]


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a package for the time of a test."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    modules: list[str] = []

    def install_one(package: str, source: str = PROVIDER, **values: object) -> str:
        modules.append(install(folder, package, source, **values))  # type: ignore[arg-type]
        return modules[-1]

    yield install_one
    for name in modules:
        sys.modules.pop(name, None)


def third(*, disabled: tuple[str, ...] = ()) -> list[Plugin]:
    """The kinds of others."""
    return [one for one in Plugins(disabled).installed() if one.distribution != "llmtui"]


def settings(kind: str = "third", provider_id: str = "p", **values: object) -> ProviderSettings:
    return ProviderSettings.model_validate({"id": provider_id, "kind": kind, **values})


def test_a_packages_kind_is_listed_and_used(put: Install) -> None:
    module = put("Some.Thing")
    assert third() == [Plugin("third", "Some.Thing", "1.2", f"{module}:Provider", "loaded")]
    registry = Registry([settings("Third")])
    (info,) = registry.infos()
    assert (info.error, info.model) == ("", "one")
    assert registry.get("p").id == "p"


def test_our_own_kinds_are_listed_without_being_imported(put: Install) -> None:
    put("thing")
    ours = [one for one in Plugins().installed() if one.distribution == "llmtui"]
    assert {"ollama", "scripted"} <= {one.kind for one in ours}
    assert {one.state for one in ours} == {"built in"}


BROKEN = {
    "import": ("import no_such_sdk\n", "ModuleNotFoundError: No module named 'no_such_sdk'"),
    "exit": ("import sys\nsys.exit('a GPU is needed')\n", "SystemExit: a GPU is needed"),
    "no-class": ("x = 1\n", "AttributeError: module .* has no attribute 'Provider'"),
    "function": ("def Provider(settings): pass\n", "it is no BaseProvider"),
    "no-version": (
        PROVIDER.replace("api_version = 1", "pass"),
        "it names no api_version; this llmtui has 1",
    ),
    "other-version": (
        PROVIDER.replace("api_version = 1", "api_version = 2"),
        "it is made for api_version 2; this llmtui has 1",
    ),
    "lacks": (
        PROVIDER.replace("def check", "def unchecked").replace("def aclose", "def close"),
        "it lacks aclose, check",
    ),
    "options": (PROVIDER.replace("= Options", "= dict"), "its options_model is no KindOptions"),
    "built-in-without-version": (
        "from llmtui.providers.ollama.provider import OllamaProvider\nclass Provider(OllamaProvider): pass\n",
        "it names no api_version",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_used_is_listed_with_its_reason_and_stops_nothing(put: Install, name: str) -> None:
    source, words = BROKEN[name]
    put("bad", source, kinds={"bad": "Provider"})
    put("good")
    bad, good = third()
    assert (bad.state, good.state) == ("broken", "loaded")
    registry = Registry([settings("bad", "a"), settings(provider_id="b")])
    with pytest.raises(ConfigError, match=words):
        registry.get("a")
    first, second = registry.infos()
    assert first.error.endswith(bad.error)
    assert second.error == ""


def test_a_broken_package_is_imported_once(put: Install, capsys: pytest.CaptureFixture[str]) -> None:
    put("bad", "print('imported')\nimport no_such_sdk\n")
    registry = Registry([settings(), settings(provider_id="q")])
    assert all(info.error for info in [*registry.infos(), *registry.infos()])
    assert capsys.readouterr().out == "imported\n"


@pytest.mark.parametrize("name", ["ollama", "Ollama", "claude", "chatgpt"])
def test_a_built_in_name_stays_ours(put: Install, name: str) -> None:
    module = put("taker", kinds={name: "Provider"})
    (taker,) = third()
    assert (taker.state, taker.error) == ("broken", f"the kind '{name}' is built in: it needs another name")
    assert module not in sys.modules
    assert isinstance(Registry([settings("ollama")]).get("p"), OllamaProvider)


def test_a_kind_that_two_packages_claim_is_nobodys_until_one_is_disabled(put: Install) -> None:
    put("one")
    put("two")
    assert [one.state for one in third()] == ["broken", "broken"]
    assert Registry([settings()]).infos()[0].error == (
        "the kind 'third' is claimed by more than one package: one, two; disable all but one"
    )
    assert [(one.distribution, one.state) for one in third(disabled=("two",))] == [
        ("one", "loaded"),
        ("two", "disabled"),
    ]
    assert Registry([settings()], disabled=["two"]).infos()[0].error == ""


@pytest.mark.parametrize("disabled", ["third", "THIRD", "some-thing", "Some.Thing", "some_thing"])
def test_what_is_disabled_is_never_imported(put: Install, disabled: str) -> None:
    module = put("Some.Thing", "raise AssertionError('imported')\n")
    (one,) = third(disabled=(disabled,))
    assert (one.state, one.error) == ("disabled", "")
    registry = Registry([settings(), settings("scripted", "demo")], disabled=[disabled])
    off, demo = registry.infos()
    assert off.error.endswith("is disabled: take it out of plugins.disabled in the config file")
    assert demo.error == ""
    assert registry.fields(settings()) == ()
    assert module not in sys.modules


def test_a_built_in_kind_can_be_disabled_too() -> None:
    registry = Registry([settings("openai")], disabled=["chatgpt"])
    assert "the kind 'openai' is disabled" in registry.infos()[0].error
    states = {one.kind: one.state for one in Plugins(["chatgpt"]).installed()}
    assert (states["openai"], states["ollama"]) == ("disabled", "built in")


def test_the_rows_of_the_table_of_vendors_are_listed() -> None:
    kinds = {one.kind: one for one in Plugins(["groq"]).installed()}
    assert set(VENDORS) <= set(kinds)
    assert (kinds["mistral"].distribution, kinds["mistral"].state) == ("llmtui", "built in")
    assert kinds["mistral"].object == kinds["openai_compat"].object
    assert kinds["groq"].state == "disabled"
    assert {one.state for one in Plugins(["openai_compat"]).installed() if one.kind in VENDORS} == {
        "built in"
    }


def test_text_for_an_unknown_place_is_not_said_to_stay_here(put: Install) -> None:
    put("cloudy", PROVIDER + "    key_variable = 'CLOUDY_KEY'\n", kinds={"cloudy": "Provider"})
    stays = "    @classmethod\n    def type_of(cls, settings):\n        return 'local'\n"
    put("homely", PROVIDER + stays, kinds={"homely": "Provider"})
    kinds = ["cloudy", "homely", "embedded", "scripted"]
    infos = Registry([settings(kind, kind) for kind in kinds]).infos()
    assert [info.type for info in infos] == ["cloud", "local", "local", "local"]
    assert [info.missing_key for info in infos] == ["CLOUDY_KEY", None, None, None]
    (near,) = Registry([settings("cloudy", base_url="http://127.0.0.1:1")]).infos()
    assert (near.type, near.missing_key) == ("local", None)


RAISING = PROVIDER + "    @classmethod\n    def {fact}(cls, settings):\n        {act}\n"


@pytest.mark.parametrize("fact", ["type_of", "model_of", "base_url_of", "missing_key_of"])
def test_a_fact_that_fails_is_told_where_its_provider_stands(put: Install, fact: str) -> None:
    put("thing", RAISING.format(fact=fact, act="raise ValueError(f'no {settings.key}')"))
    registry = Registry([settings(api_key="sk-canary-0123"), settings("scripted", "demo")])
    bad, demo = registry.infos()
    assert bad.error == "provider 'p' cannot be used: ValueError: no [redacted]"
    assert demo.error == ""
    registry.prepare("p")


def test_a_type_that_there_is_not_is_told(put: Install) -> None:
    put("thing", RAISING.format(fact="type_of", act="return 'moon'"))
    assert "says that it is 'moon'" in Registry([settings()]).infos()[0].error


@pytest.mark.parametrize("method", ["validate_config", "prepare"])
def test_a_method_that_fails_is_told_or_left(put: Install, method: str) -> None:
    put("thing", RAISING.format(fact=method, act="1 / 0"))
    registry = Registry([settings()])
    registry.prepare("p")
    found = [issue.message for issue in registry.validate("p")]
    expected = ["provider 'p' cannot be used: ZeroDivisionError: division by zero"]
    assert found == (expected if method == "validate_config" else [])


def test_the_form_needs_no_sdk(put: Install) -> None:
    put("thing", PROVIDER + "    def ask(self):\n        import the_sdk\n")
    assert Registry([settings()]).fields(settings()) == (
        SettingField("options.word", "text", "What it says.", default="hello"),
    )
    schema = Plugins().options_of("third")
    assert schema["properties"]["word"] == {
        "title": "Word",
        "type": "string",
        "default": "hello",
        "description": "What it says.",
    }
    assert "the_sdk" not in sys.modules
