"""`llmtui models pull`, `push` and `create`: followed to their end."""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path

from llmtui.cli.admin import shelf_of
from llmtui.cli.console import say
from llmtui.cli.transfer_output import TransferOutput, output_for
from llmtui.core.errors import ConfigError, LlmtuiError
from llmtui.core.model_admin import ModelAdmin, TransferStep
from llmtui.core.transfer import Transfer

LOOK_S = 0.25
"""How often is looked at what has come: a server writes many lines a second, or none for a minute."""
_STOPPED: Mapping[str, str] = {
    "pull": "stop requested; what is there stays, pull again to resume",
    "push": "stop requested; what was sent stays, push again to resume",
    "create": "stop requested; create again to go on",
}
_DONE: Mapping[str, str] = {"pull": "is there", "push": "is in the registry", "create": "was made"}
STDIN = "-"


def run(arguments: argparse.Namespace) -> int:
    """Follow the transfer; raises LlmtuiError."""
    modelfile, folder = _modelfile(arguments) if arguments.action == "create" else ("", None)
    try:
        asyncio.run(_run(arguments, modelfile, folder))
    except KeyboardInterrupt:
        say(_STOPPED[arguments.action])
        raise
    return 0


async def _run(arguments: argparse.Namespace, modelfile: str, folder: Path | None) -> None:
    async with shelf_of(arguments) as shelf:
        await follow(_steps(shelf.managed, arguments, modelfile, folder), output_for(arguments))
    if not arguments.json and not getattr(arguments, "quiet", False):
        say(f"{arguments.model} {_DONE[arguments.action]}")


def _steps(
    admin: ModelAdmin, arguments: argparse.Namespace, modelfile: str, folder: Path | None
) -> AsyncGenerator[TransferStep, None]:
    match arguments.action:
        case "pull":
            return admin.pull(arguments.model)
        case "push":
            return admin.push(arguments.model)
        case _:
            return admin.create(arguments.model, modelfile, folder)


async def follow(steps: AsyncGenerator[TransferStep, None], output: TransferOutput) -> None:
    """Fold and show the steps to their end; raises LlmtuiError, and closes the steps in every case."""
    transfer = Transfer(time.monotonic())
    error: LlmtuiError | None = None
    folding = asyncio.ensure_future(_fold(steps, transfer))
    with output:
        try:
            while not (await asyncio.wait([folding], timeout=LOOK_S))[0]:
                output.show(transfer.progress(time.monotonic()))
            await folding
        except LlmtuiError as problem:
            error = problem
        except asyncio.CancelledError:
            transfer.ask_to_stop()
            raise
        finally:
            folding.cancel()
            await asyncio.gather(folding, return_exceptions=True)
            transfer.close(time.monotonic(), error)
            output.show(transfer.progress(time.monotonic()))
    if transfer.error is not None:
        raise transfer.error


async def _fold(steps: AsyncGenerator[TransferStep, None], transfer: Transfer) -> None:
    async with aclosing(steps):
        async for step in steps:
            transfer.take(step, time.monotonic())


def _modelfile(arguments: argparse.Namespace) -> tuple[str, Path | None]:
    """The text of the Modelfile, and where its relative paths lead from."""
    if arguments.file == STDIN:
        return sys.stdin.read(), None
    path = Path(arguments.file)
    try:
        return path.read_text("utf-8"), path.parent
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        problem = ConfigError(f"cannot read {path}: {reason}")
        problem.hint = "name the Modelfile with -f; `-` reads standard input"
        raise problem from None
