"""`llmtui models pull`, `push` and `create`: followed to their end."""

import argparse
import asyncio
import sys
from collections.abc import Mapping

from llmtui.cli.admin import shelf_of
from llmtui.cli.console import say
from llmtui.cli.transfer_output import TransferOutput, output_for
from llmtui.core.errors import ConfigError
from llmtui.core.model_admin import ModelAction
from llmtui.services.modelfiles import modelfile_of, read_modelfile
from llmtui.services.transfer_job import Modelfile, TransferJob
from llmtui.services.transfers import TransferService

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
    modelfile = _modelfile(arguments.file) if arguments.action == "create" else None
    try:
        asyncio.run(_run(arguments, modelfile))
    except KeyboardInterrupt:
        say(_STOPPED[arguments.action])
        raise
    return 0


async def _run(arguments: argparse.Namespace, modelfile: Modelfile | None) -> None:
    async with shelf_of(arguments) as shelf:
        service = TransferService(shelf.open_admin)
        job = service.request(shelf.info.id, ModelAction(arguments.action), arguments.model, modelfile)
        await follow(service, job, output_for(arguments))
    if not arguments.json and not getattr(arguments, "quiet", False):
        say(f"{arguments.model} {_DONE[arguments.action]}")


async def follow(service: TransferService, job: TransferJob, output: TransferOutput) -> None:
    """Run and show a job to its end; raises LlmtuiError, and leaves no connection behind in any case."""
    running = asyncio.ensure_future(service.run(job))
    # A connection may be lost and back again between two looks.
    service.listen(output.show)
    with output:
        try:
            while not (await asyncio.wait([running], timeout=LOOK_S))[0]:
                output.show(job)
        finally:
            running.cancel()
            [ended] = await asyncio.gather(running, return_exceptions=True)
            output.show(job)
    if problem := job.transfer.error or ended:
        raise problem


def _modelfile(file: str) -> Modelfile:
    """What is on standard input has no folder: relative paths lead from the working one."""
    try:
        if file == STDIN:
            return modelfile_of(sys.stdin.buffer.read() if sys.stdin else b"", "standard input")
        return asyncio.run(read_modelfile(file))
    except ConfigError as problem:
        problem.hint = "name the Modelfile with -f; `-` reads standard input"
        raise
