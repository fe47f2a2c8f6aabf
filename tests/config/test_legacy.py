import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from llmtui.config import legacy
from llmtui.config.document import read_document
from llmtui.config.legacy import FIELDS, OPTIONS
from llmtui.config.loader import load_settings
from llmtui.config.migration import migrate
from llmtui.config.retired_models import RETIREMENTS, retirement
from llmtui.config.schema import AppSettings, ProviderSettings
from llmtui.core.errors import ConfigError

GOLDEN = Path(__file__).parent / "golden"
FLAT = sorted(path for path in GOLDEN.iterdir() if not path.name.endswith((".expected", ".report")))
ENVIRON = {"GATEWAY_KEY": "sk-golden-gateway"}


def written(folder: Path, data: object, name: str = "flat.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(data) if name.endswith(".json") else yaml.safe_dump(data), "utf-8")
    return path


def providers(folder: Path, data: object) -> dict[str, ProviderSettings]:
    return {one.id: one for one in load_settings(written(folder, data), {}).settings.providers}


def problems(folder: Path, text: str) -> list[str]:
    path = folder / "flat.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(path, {})
    return [line.removeprefix(f"{path}:") for line in str(caught.value).splitlines()]


# Golden files


@pytest.mark.parametrize("path", FLAT, ids=lambda path: path.name)
def test_flat_settings_are_written_as_ever(path: Path) -> None:
    migration = migrate(path)
    assert migration.text == (GOLDEN / f"{path.name}.expected").read_text("utf-8")
    assert "".join(f"{line}\n" for line in migration.report) == (GOLDEN / f"{path.name}.report").read_text(
        "utf-8"
    )
    assert "golden" not in "".join(migration.report)


@pytest.mark.parametrize("path", FLAT, ids=lambda path: path.name)
def test_what_is_written_is_read_as_the_same_settings(path: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.yaml"
    new.write_text(migrate(path).text, "utf-8")
    assert read_document(new).data.keys() == {"default_provider", "providers"}
    assert load_settings(new, ENVIRON).settings == load_settings(path, ENVIRON).settings


@pytest.mark.parametrize("suffix", [".json", ".yaml"])
def test_the_golden_files_have_every_field(suffix: str) -> None:
    assert set(read_document(GOLDEN / f"everything{suffix}").data) == set(FIELDS)


# What fields mean


def test_without_a_provider_it_is_openai(tmp_path: Path) -> None:
    path = written(tmp_path, {"model": "gpt-4o", "api_key": "sk-1"})
    settings = load_settings(path, {}).settings
    (openai,) = settings.providers
    assert settings.default_provider == "openai"
    assert (openai.id, openai.kind, openai.key, openai.model) == (
        "openai",
        legacy.OPENAI_KIND,
        "sk-1",
        "gpt-4o",
    )


@pytest.mark.parametrize(
    ("name", "provider_id", "kind"),
    [
        ("OpenAI", "openai", legacy.OPENAI_KIND),
        ("CLAUDE", "claude", "anthropic"),
        ("anthropic", "claude", "anthropic"),
        (" Ollama ", "ollama", "ollama"),
        ("Gemini", "gemini", "gemini"),
        ("google", "gemini", "gemini"),
        ("embedded", "embedded", "embedded"),
        ("OpenAI-Compat", "openai-compat", "openai_compat"),
    ],
)
def test_names_of_providers(tmp_path: Path, name: str, provider_id: str, kind: str) -> None:
    settings = load_settings(written(tmp_path, {"provider": name}), {}).settings
    (provider,) = settings.providers
    assert (settings.default_provider, provider.id, provider.kind) == (provider_id, provider_id, kind)


def test_keys_go_to_their_vendors(tmp_path: Path) -> None:
    keys = {"api_key": "sk-o", "claude_api_key": "sk-c", "gemini_api_key": "g"}
    for name in ("openai", "claude", "gemini"):
        found = providers(tmp_path, {"provider": name, "model": "m"} | keys)
        assert {one.id: one.key for one in found.values()} == {
            "openai": "sk-o",
            "claude": "sk-c",
            "gemini": "g",
        }
        assert {one.id: one.model for one in found.values() if one.model} == {name: "m"}
        assert next(iter(found)) == name
    assert providers(tmp_path, {"provider": "claude", "api_key": "k"})["claude"].key == "k"
    assert providers(tmp_path, {"provider": "ollama", "api_key": "k"})["ollama"].key == "k"


def test_no_key_of_one_vendor_goes_to_another(tmp_path: Path) -> None:
    found = providers(tmp_path, {"provider": "openai", "claude_api_key": "sk-c", "base_url": "http://h/v1"})
    assert {one.id: (one.base_url, one.key) for one in found.values()} == {
        "openai": ("http://h/v1", None),
        "claude": (None, "sk-c"),
    }


def test_gemini_asks_for_its_own_variable(tmp_path: Path) -> None:
    gemini = providers(tmp_path, {"provider": "gemini"})["gemini"]
    assert (gemini.kind, gemini.base_url, gemini.api_key_env) == ("gemini", None, "GEMINI_API_KEY")


def test_geminis_old_options_and_addresses_stay_with_the_wire_that_they_are_for(tmp_path: Path) -> None:
    tuned = providers(tmp_path, {"provider": "gemini", "provider_options": {"top_p": 0.5}})["gemini"]
    assert (tuned.kind, tuned.base_url) == ("openai_compat", legacy.GEMINI_URL)
    assert (tuned.api_key_env, tuned.options) == ("GEMINI_API_KEY", {"extra_body": {"top_p": 0.5}})
    own = providers(tmp_path, {"provider": "gemini", "base_url": "http://h/v1"})["gemini"]
    assert (own.kind, own.base_url, own.api_key_env) == ("openai_compat", "http://h/v1", None)


@pytest.mark.parametrize(
    ("url", "foreign"),
    [
        ("https://api.openai.com/v1", False),
        ("https://eu.api.openai.com/v1", False),
        ("http://127.0.0.1:8080/v1", True),
        ("https://api.openai.com.evil.example/v1", True),
        ("http://[", True),
    ],
)
def test_somebody_elses_address_is_not_openais_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, foreign: bool
) -> None:
    monkeypatch.setattr(legacy, "OPENAI_KIND", "openai")
    monkeypatch.setitem(legacy._VENDORS, "openai", legacy._Vendor("openai", "openai"))
    found = providers(tmp_path, {"base_url": url})["openai"]
    assert found.kind == ("openai_compat" if foreign else "openai")


def test_an_empty_field_says_nothing(tmp_path: Path) -> None:
    empty = dict.fromkeys(FIELDS, "") | {"provider_options": None, "temperature": None, "model": "m"}
    assert list(providers(tmp_path, empty)) == ["openai"]


def test_variables_count_as_everywhere(tmp_path: Path) -> None:
    path = written(tmp_path, {"api_key": "${MY_KEY}"})
    assert load_settings(path, {"MY_KEY": "sk"}).settings.providers[0].key == "sk"
    assert load_settings(path, {}).settings.providers[0].api_key_env == "MY_KEY"


# What is wrong


def test_mistakes_are_named_as_they_stand_in_the_file(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """\
modle: gpt-4o
temperature: hot
provider: my provider
base_url: ${NOPE}
api_key: {command: a, file: /b}
""",
    )
    assert [line.split(": ", 2)[:2] for line in found] == [
        ["1", "modle"],
        ["2", "temperature"],
        ["3", "provider"],
        ["4", "base_url"],
        ["5", "api_key"],
    ]
    assert "did you mean 'model'?" in found[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("provider: 7\n", "1: provider: should be text"),
        ("model: m\nprovider_options: [a]\n", "2: provider_options: should be a mapping"),
        ("provider_options: {extra_body: 7, n: 1}", "1: provider_options.extra_body: should be a mapping"),
        ("model: m\nprovider_options: {top_p: '${NOPE}'}\n", "2: provider_options.top_p: the environment"),
        ("provider: ollama\nprovider_options: {x: '${NOPE}'}\n", "2: provider_options.x: the environment"),
    ],
)
def test_a_mistake_is_found(tmp_path: Path, text: str, expected: str) -> None:
    (found,) = problems(tmp_path, text)
    assert found.startswith(expected)


