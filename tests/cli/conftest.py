"""Runs `python -m llmtui` as a person would: in a process of its own."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import Command, Finished, Run, Start


@pytest.fixture
async def start(isolated: Path) -> AsyncIterator[Start]:
    """Start a command, with nothing on standard input unless the test gives it something."""
    running: list[asyncio.subprocess.Process] = []

    async def start_one(*args: str, env: Mapping[str, str] | None = None, **options: Any) -> Command:
        options = {"stdin": asyncio.subprocess.DEVNULL, "stderr": asyncio.subprocess.PIPE} | options
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "llmtui",
            *args,
            stdout=options.pop("stdout", asyncio.subprocess.PIPE),
            env={**os.environ, **(env or {})},
            **options,
        )
        running.append(process)
        return Command(process)

    yield start_one
    for process in running:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@pytest.fixture
def run(start: Start) -> Run:
    """Run a command to its end."""

    async def run_one(*args: str, stdin: bytes | None = None, **options: Any) -> Finished:
        if stdin is not None:
            options["stdin"] = asyncio.subprocess.PIPE
        return await (await start(*args, **options)).finish(stdin)

    return run_one


@pytest.fixture
def config(tmp_path: Path) -> Callable[[str], str]:
    """Write a config file and return its path."""

    def write(text: str) -> str:
        path = tmp_path / "config.yaml"
        path.write_text(text, "utf-8")
        path.chmod(0o600)
        return str(path)

    return write
