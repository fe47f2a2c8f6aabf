import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from llmtui.cli.pull import pull_embedded
from llmtui.config.paths import user_paths
from llmtui.providers.embedded.weights import WEIGHTS, model_path
from llmtui.testing.wire_server import WireServer
from tests.cli.commands import Run

Config = Callable[[str], str]


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    async with WireServer() as server:
        server.reply("/v1/models", [b'{"data": [{"id": "small"}, {"id": "large"}]}'])
        yield server


@pytest.fixture
def several(config: Config, server: WireServer) -> str:
    return config(
        f"""\
providers:
  - {{id: far, kind: openai_compat, base_url: '{server.url}/v1', model: m}}
  - {{id: keyless, kind: claude, api_key: '${{NOT_SET}}'}}
  - {{id: demo, kind: scripted}}
  - {{id: broken, kind: nonsense}}
  - {{id: gone, kind: scripted, options: {{down: "out of order"}}}}
"""
    )


async def states(run: Run, *arguments: str) -> dict[str, str]:
    """Id -> the last column."""
    finished = await run("providers", *arguments)
    header, *rows = finished.out.splitlines()
    assert (finished.code, finished.err) == (0, "")
    start = header.index("STATE")
    return {row.split()[0]: row[start:] for row in rows}


async def test_providers_are_listed_without_asking_them(several: str, server: WireServer, run: Run) -> None:
    shown = await states(run, "--config", several)
    assert shown.pop("broken").startswith("error: unknown kind 'nonsense'")
    assert shown == {
        "far": "unchecked",
        "keyless": "no key (set NOT_SET)",
        "demo": "unchecked",
        "gone": "unchecked",
    }
    assert server.exchanges == []


async def test_providers_are_asked_when_told(several: str, run: Run) -> None:
    shown = await states(run, "--config", several, "--check")
    assert shown["far"].split()[0] in {"up", "slow"}
    assert (shown["demo"], shown["gone"]) == ("ready", "down: out of order")
    assert shown["keyless"] == "no key (set NOT_SET)"


async def test_providers_as_json(several: str, run: Run) -> None:
    finished = await run("providers", "--json", "--config", several)
    listed = {one["id"]: one for one in json.loads(finished.out)}
    assert (listed["far"]["type"], listed["far"]["state"], listed["far"]["model"]) == (
        "local",
        "unchecked",
        "m",
    )
    assert listed["keyless"]["missing_key"] == "NOT_SET"
    assert "unknown kind" in listed["broken"]["error"]


async def test_without_a_file_the_built_in_providers_are_listed(run: Run) -> None:
    shown = await states(run)
    assert shown["openai"] == "no key (set OPENAI_API_KEY)"
    assert shown["claude"] == "no key (set ANTHROPIC_API_KEY)"
    assert list(shown) == ["openai", "claude", "embedded", "ollama"]


async def test_models_are_listed(several: str, run: Run) -> None:
    finished = await run("models", "list", "-p", "far", "--config", several)
    assert (finished.code, finished.err) == (0, "")
    assert {"small", "large"} <= set(finished.out.split())
    finished = await run("models", "list", "--json", "-p", "demo", "--config", several)
    assert json.loads(finished.out) == [{"id": "echo", "name": "", "detail": ""}]


async def test_models_of_a_provider_that_is_down(several: str, run: Run) -> None:
    finished = await run("models", "list", "-p", "gone", "--config", several)
    assert (finished.code, finished.out) == (10, "")
    assert "out of order" in finished.err


async def test_config_path_is_printed_whether_it_is_there_or_not(config: Config, run: Run) -> None:
    assert (await run("config", "path")).out == f"{user_paths().config_file}\n"
    path = config("")
    assert (await run("--config", path, "config", "path")).out == f"{path}\n"


async def test_config_check_knows_the_options_of_every_kind(config: Config, run: Run) -> None:
    path = config(
        """\
providers:
  - id: a
    kind: scripted
    options:
      tokens_per_s: -1
      nonsense: 1
  - {id: b, kind: openai_compt}
  - {id: c, kind: claude, base_url: "llm.example.com"}
  - {id: d, kind: ollama, base_url: "gpu-box"}
"""
    )
    finished = await run("config", "check", "--config", path)
    assert finished.code == 2
    places = [line.removeprefix("llmtui: ").split(": ")[:2] for line in finished.err.splitlines()]
    assert places == [
        [f"{path}:5", "providers[0].options.tokens_per_s"],
        [f"{path}:6", "providers[0].options.nonsense"],
        [f"{path}:7", "providers[1].kind"],
        [f"{path}:8", "providers[2].base_url"],
    ]
    assert "nonsense: unknown key; known: script, " in finished.err


async def test_config_check_warns_of_keys_and_themes(config: Config, run: Run) -> None:
    path = config("theme: nope\nkeys: {fly: f2}\n")
    finished = await run("config", "check", "--config", path)
    assert finished.code == 0
    assert f"warning: {path}:1: theme: there is no theme 'nope'" in finished.err
    assert f"warning: {path}:2: keys: there is no action 'fly'" in finished.err
    assert "no errors, 2 warning(s)" in finished.out


async def test_config_check_of_the_example(run: Run) -> None:
    example = Path(__file__).parents[2] / "config.example.yaml"
    finished = await run("config", "check", "--config", str(example))
    assert (finished.code, finished.err) == (0, "")


async def test_config_check_without_a_file(run: Run) -> None:
    finished = await run("config", "check")
    assert (finished.code, finished.err) == (0, "")
    assert "no config file" in finished.out


async def test_pull_knows_what_it_pulls(run: Run) -> None:
    finished = await run("models", "pull", "--help")
    assert (finished.code, "embedded" in finished.out) == (0, True)


def test_a_quiet_pull_trusts_a_file_of_the_right_size(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = model_path(tmp_path)
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.truncate(WEIGHTS.size)
    pull_embedded(tmp_path, quiet=True)
    assert capsys.readouterr() == ("", "")


@pytest.mark.slow
def test_a_model_that_is_there_is_not_fetched_again(
    embedded_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = model_path(tmp_path)
    path.parent.mkdir(parents=True)
    path.symlink_to(embedded_weights)
    pull_embedded(tmp_path)
    assert capsys.readouterr().err == f"the embedded model is already there: {path}\n"
