import asyncio
import importlib.metadata
import os
import traceback
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import EntryPoint
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from llmtui.config.schema import AppSettings, PluginSettings, ProviderSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import user
from llmtui.core.errors import ConfigError, KeyUnavailable, MissingKey, ProviderError, UnknownProvider
from llmtui.core.events import Start, StreamEvent, TextDelta
from llmtui.core.models import AgentInfo, ConnectionReport, ModelInfo
from llmtui.providers import plugins
from llmtui.providers.base import BaseProvider, KindOptions
from llmtui.providers.kinds import BUILT_IN, Kind
from llmtui.providers.plugins import ENTRY_POINT_GROUP, Plugins
from llmtui.providers.registry import Registry
from llmtui.providers.scripted import ScriptedProvider
from llmtui.routing.retry import RetryingProvider


class Options(KindOptions):
    size: int = 1


class Cloud(BaseProvider):
    default_base_url = "https://api.example.com/"
    default_model = "cloud-1"
    key_variable = "CLOUD_KEY"
    options_model = Options
    built = 0
    closed = 0

    def __init__(self, settings: ProviderSettings) -> None:
        super().__init__(settings)
        Cloud.built += 1

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        raise AssertionError("nobody asks")
        yield

    async def check(self, *, with_key: bool = True) -> ConnectionReport:
        return ConnectionReport(self.id, ())

    async def list_models(self) -> list[ModelInfo]:
        return []

    async def aclose(self) -> None:
        Cloud.closed += 1


@pytest.fixture(autouse=True)
def _fresh() -> None:
    Cloud.built = Cloud.closed = 0


def settings(provider_id: str = "Work", kind: str = "cloud", **values: Any) -> ProviderSettings:
    return ProviderSettings.model_validate({"id": provider_id, "kind": kind, **values})


def registry_of(*providers: ProviderSettings, default: str | None = None) -> Registry:
    registry = Registry(providers, default_provider=default)
    registry.register("Cloud", Cloud)
    return registry


async def use(registry: Registry, *providers: ProviderSettings, **values: Any) -> list[str]:
    """Reconfigure, and return the ids of what changed."""
    changed: list[str] = []
    app, renewed = AppSettings(providers=list(providers)), values.pop("renewed", None)
    app = app.model_copy(update=values)
    await registry.configure(app, lambda _, ids: changed.extend(ids), renewed=renewed)
    return changed


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    points = list(importlib.metadata.entry_points(group=ENTRY_POINT_GROUP))
    monkeypatch.setattr(plugins, "entry_points", lambda group: points)
    return points


def test_names_are_case_insensitive_and_a_provider_is_built_once() -> None:
    registry = registry_of(settings(api_key="k"))
    assert registry.get("work") is registry.get("WORK")
    assert registry.get("wOrK").id == "Work"
    assert Cloud.built == 1


def test_nothing_is_built_before_it_is_asked_for() -> None:
    registry = registry_of(settings(api_key="k"), settings("other"))
    assert [info.id for info in registry.infos()] == ["Work", "other"]
    assert Cloud.built == 0


def test_infos_tell_what_is_known_without_building() -> None:
    registry = registry_of(
        settings(name="At work"),
        settings("lan", base_url="http://10.0.0.7:8080/v1/", model="m", api_key_env="LAN_KEY"),
        settings("proxied", base_url="https://llm.example.org", api_key_env="MY_KEY"),
    )
    work, lan, proxied = registry.infos()
    assert (work.name, work.kind, work.type, work.model) == ("At work", "cloud", "cloud", "cloud-1")
    assert (work.base_url, work.missing_key) == ("https://api.example.com", "CLOUD_KEY")
    assert (lan.type, lan.model, lan.missing_key) == ("local", "m", None)
    assert lan.base_url == "http://10.0.0.7:8080/v1"
    assert proxied.missing_key == "MY_KEY"


