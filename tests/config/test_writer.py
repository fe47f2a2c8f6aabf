"""Changes of one provider in the file: what is meant, where it was, and nothing else."""

import json
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from llmtui.config.document import parse_document
from llmtui.config.loader import load_settings
from llmtui.config.places import find_places, place_of
from llmtui.config.revision import revised
from llmtui.config.writer import save_provider
from llmtui.core.errors import ConfigError

EXAMPLE = (Path(__file__).parents[2] / "config.example.yaml").read_text("utf-8")
ENVIRON = {"OPENAI_API_KEY": "sk-canary-from-the-environment", "MODEL": "m", "OLLAMA_HOST": "gpu-box:9"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


def saved(path: Path, text: str, provider: str, read: Mapping[str, Any] | None = None, **changes: Any) -> str:
    path.write_text(text)
    dotted = {key.replace("__", "."): value for key, value in changes.items()}
    save_provider(path, provider, dotted, read=read, environ=ENVIRON)
    return path.read_text()


def changed_lines(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines that only one of two texts has, without those that both begin and end with."""
    old, new = before.splitlines(), after.splitlines()
    while old and new and old[0] == new[0]:
        del old[0], new[0]
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    return old, new


def test_a_value_is_replaced_on_its_line_and_its_comment_stays(path: Path) -> None:
    old, new = changed_lines(EXAMPLE, saved(path, EXAMPLE, "claude", max_tokens=100))
    assert old == ["    max_tokens: 8192 # the longest reply"]
    assert new == ["    max_tokens: 100 # the longest reply"]


def test_a_new_key_stands_where_the_schema_has_it(path: Path) -> None:
    old, new = changed_lines(EXAMPLE, saved(path, EXAMPLE, "gateway", max_tokens=5))
    assert (old, new) == ([], ["    max_tokens: 5"])
    lines = path.read_text().splitlines()
    assert lines[lines.index("    max_tokens: 5") - 1].startswith("    temperature: 0.7 #")


def test_the_last_key_of_a_provider_goes_without_the_comment_above_the_next_one(path: Path) -> None:
    old, new = changed_lines(EXAMPLE, saved(path, EXAMPLE, "gpu-box", model=None))
    assert (old, new) == (["    model: llama3.2"], [])


def test_an_option_goes_with_its_empty_mapping_and_comes_back_alone(path: Path) -> None:
    text = saved(path, EXAMPLE, "gateway", options__max_tokens_field=None)
    assert text.count("options:") == EXAMPLE.count("options:") - 1
    text = saved(path, text, "gateway", options__stream_options=False)
    assert "    options:\n      stream_options: false\n" in text


def test_a_key_that_is_kept_elsewhere_takes_the_place_of_the_variable(path: Path) -> None:
    _, new = changed_lines(EXAMPLE, saved(path, EXAMPLE, "openai", api_key={"keyring": "openai"}))
    comment = "# or the key itself; then nobody else should be able to read this file"
    assert new == [f"    api_key: {comment}", "      keyring: openai"]


def test_lines_of_a_prompt_are_written_as_lines(path: Path) -> None:
    prompt = "Be brief.\n\n# not a comment\n  indented: yes"
    text = saved(path, EXAMPLE, "gateway", system_prompt=prompt)
    assert "      # not a comment\n        indented: yes\n" in text
    assert load_settings(path, ENVIRON).settings.providers[3].system_prompt == prompt


def test_quotes_and_references_stay_as_they_are(path: Path) -> None:
    text = """\
providers:
  - kind: 'ollama'   # the kind
    model: "${MODEL}"
    id: a
    base_url:   '${OLLAMA_HOST}'
    system_prompt:
"""
    assert saved(path, text, "a", model="${MODEL}-2") == text.replace("${MODEL}", "${MODEL}-2")
    assert saved(path, text, "a", base_url="x") == text.replace("${OLLAMA_HOST}", "x")
    assert saved(path, text, "a", system_prompt="A") == text.replace("prompt:", "prompt: A")
    assert saved(path, text, "a", temperature=1) == text.replace(
        "    system", "    temperature: 1\n    system"
    )


@pytest.mark.parametrize("word", ["off", "yes", "012", "1:30", "~", "", "- x", "a: b", "x # y", "{", "\t"])
def test_text_that_means_something_else_in_yaml_stays_text(path: Path, word: str) -> None:
    saved(path, EXAMPLE, "gpu-box", system_prompt=word)
    assert load_settings(path, ENVIRON).settings.providers[4].system_prompt == word


def test_a_value_through_an_alias_changes_only_here(path: Path) -> None:
    text = """\
providers:
  - {id: a, kind: ollama, model: &small tiny, options: {}}
  - id: b
    kind: ollama
    model: *small # the same
"""
    new = saved(path, text, "b", model="big")
    assert new == text.replace("*small", "big")
    assert saved(path, new, "a", options__num_ctx=300).splitlines()[1].endswith('options: {"num_ctx": 300}}')


def test_what_the_text_cannot_say_is_refused(path: Path) -> None:
    text = "x: &base\n  kind: ollama\nproviders:\n  - <<: *base\n    id: a\n"
    with pytest.raises(ConfigError):
        saved(path, text, "a", kind=None)
    assert path.read_text() == text


def test_json_stays_json_with_its_tabs(path: Path) -> None:
    text = (
        '{\n\t"theme": "paper",\n\t"providers": [\n\t\t{\n\t\t\t"id": "a",\n\t\t\t"kind": "ollama"\n\t\t}\n'
    )
    text += "\t]\n}\n"
    new = saved(path, text, "a", model="ä", options__num_ctx=300)
    provider = {"id": "a", "kind": "ollama", "model": "ä", "options": {"num_ctx": 300}}
    assert json.loads(new)["providers"] == [provider]
    assert new.startswith(text[: text.index('"ollama"') + 8])
    assert json.loads(saved(path, "{}", "ollama", model="x"))["providers"][2]["model"] == "x"


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
def test_the_marks_of_other_systems_stay(path: Path, eol: str) -> None:
    text = f"\ufeff# top{eol}providers:{eol}  - id: a{eol}    kind: ollama{eol}# end{eol}"
    path.write_bytes(text.encode())
    save_provider(path, "a", {"system_prompt": "one\ntwo"}, environ=ENVIRON)
    added = eol.join(["", "    system_prompt: |-", "      one", "      two"])
    assert path.read_bytes().decode() == text.replace("ollama", "ollama" + added)


@pytest.mark.parametrize("text", [None, "", "# mine\ntheme: paper\n", "theme: paper"])
def test_the_first_provider_written_brings_the_others_and_no_secret(path: Path, text: str | None) -> None:
    before = load_settings(None, ENVIRON).settings.providers
    if text is not None:
        path.write_text(text)
    save_provider(path, "Claude", {"model": "claude-x"}, environ=ENVIRON)
    written = path.read_text()
    assert written.startswith("# The config" if text is None else text)
    assert "canary" not in written
    assert "gpu-box" not in written
    expected = [one.model_copy(update={"model": "claude-x"}) if one.id == "claude" else one for one in before]
    assert load_settings(path, ENVIRON).settings.providers == expected


def test_the_file_is_private_and_the_target_of_a_link_is_replaced(path: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "llmtui.yaml"
    real.parent.mkdir()
    real.write_text(EXAMPLE)
    real.chmod(0o644)
    path.symlink_to(real)
    save_provider(path, "gpu-box", {"model": "x"}, environ=ENVIRON)
    assert path.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert "model: x\n" in real.read_text()
    assert os.listdir(real.parent) == [real.name]


def test_changes_of_others_are_merged(path: Path) -> None:
    read = yaml.safe_load(EXAMPLE)["providers"][1]
    other = EXAMPLE.replace("max_tokens: 8192", "max_tokens: 9000")
    text = saved(path, other, "claude", read, model="claude-y")
    assert "max_tokens: 9000 #" in text
    assert "model: claude-y\n" in text


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (
            EXAMPLE.replace("model: claude-sonnet-5-5\n    max", "model: mine\n    max"),
            "model was changed there",
        ),
        (
            EXAMPLE.replace("id: claude #", "id: claude").replace("- id: claude", "- id: gone"),
            "not there any more",
        ),
        (EXAMPLE.replace("groups: []", "groups: ["), "not valid YAML"),
        (EXAMPLE + "colour: red\n", "unknown key"),
        ("- a list\n", "mapping"),
    ],
    ids=["same value", "gone", "broken", "wrong", "no mapping"],
)
def test_nothing_is_written_over_what_is_not_understood(path: Path, now: str, said: str) -> None:
    read = yaml.safe_load(EXAMPLE)["providers"][1]
    with pytest.raises(ConfigError, match=said):
        saved(path, now, "claude", read, model="claude-y")
    assert path.read_text() == now


def test_a_wrong_value_is_not_written(path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"^{path}:\d+: providers\[1\].temperature"):
        saved(path, EXAMPLE, "claude", temperature=7)
    assert path.read_text() == EXAMPLE


def test_a_folder_that_takes_no_files_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be written"):
        save_provider(tmp_path / "file" / "config.yaml", "claude", {"model": "x"}, environ=ENVIRON)


# Laws

KEYS = ("name", "model", "base_url", "temperature", "system_prompt")
WORDS = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=12)
VALUES = st.one_of(WORDS, st.lists(WORDS, min_size=2, max_size=4).map("\n".join), st.integers(0, 9))
NOISE = st.lists(st.sampled_from(["", "# note", "      # deep: note", "  #", "   "]), max_size=2)


@st.composite
def written_providers(draw: st.DrawFn) -> list[tuple[int | None, str, str]]:
    """A file as lines, each with the provider and the key that it says something of."""
    lines: list[tuple[int | None, str, str]] = [(None, "", "providers: # all")]
    margin = draw(st.sampled_from(["", "  ", "    "]))
    for place in range(draw(st.integers(1, 3))):
        lead = margin + "- "
        keys = draw(st.permutations(KEYS))[: draw(st.integers(0, 5))]
        for key in draw(st.permutations(["id", "kind", *keys])):
            word = {"id": f"p{place}", "kind": "scripted"}.get(key) or draw(
                st.sampled_from(["plain", "'single'", '"double"', "|-\n{}  # one\n\n{}  two", "${M}", "*c"])
            )
            inner = " " * len(lead)
            said = f"{lead}{key}: {word.format(inner, inner) if '{}' in word else word}"
            said += draw(st.sampled_from(["", " # why", "   #"])) if "|" not in word else ""
            lines += [(place, key, line) for line in said.split("\n")]
            lead = inner
            # A deeper line behind a text on lines of its own is one of them.
            noise = [line for line in draw(NOISE) if "|" not in word or "deep" not in line]
            lines += [(None, "", line) for line in noise]
    return [(None, "", "common: &c text"), *lines]


def without_dash(line: str) -> str:
    """A line as it is when its key is not the first one: the next one follows one that goes away."""
    return re.sub(r"^( *)- ", r"\1  ", line)


@settings(max_examples=60, deadline=None)
@given(written_providers(), st.data())
def test_edits_mean_what_they_say_and_touch_nothing_else(
    lines: list[tuple[int | None, str, str]], data: st.DataObject
) -> None:
    text = "\n".join(line for _, _, line in lines) + "\n"
    before = parse_document(Path("c"), text.encode()).data
    place = data.draw(st.integers(0, len(before["providers"]) - 1))
    changes = data.draw(st.dictionaries(st.sampled_from(KEYS), st.none() | VALUES, max_size=4))
    new = text
    for key, value in changes.items():
        new = revised(new, ("providers", place, key), value)
        provider = before["providers"][place]
        provider.pop(key, None) if value is None else provider.update({key: value})
    document = parse_document(Path("c"), new.encode())
    assert not document.problems
    assert document.data == before
    rest = map(without_dash, new.split("\n"))
    for at, key, line in lines:
        if line.strip() and (at != place or key not in changes):
            assert without_dash(line) in rest, f"{line!r} is gone, or not at its place"


@settings(max_examples=60, deadline=None)
@given(written_providers(), st.sampled_from(["a", "x\ny", 5, {"b": [1, {"c": None}]}, [], "${M}: #"]))
def test_what_is_added_and_taken_away_leaves_no_trace(
    lines: list[tuple[int | None, str, str]], value: Any
) -> None:
    text = "\n".join(line for _, _, line in lines) + "\n"
    path = ("providers", 0, "options", "new")
    added = revised(text, path, value, ("id", "kind", "name", "model", "options"))
    assert added != text
    assert revised(added, path, None) == text


def test_every_value_is_found_where_it_stands() -> None:
    for place, provider in enumerate(yaml.safe_load(EXAMPLE)["providers"]):
        for key, value in provider.items():
            found = place_of(find_places(EXAMPLE), ("providers", place, key))
            assert found is not None
            margin = " " * (found.start - EXAMPLE.rfind("\n", 0, found.start) - 1)
            assert yaml.safe_load(margin + EXAMPLE[found.start : found.end]) == value


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_nothing_stands_nowhere(text: str) -> None:
    assert find_places(text) is None


def test_a_text_of_lines_takes_no_comment_in_between_its_quotes() -> None:
    text = "providers:\n  - id: p0\n    system_prompt: 'single' # why\n    kind: scripted\n"
    new = revised(text, ("providers", 0, "system_prompt"), "0\n0 ")
    assert parse_document(Path("c"), new.encode()).data["providers"][0]["system_prompt"] == "0\n0 "
    assert "# why" in new