def test_a_field_of_flat_settings_in_todays_form_is_a_mistake(tmp_path: Path) -> None:
    assert problems(tmp_path, "theme: paper\nmodel: gpt-4o\n")[0].startswith("2: model: unknown key")
    with pytest.raises(ConfigError, match="nothing to migrate"):
        migrate(written(tmp_path, {"providers": []}))


def test_flat_settings_that_others_can_read_are_warned_of(tmp_path: Path) -> None:
    path = written(tmp_path, {"api_key": "sk-1", "gemini_api_key": "g"})
    path.chmod(0o644)
    (warning,) = load_settings(path, {}).warnings
    assert "holds secrets (api_key, gemini_api_key) and others can read it" in warning
    path.chmod(0o600)
    assert load_settings(path, {}).warnings == []


# Options and models, which their kinds and vendors know better


def test_the_options_are_those_of_the_kinds() -> None:
    from llmtui.providers.adapters import Adapters

    adapters = Adapters()
    for kind, names in OPTIONS.items():
        known = adapters.load(kind).options_model.model_fields
        assert set(names.known) == set(known)
        assert names.rest in known


def test_what_claudes_sdk_warns_of_is_known() -> None:
    from anthropic.resources.messages.messages import DEPRECATED_MODELS

    months = {f"{date(2026, month, 1):%B}": month for month in range(1, 13)}

    def parsed(day: str) -> date:
        month, number, year = day.replace(",", "").split()
        return date(int(year), months[month], int(number[:-2]))

    known = RETIREMENTS["api.anthropic.com"]
    assert {model: parsed(day) for model, day in DEPRECATED_MODELS.items()}.items() <= known.items()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kind": "anthropic", "model": "claude-2.1"}, "claude-2.1 was retired on 2025-07-21, see https://"),
        ({"kind": "gemini", "model": "gemini-2.0-flash"}, "gemini-2.0-flash was retired on 2026-06-01, see"),
        ({"kind": "openai_compat", "model": "gpt-4o"}, "gpt-4o will be retired on 2027-01-14, see https://"),
        ({"kind": "openai_compat", "model": "gpt-4", "base_url": "http://127.0.0.1/v1"}, None),
        ({"kind": "anthropic", "model": "no-such-model"}, None),
        ({"kind": "ollama", "model": "gpt-4"}, None),
        ({"kind": "anthropic"}, None),
    ],
)
def test_a_retired_model_is_told(settings: dict[str, Any], words: str | None) -> None:
    found = retirement(ProviderSettings(id="a", **settings), date(2026, 11, 25))
    assert (found or "").startswith(words or "")
    assert (found is None) is (words is None)


