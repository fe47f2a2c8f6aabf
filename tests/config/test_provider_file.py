"""One provider of the config file: as it is, as it would be, and with its key kept elsewhere."""

import os
from pathlib import Path
from typing import Any

import pytest

from llmtui.config.keys import store_key
from llmtui.config.loader import load_settings
from llmtui.config.provider_file import ProviderFile, key_place
from llmtui.config.writer import save_provider
from llmtui.core.errors import ConfigError

CANARY = "sk-canary-0123456789"
TEXT = """\
providers:
  - id: work # mine
    kind: openai_compat
    base_url: http://127.0.0.1:1/v1
    api_key: ${WORK_KEY}
  - {id: claude, kind: anthropic}
"""


def provider_file(folder: Path, text: str | None = TEXT, **environ: str) -> ProviderFile:
    path = folder / "config.yaml"
    if text is not None:
        path.write_text(text)
    return ProviderFile(path, environ, folder, store=store_key)


def test_a_provider_is_read_with_its_variables(tmp_path: Path) -> None:
    assert provider_file(tmp_path).read("WORK")["api_key"] == "${WORK_KEY}"


def test_without_a_file_it_is_the_default_without_what_variables_hold(tmp_path: Path) -> None:
    file = provider_file(tmp_path, None, ANTHROPIC_API_KEY=CANARY)
    read = file.read("claude")
    assert read == {"id": "claude", "kind": "anthropic", "name": "Claude"}
    settings, issues = file.settings(read)
    assert settings is not None
    assert settings.key == CANARY
    assert issues == []


@pytest.mark.parametrize("text", ["providers: [", "providers: []", "providers: {}", "- a"])
def test_a_provider_that_is_not_there_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"config\.yaml"):
        provider_file(tmp_path, text).read("work")


def test_a_typed_key_stops_the_vendors_variables_as_a_stored_one_does(tmp_path: Path) -> None:
    file = provider_file(tmp_path, None, OPENAI_BASE_URL="http://gateway", OPENAI_API_KEY="k")
    read = file.read("openai")
    unchanged = file.settings(read)[0]
    assert unchanged is not None
    assert unchanged.base_url == "http://gateway"
    typed = file.settings(read, f" {CANARY}\n")[0]
    assert typed is not None
    assert (typed.key, typed.base_url) == (CANARY, None)
    stored = file.save(read, {}, key=CANARY)
    assert (stored.key_source is not None, stored.base_url) == (True, None)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"temperature": "hot"}, "temperature"),
        ({"model": "${NOT_SET}"}, "model"),
        ({"api_key": {"file": "/a", "command": "b"}}, "api_key"),
        ({"reasoning_effort": "much"}, "reasoning_effort"),
    ],
)
def test_what_is_wrong_is_told_by_its_key(tmp_path: Path, changes: dict[str, Any], key: str) -> None:
    file = provider_file(tmp_path)
    _, issues = file.settings({**file.read("work"), **changes})
    assert [issue.key for issue in issues] == [key]


def test_a_key_is_stored_and_the_file_says_where(tmp_path: Path) -> None:
    file = provider_file(tmp_path, WORK_KEY="old")
    settings = file.save(file.read("work"), {"model": "m"}, key=CANARY)
    assert settings.model == "m"
    text = file.path.read_text()
    assert CANARY not in text
    assert "# mine" in text
    assert (tmp_path / "keys" / "work").read_text().strip() == CANARY
    place = key_place(file.read("work"), settings)
    assert place == f"in {tmp_path}/keys/work, readable only by you"


def test_a_key_that_others_can_read_is_not_called_private(tmp_path: Path) -> None:
    file = provider_file(tmp_path)
    settings = file.save(file.read("work"), {}, key=CANARY)
    (tmp_path / "keys" / "work").chmod(0o640)
    assert "others can read" in key_place(file.read("work"), settings)
    (tmp_path / "keys" / "work").unlink()
    assert "cannot be read: No such file" in key_place(file.read("work"), settings)


