import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.config.document import read_document
from llmtui.config.loader import LoadedSettings, find_config, load_settings
from llmtui.config.paths import user_paths
from llmtui.config.schema import KeySource, TerminalSettings
from llmtui.core.errors import ConfigError


def load(tmp_path: Path, text: str | bytes, environ: Mapping[str, str] | None = None) -> LoadedSettings:
    path = tmp_path / "config.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_settings(path, environ or {})


def problems(tmp_path: Path, text: str | bytes, environ: Mapping[str, str] | None = None) -> list[str]:
    """What is wrong, each as `LINE: key: words`."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, environ)
    lines = str(caught.value).splitlines()
    prefix = f"{tmp_path / 'config.yaml'}:"
    assert all(line.startswith(prefix) for line in lines)
    return [line.removeprefix(prefix) for line in lines]


def test_a_whole_provider_is_read(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        """\
default_provider: WORK
providers:
  - id: work
    kind: Claude
    base_url: https://claude.example
    api_key: ${WORK_KEY}
    temperature: 0.5
    headers: {X-Team: a}
    timeouts: {idle: null, connect: 2}
    options: {anything: [1, {b: c}]}
agents: [{name: brief, provider: Work}]
keys: {pick-model: "ctrl+o, f4"}
theme: paper
""",
        {"WORK_KEY": "sk-1"},
    )
    (provider,) = loaded.settings.providers
    assert loaded.source == tmp_path / "config.yaml"
    assert (provider.id, provider.kind, provider.base_url) == ("work", "anthropic", "https://claude.example")
    assert provider.secrets() == ["sk-1", "a"]
    assert provider.api_key_env == "WORK_KEY"
    assert (provider.timeouts.idle, provider.timeouts.connect, provider.timeouts.first_event) == (None, 2, 60)
    assert provider.options == {"anything": [1, {"b": "c"}]}
    assert loaded.settings.default_provider == "WORK"


def test_all_problems_are_reported_at_once_with_their_lines(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """\
default_provider: nobody
provders: []
providers:
  - id: one
    kind: ollama
    temperatur: 1
    timeouts: {idle: soon}
  - id: ONE
    kind: ollama
    base_url: ${NOT_SET}
    max_tokens: 0
  - seven
  - kind: ollama
