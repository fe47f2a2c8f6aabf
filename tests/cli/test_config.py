"""`llmtui config show` and `migrate`, as a person would run them."""

# ruff: noqa: ASYNC240

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from llmtui.config.loader import load_settings
from llmtui.config.paths import user_paths
from tests.cli.commands import Run

Config = Callable[[str], str]
CANARY = "sk-canary-0123456789"
FLAT = json.dumps({"provider": "claude", "model": "claude-2.1", "api_key": CANARY, "temperature": None})


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    path = tmp_path / "flat.json"
    path.write_text(FLAT)
    path.chmod(0o600)
    return path


# show


async def test_the_settings_are_shown_without_secrets(config: Config, run: Run, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    path = config(
        f"""\
providers:
  - {{id: a, kind: claude, api_key: {CANARY}, headers: {{X-Team: {CANARY[::-1]}}}}}
  - {{id: b, kind: openai_compat, api_key: {{command: 'touch {ran}; echo {CANARY}'}}}}
  - {{id: c, kind: ollama, base_url: 'http://user:{CANARY}@127.0.0.1:1'}}
  - {{id: d, kind: nonsense}}
"""
    )
    text = await run("config", "show", "--config", path)
    as_json = await run("--config", path, "config", "show", "--json")
    assert (text.code, text.err, as_json.code, as_json.err) == (0, "", 0, "")
    shown = yaml.safe_load(text.out)
    assert shown == json.loads(as_json.out)
    assert [one.get("api_key_from") for one in shown["providers"]] == ["literal", "command", None, None]
    assert shown["providers"][0]["model"] == "claude-sonnet-5-5"
    assert shown["providers"][1]["base_url"] == "https://api.openai.com/v1"
    assert shown["providers"][2]["base_url"] == "http://********@127.0.0.1:1"
    assert CANARY not in text.out + as_json.out
    assert CANARY[::-1] not in text.out + as_json.out
    assert not ran.exists()


async def test_the_environment_is_shown(run: Run) -> None:
    environ = {"OPENAI_API_KEY": CANARY, "OLLAMA_HOST": "gpu-box"}
    finished = await run("config", "show", env=environ)
    openai, claude, ollama, embedded = yaml.safe_load(finished.out)["providers"]
    assert (openai["api_key"], openai["api_key_from"]) == ("********", "variable OPENAI_API_KEY")
    assert (claude.get("api_key"), claude["api_key_env"]) == (None, "ANTHROPIC_API_KEY")
    assert (ollama["base_url"], embedded["id"]) == ("gpu-box", "embedded")
    assert CANARY not in finished.out


async def test_what_others_can_read_is_warned_of(config: Config, run: Run) -> None:
    path = config(f"providers: [{{id: a, kind: scripted, api_key: {CANARY}}}]\n")
    Path(path).chmod(0o644)
    for arguments in (["config", "show"], ["config", "check"], ["providers"], ["ask", "hello"]):
        finished = await run("--config", path, *arguments)
        assert finished.code == 0
        assert f"warning: {path} holds secrets (providers[0].api_key) and others can read it" in finished.err
        assert CANARY not in finished.out + finished.err


async def test_output_for_a_plain_locale_still_loads(config: Config, run: Run) -> None:
    path = config("providers: [{id: a, kind: scripted, name: Ünï 🙂}]\n")
    finished = await run("config", "show", "--config", path, env={"PYTHONIOENCODING": "ascii"})
    assert yaml.safe_load(finished.out)["providers"][0]["name"] == "Ünï 🙂"


# migrate


async def test_flat_settings_are_written_beside_the_file(flat: Path, run: Run) -> None:
    finished = await run("config", "migrate", str(flat))
    new = flat.with_suffix(".yaml")
    assert (finished.code, finished.out) == (0, "")
    assert flat.read_text() == FLAT
    assert new.stat().st_mode & 0o777 == 0o600
    assert load_settings(new, {}).settings == load_settings(flat, {}).settings
    assert sorted(path.name for path in flat.parent.iterdir()) == ["flat.json", "flat.yaml"]
    lines = finished.err.splitlines()
    assert lines[:5] == [
        f"{flat} -> {new}",
        "  provider -> default_provider, providers[0].id, providers[0].kind",
        "  model -> providers[0].model",
        "  api_key -> providers[0].api_key",
        "  temperature: empty, left out",
    ]
    assert lines[5].startswith(
        "warning: providers: claude: claude-2.1 was retired on 2025-07-21, see https://"
    )
    assert lines[5].endswith("it is kept, choose another one")
    assert f"llmtui --config {new}" in lines[-1]
    assert CANARY not in finished.err


async def test_what_is_there_is_not_overwritten(flat: Path, run: Run) -> None:
    new = flat.with_suffix(".yaml")
    new.write_text("mine")
    finished = await run("config", "migrate", str(flat))
    assert (finished.code, finished.out, new.read_text()) == (2, "", "mine")
    assert f"{new} is there already" in finished.err
    assert "--force" in finished.err
    assert (await run("config", "migrate", str(flat), "--force")).code == 0
    assert load_settings(new, {}).settings.default_provider == "claude"
    assert new.stat().st_mode & 0o777 == 0o600


async def test_a_yaml_file_gets_a_new_one_beside_it(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "flat.yaml"
    path.write_text("model: gpt-6\n")
    assert (await run("config", "migrate", str(path))).code == 0
    assert path.read_text() == "model: gpt-6\n"
    assert load_settings(tmp_path / "flat.new.yaml", {}).settings.providers[0].model == "gpt-6"


@pytest.mark.parametrize("link", [False, True])
async def test_the_file_itself_is_never_overwritten(flat: Path, run: Run, tmp_path: Path, link: bool) -> None:
    out = tmp_path / "link.yaml" if link else flat
    if link:
        out.symlink_to(flat)
    finished = await run("config", "migrate", str(flat), "-o", str(out), "--force")
    assert (finished.code, flat.read_text()) == (2, FLAT)
    assert "stays as it is" in finished.err


async def test_the_new_form_can_be_printed(flat: Path, run: Run) -> None:
    finished = await run("config", "migrate", str(flat), "-o", "-")
    assert yaml.safe_load(finished.out)["providers"][0]["api_key"] == CANARY
    assert [path.name for path in flat.parent.iterdir()] == ["flat.json"]
    assert CANARY not in finished.err


async def test_the_users_own_place_needs_no_option(flat: Path, run: Run) -> None:
    own = user_paths().config_file
    finished = await run("config", "migrate", str(flat), "-o", str(own))
    assert (finished.code, own.exists(), "--config" in finished.err) == (0, True, False)
    assert "claude" in (await run("providers")).out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("providers: []\n", "holds no flat settings"),
        ("model: m\nmodle: n\n", ":2: modle: unknown key; did you mean 'model'?"),
        ("model: m\ntemperature: 9\n", ":2: temperature: should be less than or equal to 2"),
        ("model: [\n", "not valid YAML"),
    ],
)
async def test_what_cannot_be_migrated_is_explained(tmp_path: Path, run: Run, text: str, words: str) -> None:
    path = tmp_path / "flat.json"
    path.write_text(text)
    finished = await run("config", "migrate", str(path))
    assert (finished.code, words in finished.err) == (2, True)
    assert [one.name for one in tmp_path.iterdir()] == ["flat.json"]


async def test_an_unknown_kind_is_told(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "flat.json"
    path.write_text('{"provider": "nonsense"}')
    assert "nonsense: unknown kind 'nonsense'; known: " in (await run("config", "migrate", str(path))).err


async def test_flat_settings_work_wherever_settings_are_read(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "flat.json"
    path.write_text('{"provider": "scripted", "system_prompt": "Be brief."}')
    finished = await run("--config", str(path), "ask", "hello")
    assert (finished.code, finished.err) == (0, "")
    assert "hello" in finished.out
    assert "1 provider(s), no errors" in (await run("--config", str(path), "config", "check")).out