def test_a_removed_key_is_forgotten_too(tmp_path: Path) -> None:
    file = provider_file(tmp_path)
    file.save(file.read("work"), {}, key=CANARY)
    before = file.read("work")
    settings = file.save(before, {}, forget=True)
    assert settings.api_key is None
    assert "api_key" not in file.read("work")
    assert file.forget(before) == ""
    assert os.listdir(tmp_path / "keys") == []


def test_a_key_that_somebody_still_has_stays(tmp_path: Path) -> None:
    file = provider_file(tmp_path)
    file.save(file.read("work"), {}, key=CANARY)
    before = file.read("work")
    save_provider(file.path, "claude", {"api_key": before["api_key"]}, environ={})
    file.save(before, {}, forget=True)
    assert file.forget(before) == ""
    assert os.listdir(tmp_path / "keys") == ["work"]


def test_a_key_that_a_person_has_put_somewhere_stays(tmp_path: Path) -> None:
    own = tmp_path / "keys" / "of-mine"
    own.parent.mkdir()
    own.write_text(CANARY)
    file = provider_file(tmp_path, TEXT.replace("${WORK_KEY}", f"{{file: {own}}}"))
    before = file.read("work")
    file.save(before, {}, key="other")
    assert file.forget(before) == ""
    assert own.read_text() == CANARY


def test_a_key_that_cannot_be_removed_is_told(tmp_path: Path) -> None:
    file = provider_file(tmp_path)
    file.save(file.read("work"), {}, key=CANARY)
    before = file.read("work")
    file.save(before, {}, forget=True)
    (tmp_path / "keys" / "work").unlink()
    (tmp_path / "keys" / "work").mkdir()
    assert file.forget(before).startswith(f"the old key stays in {tmp_path}/keys/work")


def test_no_key_is_stored_when_the_file_cannot_be_written(tmp_path: Path) -> None:
    file = provider_file(tmp_path)
    read = file.read("work")
    file.path.write_text(TEXT + "colour: red\n")
    with pytest.raises(ConfigError, match="colour"):
        file.save(read, {}, key=CANARY)
    assert not (tmp_path / "keys").exists()


def test_a_folder_that_takes_no_key_is_told(tmp_path: Path) -> None:
    (tmp_path / "keys").touch()
    file = provider_file(tmp_path)
    with pytest.raises(ConfigError, match="the key cannot be kept"):
        file.save(file.read("work"), {}, key=CANARY)
    assert file.path.read_text() == TEXT


@pytest.mark.parametrize(
    ("written", "environ", "said"),
    [
        ("api_key: sk-1", {}, "literal in the config file"),
        ("api_key: ${A_KEY}", {"A_KEY": "k"}, "from the variable A_KEY"),
        ("api_key: ${A_KEY}", {}, "no key: A_KEY is not set"),
        ("api_key_env: A_KEY", {"A_KEY": "k"}, "from the variable A_KEY"),
        ("name: x", {"OPENAI_API_KEY": "k"}, "from the variable OPENAI_API_KEY"),
        ("name: x", {}, "no key: OPENAI_API_KEY is not set"),
        ("base_url: http://127.0.0.1", {"OPENAI_API_KEY": "k"}, "no key"),
        ("api_key: {keyring: x}", {}, "in the system keyring"),
        ("api_key: {command: pass x}", {}, "from the command in the config file"),
    ],
)
def test_the_place_of_a_key_in_words(
    tmp_path: Path, written: str, environ: dict[str, str], said: str
) -> None:
    text = f"providers:\n  - id: a\n    kind: openai_compat\n    {written}\n"
    file = provider_file(tmp_path, text, **environ)
    read = file.read("a")
    settings, _ = file.settings(read)
    assert settings is not None
    assert key_place(read, settings) == said
    assert load_settings(file.path, environ).settings.providers == [settings]
