"""A command that a test runs."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeAlias

LIMIT_S = 30


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended."""

    code: int
    out: str
    err: str


class Command:
    """A command that runs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def read_until(self, text: str) -> str:
        """Standard output up to and with a text."""
        assert self.process.stdout is not None
        async with asyncio.timeout(LIMIT_S):
            return (await self.process.stdout.readuntil(text.encode())).decode()

    async def finish(self, stdin: bytes | None = None) -> Finished:
        """Wait for its end."""
        async with asyncio.timeout(LIMIT_S):
            out, err = await self.process.communicate(stdin)
        assert self.process.returncode is not None
        return Finished(self.process.returncode, (out or b"").decode(), (err or b"").decode())

    def interrupt(self) -> None:
        """Press ctrl+c."""
        self.process.send_signal(signal.SIGINT)


Start: TypeAlias = Callable[..., Coroutine[Any, Any, Command]]
Run: TypeAlias = Callable[..., Coroutine[Any, Any, Finished]]
