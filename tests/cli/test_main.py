import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from llmtui import __version__
from llmtui.cli.main import COMMANDS
from llmtui.config.paths import user_paths
from tests.cli.commands import Run

Config = Callable[[str], str]


async def test_the_version_is_printed(run: Run) -> None:
    finished = await run("--version")
    assert (finished.code, finished.out, finished.err) == (0, f"llmtui {__version__}\n", "")


async def test_help_lists_every_command(run: Run) -> None:
    finished = await run("--help")
    assert finished.code == 0
    assert all(f"  {name} " in finished.out for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
async def test_every_command_explains_itself(run: Run, command: str) -> None:
    finished = await run(command, "--help")
    assert (finished.code, finished.err) == (0, "")
    assert f"usage: llmtui {command}" in finished.out
    assert COMMANDS[command] in finished.out


@pytest.mark.parametrize("arguments", [["nope"], ["--nope"], ["ask", "--nope", "x"], ["models"]])
async def test_wrong_usage_is_explained(run: Run, arguments: list[str]) -> None:
    finished = await run(*arguments)
    assert (finished.code, finished.out) == (2, "")
    assert "usage: llmtui" in finished.err


async def test_without_a_terminal_the_screen_does_not_start(run: Run) -> None:
    finished = await run()
    assert (finished.code, finished.out) == (2, "")
    assert "needs a terminal" in finished.err


@pytest.mark.parametrize("arguments", [["ask", "x"], ["providers"], ["models", "list"], ["config", "check"]])
async def test_every_command_refuses_a_broken_file_and_leaves_it(
    config: Config, run: Run, arguments: list[str]
) -> None:
    text = "theme: [\n"
    path = config(text)
    finished = await run("--config", path, *arguments)
    assert (finished.code, finished.out) == (2, "")
    assert finished.err.startswith(f"llmtui: {path}:2: not valid YAML")
    assert await asyncio.to_thread(Path(path).read_text) == text


async def test_the_users_own_file_is_read(run: Run) -> None:
    path = user_paths().config_file
    path.parent.mkdir(parents=True)
    path.write_text("providers: [{id: mine, kind: scripted}]\n")
    assert "mine" in (await run("providers")).out
