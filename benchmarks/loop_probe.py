"""How long the loop of a program stands still: runs a module with a task beside it that notices.

python -m benchmarks.loop_probe FILE MODULE [ARGUMENTS]

Every stall of more than 5 ms is written to FILE as a line: when it ended (of `time.monotonic`) and how long
it was, in seconds. A first line of zeros says that the probe runs.
"""

import asyncio
import runpy
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import IO, Any

EVERY_S = 0.005
WORTH_NOTING_S = 0.005


async def watch(file: IO[str]) -> None:
    """Note the stalls of the running loop until cancelled."""
    print(0, 0, file=file, flush=True)
    while True:
        before = time.monotonic()
        await asyncio.sleep(EVERY_S)
        now = time.monotonic()
        if (stall_s := now - before - EVERY_S) > WORTH_NOTING_S:
            print(now, stall_s, file=file, flush=True)


def worst_stall_s(path: Path, since_s: float, until_s: float) -> float:
    """The longest stall that ended in a time; raises ValueError when the probe did not run."""
    lines = [tuple(map(float, line.split())) for line in path.read_text().splitlines()]
    if not lines:
        raise ValueError("the loop was not watched")
    return max((stall_s for at_s, stall_s in lines if since_s <= at_s <= until_s), default=0.0)


def main(path: str, module: str, *arguments: str) -> None:
    """Run the module as if it had been started itself."""
    run = asyncio.run

    def watched(main: Coroutine[Any, Any, Any], **options: Any) -> Any:
        async def both() -> Any:
            task = asyncio.create_task(watch(file))
            try:
                return await main
            finally:
                task.cancel()

        with Path(path).open("w") as file:
            return run(both(), **options)

    asyncio.run = watched
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