groups: [{id: both}]
theme: "a b"
keys: {send: "a,,b"}
agents: [{name: x, provider: two}, {name: X}]
""",
    )
    assert [line.split(": ", 2)[:2] for line in found] == [
        ["1", "default_provider"],
        ["2", "provders"],
        ["6", "providers[0].temperatur"],
        ["7", "providers[0].timeouts.idle"],
        ["8", "providers[1].id"],
        ["10", "providers[1].base_url"],
        ["11", "providers[1].max_tokens"],
        ["12", "providers[2]"],
        ["13", "providers[3].id"],
        ["14", "groups"],
        ["15", "theme"],
        ["16", "keys.send"],
        ["17", "agents[0].provider"],
        ["17", "agents[1].name"],
    ]
    text = "\n".join(found)
    assert "no provider 'nobody'; there are: one" in text
    assert "did you mean 'providers'?" in text
    assert "did you mean 'temperature'?" in text
    assert "the id 'ONE' is used twice, first on line 4" in text
    assert "the name 'X' is used twice, first on line 17" in text
    assert "the environment variable NOT_SET is not set" in text
    assert "groups are not supported by this version" in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "theme: a\nkeys: {}\ntheme: b\n", "3: theme: stands here twice, first on line 1", id="twice"
        ),
        pytest.param("- a\n", "1: the file should be a mapping of keys to values", id="list"),
        pytest.param("just words\n", "1: the file should be a mapping of keys to values", id="words"),
        pytest.param(
            "providers:\n\t- id: a\n",
            "2: a tab is used for indentation; YAML takes only spaces",
            id="tab",
        ),
        pytest.param("theme: x\nkeys: {a: [\n", "3: not valid YAML", id="unclosed"),
        pytest.param(b"theme: x\nkeys: {a: \xff}\n", "2: not UTF-8 text: byte 0xff", id="bytes"),
        pytest.param("theme: x\nkeys: {a: \x1b}\n", "2: the character U+001B is not allowed", id="escape"),
        pytest.param("theme: a\n---\ntheme: b\n", "2: not valid YAML: expected a single document", id="two"),
        pytest.param("theme: *nope\n", "1: not valid YAML: found undefined alias", id="alias"),
        pytest.param("keys: &a {b: *a}\n", "1: keys.b: an alias stands inside of what it means", id="loop"),
        pytest.param("theme: !!python/name:os.system x\n", "1: not valid YAML", id="python"),
        pytest.param("providers: 7\n", "1: providers: should be a list", id="type"),
        pytest.param("[" * 100_000 + "]" * 100_000, "1: nested too deeply", id="deep"),
    ],
)
def test_a_broken_file_is_explained(tmp_path: Path, text: str | bytes, expected: str) -> None:
    (found,) = problems(tmp_path, text)
    assert found.startswith(expected)


def test_a_key_that_stands_twice_does_not_hide_other_problems(tmp_path: Path) -> None:
    assert len(problems(tmp_path, "theme: a\ntheme: b\nnope: 1\n")) == 2


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "{}", "\ufeff"])
def test_an_empty_file_is_fine(tmp_path: Path, text: str) -> None:
    assert [provider.id for provider in load(tmp_path, text).settings.providers] == [
        "openai",
        "claude",
        "embedded",
        "ollama",
    ]


def test_json_may_be_indented_by_tabs(tmp_path: Path) -> None:
    text = '{\n\t"providers": [\n\t\t{"id": "a", "kind": "ollama", "options": {"x": null}}\n\t]\n}\n'
    assert load(tmp_path, text).settings.providers[0].id == "a"


@given(st.text(max_size=20) | st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_json_is_read_as_json(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    path = tmp_path_factory.mktemp("json") / "config.json"
    path.write_text(json.dumps({"theme": [value]}))
    assert read_document(path).data == {"theme": [value]}


@pytest.mark.parametrize("text", ["\\ud83d\\ude42", "\\\\ud83d\\\\ude42", "\\\\\\ud83d\\ude42x"])
def test_json_writes_some_characters_as_two_escapes(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(f'{{"theme": "{text}"}}')
    assert read_document(path).data == json.loads(path.read_text())


def test_anchors_and_merges_save_typing(tmp_path: Path) -> None:
    text = "providers:\n  - &base {id: a, kind: ollama, model: m}\n  - {<<: *base, id: b}\n"
    assert [(one.id, one.model) for one in load(tmp_path, text).settings.providers] == [
        ("a", "m"),
        ("b", "m"),
    ]


def test_a_date_is_text(tmp_path: Path) -> None:
    assert load(tmp_path, "theme: 2026-01-31\n").settings.theme == "2026-01-31"


@pytest.mark.parametrize(
    ("source", "place", "words"),
    [
        ("{command: a, keyring: b}", "api_key", "should name one of command, keyring, file"),
        ("{}", "api_key", "should name one of command, keyring, file"),
        ("{command: 7}", "api_key.command", "should be text"),
        ("{command: ' '}", "api_key.command", "is empty"),
        ("{comand: a}", "api_key.comand", "unknown key; did you mean 'command'?"),
        ("{file: keys/a}", "api_key.file", "should be a whole path that begins with / or ~"),
        ("{file: '${NOPE}/a'}", "api_key.file", "the environment variable NOPE is not set"),
        ("[a]", "api_key", "should be text"),
    ],
)
def test_a_wrong_place_of_a_key_is_named(tmp_path: Path, source: str, place: str, words: str) -> None:
    (found,) = problems(tmp_path, f"providers:\n  - id: a\n    kind: claude\n    api_key: {source}\n")
    assert found.startswith(f"4: providers[0].{place}: {words}")


def test_a_dollar_in_a_command_is_the_shells(tmp_path: Path) -> None:
    text = "providers: [{id: a, kind: claude, api_key: {command: 'echo ${NOPE} $${B}'}}]\n"
    (provider,) = load(tmp_path, text).settings.providers
    assert provider.key_source == KeySource(command="echo ${NOPE} $${B}")


def test_no_secret_is_in_an_error(tmp_path: Path) -> None:
    text = "providers:\n  - {id: a, kind: ollama, api_key: [sk-secret], headers: {X: [sk-secret]}}\n"
    assert "sk-secret" not in "\n".join(problems(tmp_path, text))


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nope\.yaml: No such file"):
        load_settings(tmp_path / "nope.yaml", {})


def test_a_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Is a directory"):
        load_settings(tmp_path, {})


def test_the_users_own_file_is_found_when_it_is_there(isolated: Path) -> None:
    paths = user_paths()
    assert find_config(None, paths) is None
    assert not paths.config_file.parent.exists()
    paths.config_file.parent.mkdir(parents=True)
    paths.config_file.write_text("theme: paper\n")
    assert find_config(None, paths) == paths.config_file
    assert find_config(Path("other"), paths) == Path("other")


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o644, True)])
def test_a_key_that_others_can_read_is_warned_of(tmp_path: Path, mode: int, warned: bool) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("providers: [{id: a, kind: claude, api_key: sk-literal}]\n")
    path.chmod(mode)
    loaded = load_settings(path, {})
    assert bool(loaded.warnings) is warned
    assert "sk-literal" not in repr(loaded)


def test_a_key_from_a_variable_needs_no_warning(tmp_path: Path) -> None:
    text = "providers: [{id: a, kind: claude, api_key: '${K}'}]\n"
    assert load(tmp_path, text, {"K": "sk"}).warnings == []


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["providers", "id", "kind", "keys", "timeouts", "api_key", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(data=json_values | st.binary(max_size=60))
def test_no_file_does_more_than_raise_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, data: Any
) -> None:

    path = tmp_path_factory.mktemp("any") / "config.yaml"
    path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    error = ""
    try:
        load_settings(path, {})
    except ConfigError as caught:
        error = str(caught)
    assert all(line.startswith(f"{path}:") for line in error.splitlines())


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("driver: fast", "terminal.driver: should be 'thrifty' or 'plain'"),
        ("frames_per_second: 0", "terminal.frames_per_second: should be greater than or equal to 1"),
        ("frames_per_second: 61", "terminal.frames_per_second: should be less than or equal to 60"),
        ("jump_lines: many", "terminal.jump_lines: should be a whole number"),
        ("jump_line: 2", "terminal.jump_line: unknown key; did you mean 'jump_lines'?"),
    ],
)
def test_a_wrong_setting_of_the_terminal_is_explained(tmp_path: Path, setting: str, expected: str) -> None:
    assert problems(tmp_path, f"terminal:\n  {setting}\n") == [f"2: {expected}"]


def test_the_terminal_follows_the_link_unless_it_is_told(tmp_path: Path) -> None:
    assert load(tmp_path, "").settings.terminal == TerminalSettings()
    told = load(tmp_path, "terminal: {driver: plain, frames_per_second: 15, jump_lines: null}\n")
    assert told.settings.terminal == TerminalSettings(driver="plain", frames_per_second=15)