def test_a_missing_key_names_the_variable() -> None:
    with pytest.raises(MissingKey) as caught:
        registry_of(settings()).get("work")
    assert caught.value.variable == "CLOUD_KEY"
    assert "CLOUD_KEY" in caught.value.hint


def test_an_unknown_id_lists_the_known_ones() -> None:
    with pytest.raises(UnknownProvider, match="no provider 'wrok'; configured: Work, other"):
        registry_of(settings(), settings("other")).get("wrok")
    with pytest.raises(UnknownProvider, match="configured: none"):
        registry_of().get("any")


def test_wrong_options_are_a_config_error_naming_the_key() -> None:
    registry = registry_of(settings(api_key="k", options={"size": "big"}))
    with pytest.raises(ConfigError, match=r"provider 'Work': options\.size: "):
        registry.get("work")


def test_a_wrong_option_of_one_provider_does_not_show_its_value() -> None:
    registry = registry_of(settings(api_key="k", options={"token": "sk-canary"}))
    with pytest.raises(ConfigError) as caught:
        registry.get("work")
    assert "sk-canary" not in "".join(traceback.format_exception(caught.value))


def test_a_plugin_that_fails_when_built_is_a_config_error() -> None:
    class Fragile(Cloud):
        def __init__(self, settings: ProviderSettings) -> None:
            raise LookupError("no GPU")

    registry = Registry([settings(api_key="k")])
    registry.register("cloud", Fragile)
    with pytest.raises(ConfigError, match="provider 'Work' cannot be used: LookupError: no GPU"):
        registry.get("work")


def test_a_plugin_that_fails_when_built_does_not_show_the_key() -> None:
    class Talkative(Cloud):
        def __init__(self, settings: ProviderSettings) -> None:
            raise ValueError(f"cannot use {settings.key}")

    registry = Registry([settings(api_key="sk-canary-0123")])
    registry.register("cloud", Talkative)
    with pytest.raises(ConfigError, match=r"cannot use \[redacted\]") as caught:
        registry.get("work")
    assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_an_adapter_gets_the_key_from_its_place() -> None:
    registry = registry_of(settings(api_key={"command": "echo sk-fetched"}, headers={"x": "own-secret"}))
    assert registry.infos()[0].missing_key is None
    assert registry.secrets() == ["own-secret"]
    provider = registry.get("work")
    assert isinstance(provider, Cloud)
    assert provider.settings.key == "sk-fetched"
    assert registry.secrets() == ["own-secret", "sk-fetched"]


def test_a_key_that_is_not_to_be_had_names_the_provider_and_is_asked_for_again(tmp_path: Path) -> None:
    registry = registry_of(settings(api_key={"file": str(tmp_path / "key")}))
    with pytest.raises(KeyUnavailable, match=r"Work: the key's file .* No such file") as caught:
        registry.get("work")
    assert str(tmp_path / "key") in caught.value.hint
    (tmp_path / "key").write_text("sk-late")
    assert registry.get("work").id == "Work"