def test_a_retired_model_is_kept_and_told(tmp_path: Path) -> None:
    loaded = load_settings(written(tmp_path, {"provider": "claude", "model": "claude-2.1"}), {})
    assert loaded.settings.providers[0].model == "claude-2.1"
    assert f"{loaded.source}:1: model: claude-2.1 was retired on 2025-07-21" in loaded.warnings[0]


# The law


def texts() -> st.SearchStrategy[str]:
    return st.text(max_size=30) | st.text("a: #-\n\t '\"|>${}\\\u2028\x85\ufeff🙂é\x1b", max_size=12)


def any_json() -> st.SearchStrategy[Any]:
    leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts()
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(), inner, max_size=3)
    )


OPTION_NAMES = sorted({name for names in OPTIONS.values() for name in names.known} | {"top_p", "n"})
FLAT_SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "provider": st.sampled_from(["openai", "Claude", "anthropic", "OLLAMA", "gemini", "embedded", "x"]),
        "model": texts(),
        "api_key": texts(),
        "claude_api_key": texts(),
        "gemini_api_key": texts(),
        "base_url": texts() | st.sampled_from(["https://api.openai.com/v1", "http://u:p@h/v1"]),
        "temperature": st.floats(0, 2) | st.integers(0, 2) | st.none(),
        "max_tokens": st.integers(1, 10**6) | st.none(),
        "system_prompt": texts(),
        "provider_options": st.dictionaries(st.sampled_from(OPTION_NAMES) | texts(), any_json(), max_size=4),
    },
)


def outcome(path: Path) -> AppSettings | None:
    try:
        return load_settings(path, {}).settings
    except ConfigError:
        return None


@given(flat=FLAT_SETTINGS, name=st.sampled_from(["flat.json", "flat.yaml"]))
def test_what_is_migrated_means_the_same(
    tmp_path_factory: pytest.TempPathFactory, flat: dict[str, Any], name: str
) -> None:
    folder = tmp_path_factory.mktemp("law")
    path = written(folder, flat, name)
    before = path.read_bytes()
    meant = outcome(path)
    if not flat:
        return
    try:
        text = migrate(path).text
    except ConfigError:
        assert meant is None
        return
    new = folder / "new.yaml"
    new.write_text(text, "utf-8", newline="\n")
    assert outcome(new) == meant
    assert path.read_bytes() == before


@given(data=st.dictionaries(st.sampled_from([*FIELDS, "x"]), any_json(), min_size=1, max_size=5))
def test_any_flat_data_does_no_more_than_raise_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, data: dict[str, Any]
) -> None:
    path = written(tmp_path_factory.mktemp("any"), data)
    for line in failures(path):
        assert line.startswith(f"{path}:")


def failures(path: Path) -> Iterator[str]:
    try:
        load_settings(path, {})
    except ConfigError as error:
        yield from str(error).splitlines()