def test_one_slow_key_holds_up_no_other_provider(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    slow = settings("slow", api_key={"command": f"cat {tmp_path / 'pipe'}"})
    registry = registry_of(slow, settings("fast", api_key="k"))
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(registry.get, "slow")
        with open(tmp_path / "pipe", "w") as pipe:
            # The command has opened its end, so that its key is being fetched now.
            assert registry.get("fast").id == "fast"
            assert not waiting.done()
            pipe.write("sk-slow\n")
        assert waiting.result(10).id == "slow"


async def test_closing_ends_the_command_of_a_key(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    registry = registry_of(settings("slow", api_key={"command": f"echo > {tmp_path / 'pipe'}; sleep 100"}))
    waiting = asyncio.create_task(asyncio.to_thread(registry.get, "slow"))
    await asyncio.to_thread((tmp_path / "pipe").read_text)
    await registry.aclose()
    with pytest.raises(KeyUnavailable, match="was stopped"):
        async with asyncio.timeout(5):
            await waiting


def test_who_waits_for_a_key_in_vain_does_not_fetch_it_again(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    runs = tmp_path / "runs"
    registry = registry_of(
        settings("slow", api_key={"command": f"echo run >> {runs}; cat {tmp_path / 'pipe'} && exit 3"})
    )
    # As many as all callers at once.
    asked = Barrier(4)

    def get() -> object:
        asked.wait()
        return registry.get("slow")

    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(get) for _ in range(3)]
        asked.wait()
        with open(tmp_path / "pipe", "w"):
            pass
        assert all(isinstance(one.exception(10), KeyUnavailable) for one in waiting)
    assert runs.read_text() == "run\n"


async def test_what_is_built_is_wrapped_and_closed_once() -> None:
    wrapped: list[BaseProvider] = []

    def wrap(provider: BaseProvider) -> BaseProvider:
        wrapped.append(provider)
        return provider

    registry = Registry([settings(api_key="k"), settings("unused", api_key="k")], wrap=wrap)
    registry.register("cloud", Cloud)
    provider = registry.get("work")
    assert wrapped == [provider]
    await registry.aclose()
    await registry.aclose()
    assert Cloud.closed == 1


def test_built_in_kinds_come_through_the_entry_points(installed: list[EntryPoint]) -> None:
    assert {point.name for point in installed} >= {
        "openai",
        "openai_compat",
        "anthropic",
        "ollama",
        "embedded",
        "scripted",
    }
    registry = Registry([settings("demo", "scripted")])
    assert isinstance(registry.get("demo"), ScriptedProvider)


def test_the_kind_claude_is_anthropic(installed: list[EntryPoint]) -> None:
    (info,) = Registry([settings("c", "Claude")]).infos()
    assert (info.kind, info.missing_key, info.error) == ("anthropic", "ANTHROPIC_API_KEY", "")


def test_a_broken_plugin_is_listed_and_stops_nothing(installed: list[EntryPoint]) -> None:
    installed += [
        EntryPoint("gone", "no_such_module:Provider", ENTRY_POINT_GROUP),
        EntryPoint("empty", "llmtui.core.text:NoSuchProvider", ENTRY_POINT_GROUP),
    ]
    registry = Registry([settings("a", "gone"), settings("b", "empty"), settings("demo", "scripted")])
    gone, empty, demo = registry.infos()
    assert "no_such_module" in gone.error
    assert "NoSuchProvider" in empty.error
    assert demo.error == ""
    with pytest.raises(ConfigError, match="no_such_module"):
        registry.get("a")
    assert registry.get("demo").id == "demo"


def test_a_plugin_that_is_no_provider_is_broken(installed: list[EntryPoint]) -> None:
    installed.append(EntryPoint("odd", "llmtui.core.text:sanitise", ENTRY_POINT_GROUP))
    (info,) = Registry([settings("a", "odd")]).infos()
    assert info.error.endswith("it is no BaseProvider")


def test_an_unknown_kind_lists_the_known_ones(installed: list[EntryPoint]) -> None:
    (info,) = Registry([settings("a", "nope")]).infos()
    assert "unknown kind 'nope'" in info.error
    assert "scripted" in info.error


def test_a_plugin_is_not_imported_before_it_is_needed(installed: list[EntryPoint]) -> None:
    installed.append(EntryPoint("gone", "no_such_module:Provider", ENTRY_POINT_GROUP))
    (info,) = Registry([settings("demo", "scripted")]).infos()
    assert info.error == ""


@pytest.mark.parametrize(
    ("agent_provider", "default", "expected"),
    [("other", "work", "other"), (None, "OTHER", "other"), (None, None, "OpenAI")],
)
def test_an_agent_falls_back_to_the_default_and_then_to_openai(
    agent_provider: str | None, default: str | None, expected: str
) -> None:
    registry = registry_of(settings(), settings("other"), settings("OpenAI"), default=default)
    target = registry.for_agent(AgentInfo("a", agent_provider, "m"))
    assert (target.provider, target.model) == (expected, "m")


def test_an_agent_without_any_provider_is_an_error() -> None:
    with pytest.raises(UnknownProvider, match="openai"):
        registry_of(settings()).for_agent(AgentInfo("a"))


async def test_other_settings_are_used_from_now_on_and_the_old_provider_ends() -> None:
    registry = registry_of(settings(api_key="k", model="old"))
    old = registry.get("work")
    await use(registry, settings(api_key="k", model="new", name="New"))
    (info,) = registry.infos()
    assert (info.name, info.model) == ("New", "new")
    assert Cloud.closed == 1
    assert registry.get("work") is not old
    await registry.aclose()


async def test_a_provider_that_nobody_built_is_replaced_without_building_it() -> None:
    registry = registry_of(settings(api_key="k"))
    await use(registry, settings())
    assert registry.infos()[0].missing_key == "CLOUD_KEY"
    assert Cloud.built == 0
    with pytest.raises(MissingKey):
        registry.get("work")


async def test_a_reply_in_flight_ends_on_the_old_provider() -> None:
    def wrap(provider: BaseProvider) -> RetryingProvider:
        return RetryingProvider(provider, provider.clocks)

    registry = Registry([settings("p", "scripted", options={"tokens_per_s": None})], wrap=wrap)
    events = registry.get("p").stream_chat(ChatRequest((user("one two three"),)))
    assert isinstance(await anext(events), Start)
    await use(registry, settings("p", "scripted", options={"down": "gone"}))
    rest = [event async for event in events]
    assert "".join(event.text for event in rest if isinstance(event, TextDelta)).endswith("one two three")
    with pytest.raises(ProviderError, match="gone"):
        await registry.get("p").list_models()
    await registry.aclose()


def test_settings_are_tried_out_beside_the_configured_ones() -> None:
    registry = registry_of(settings(api_key="k"))
    other = settings(api_key="k", options={"size": "large"})
    assert [issue.key for issue in registry.issues(other)] == ["options.size"]
    with pytest.raises(ConfigError, match=r"options\.size"):
        registry.build(other)
    registry.build(settings(api_key="k", model="x"))
    assert registry.validate("work") == []
    assert [field.key for field in registry.fields(other)] == ["options.size"]
    unknown = settings(kind="nothing")
    assert (registry.fields(unknown), registry.takes_address(unknown)) == ((), True)


def test_a_key_is_read_from_its_file_when_the_provider_is_built(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-1\n")
    source = settings(api_key={"file": str(tmp_path / "key")})
    assert registry_of(source).build(source).settings.key == "sk-1"
    missing = settings(api_key={"file": str(tmp_path / "none")})
    with pytest.raises(KeyUnavailable, match="cannot be read"):
        registry_of(missing).get("work")


@pytest.mark.parametrize(
    ("kind", "values", "loaded"),
    [
        ("anthropic", {"api_key": "k"}, ["anthropic"]),
        ("openai", {"api_key": "k"}, ["openai"]),
        ("openai", {"base_url": "http://127.0.0.1:8080/v1"}, ["openai"]),
        ("openai", {"api_key": "k", "options": {"api": "chat"}}, []),
        ("openai", {}, []),
        ("anthropic", {"api_key_env": "OTHER_KEY"}, []),
        ("ollama", {}, []),
        ("scripted", {}, []),
        ("nonsense", {}, []),
    ],
)
def test_an_sdk_is_prepared_only_for_a_provider_that_can_be_asked(
    kind: str, values: dict[str, Any], loaded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    imported: list[str] = []
    monkeypatch.setattr("llmtui.providers.sdk.importlib.import_module", imported.append)
    Registry([settings("one", kind, **values)]).prepare("ONE")
    assert imported == loaded


def test_preparing_fetches_no_key_and_knows_no_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmtui.providers.sdk.importlib.import_module", lambda name: None)
    registry = Registry([settings("one", "anthropic", api_key={"command": "exit 1"})])
    registry.prepare("one")
    registry.prepare("nobody")
    with pytest.raises(KeyUnavailable):
        registry.get("one")


def test_each_built_in_adapter_has_its_kinds_facts() -> None:
    installed = Plugins()
    assert installed.own.keys() == BUILT_IN.keys()
    for name, kind in BUILT_IN.items():
        adapter = installed.load(name)
        assert issubclass(adapter, kind)
        # What the adapter would say otherwise, the sidebar would not know.
        facts = {name for name in vars(Kind) if not name.startswith("_")}
        assert facts & vars(adapter).keys() == set()


async def test_what_is_as_it_was_goes_on_and_the_rest_is_built_anew() -> None:
    registry = registry_of(settings("a", api_key="k"), settings("b", api_key="k"), settings("c", api_key="k"))
    a, b, _ = map(registry.get, ("a", "b", "c"))
    changed = await use(
        registry,
        settings("d", api_key="k"),
        settings("a", api_key="k"),
        settings("b", api_key="k", model="other"),
        default_provider="d",
    )
    assert changed == ["d", "b"]
    assert [info.id for info in registry.infos()] == ["d", "a", "b"]
    assert registry.get("a") is a
    assert registry.get("b") is not b
    assert Cloud.closed == 2
    with pytest.raises(UnknownProvider, match="configured: d, a, b"):
        registry.get("c")
    assert registry.for_agent(AgentInfo("any")).provider == "d"


async def test_a_key_that_is_kept_elsewhere_is_fetched_anew(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-old")
    own = settings(api_key={"file": str(tmp_path / "key")})
    other = settings("other", api_key="k")
    registry = registry_of(own, other)
    old = registry.get("work")
    (tmp_path / "key").write_text("sk-new")
    assert await use(registry, own, other, renewed=["other"]) == ["other"]
    assert registry.get("work") is old
    assert await use(registry, own, other) == ["Work"]
    provider = registry.get("work")
    assert isinstance(provider, Cloud)
    assert provider.settings.key == "sk-new"


async def test_a_kind_is_disabled_and_enabled_at_run_time() -> None:
    demo = settings("demo", "scripted")
    registry = Registry([demo])
    registry.get("demo")
    off = PluginSettings(disabled=["scripted"])
    assert await use(registry, demo, plugins=off) == ["demo"]
    with pytest.raises(ConfigError, match="disabled"):
        registry.get("demo")
    assert await use(registry, demo, plugins=off) == []
    assert await use(registry, demo) == ["demo"]
    assert registry.get("demo").id == "demo"


async def test_one_that_cannot_be_closed_keeps_no_other_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = registry_of(settings("a", api_key="k"), settings("b", api_key="k"))
    first = registry.get("a")
    registry.get("b")

    async def fail() -> None:
        raise LookupError("stuck")

    monkeypatch.setattr(first, "aclose", fail)
    await use(registry, settings("c", api_key="k"))
    assert Cloud.closed == 1
    await registry.aclose()


async def test_who_builds_by_old_settings_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    registry = registry_of(settings("slow", api_key={"command": f"cat {tmp_path / 'pipe'}"}))
    building = asyncio.create_task(asyncio.to_thread(registry.get, "slow"))
    # The command has opened its end, so that the provider is being built now.
    pipe = await asyncio.to_thread(open, tmp_path / "pipe", "w")
    using = asyncio.create_task(use(registry, settings("slow", api_key="sk-new")))
    pipe.write("sk-old\n")
    await asyncio.to_thread(pipe.close)
    await asyncio.gather(building, using)
    provider = registry.get("slow")
    assert isinstance(provider, Cloud)
    assert (provider.settings.key, provider is building.result()) == ("sk-new", False)
    assert (Cloud.built, Cloud.closed) == (2, 1)
