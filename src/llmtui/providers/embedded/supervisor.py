"""Starts, watches and ends the child process that serves the model."""

import asyncio
import json
import logging
import secrets
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from llmtui.core.errors import ProviderError, ServerError
from llmtui.core.text import sanitise_line
from llmtui.providers.embedded.childlog import ChildLog
from llmtui.providers.embedded.idleness import Idleness

_log = logging.getLogger(__name__)

# Not `-I`: the library may be where only the user's site folder or PYTHONPATH leads.
CHILD_COMMAND = (sys.executable, "-P", str(Path(__file__).with_name("child.py")))
TERMINATE_CLOCK_S = 2.0
EXIT_CLOCK_S = 1.0
"""How long a crashed child may take to end after its connections broke."""


class ModelCrashed(ServerError):
    """The process of the embedded model ended by itself; the next request starts it anew."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the child is to serve."""

    model_path: str
    model: str
    n_ctx: int
    parallel: int = 1
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the child listens, and the key that it wants."""

    address: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Child:
    process: Process
    endpoint: Endpoint


class Supervisor:
    """Owns at most one child; it starts when its endpoint is first asked for, and again after its end.

    `order` is asked at each start what to serve, and raises ProviderError when there is nothing. The child
    is ended when nobody has been `in_use` for `unload_after_s` seconds; None keeps it.
    """

    def __init__(
        self,
        order: Callable[[], Order],
        log_path: Path,
        command: Sequence[str] = CHILD_COMMAND,
        *,
        unload_after_s: float | None = None,
    ) -> None:
        self._order = order
        self._log = ChildLog(log_path)
        self._command = command
        self._child: _Child | None = None
        self._lock = asyncio.Lock()
        self._unload_after_s = unload_after_s
        self._idleness = Idleness(unload_after_s, self._begin_unloading)
        self._unloading: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the child, while it lives with its model loaded."""
        child = self._child
        return child.process.pid if child and child.process.returncode is None else None

    @property
    def running(self) -> bool:
        """Whether a request would find the model loaded."""
        return self.pid is not None

    def in_use(self) -> AbstractContextManager[None]:
        """Keep the child for as long as a request lasts."""
        return self._idleness.in_use()

    async def endpoint(self) -> Endpoint:
        """Where to ask, starting the child when none is running; raises ProviderError when it cannot."""
        async with self._lock:
            if self._child is None or not self.running:
                self._child = await self._start()
            return self._child.endpoint

    async def load(self, unload_after_s: float | None) -> None:
        """Start the child when none is running; it ends after so long without a request, None keeps it."""
        self._idleness.after_s = unload_after_s
        with self.in_use():
            await self.endpoint()

    async def load_as_usual(self) -> None:
        """Start the child when none is running."""
        await self.load(self._unload_after_s)

    async def unload(self) -> bool:
        """End the child; False when a request is using it."""
        async with self._lock:
            if self._idleness.used:
                return False
            self._idleness.forget()
            await self._end_child()
            return True

    async def crash(self) -> ModelCrashed | None:
        """The crash behind a broken connection, or None when the child lives."""
        child = self._child
        if child is None:
            return None
        with suppress(TimeoutError):
            async with asyncio.timeout(EXIT_CLOCK_S):
                await child.process.wait()
        crashed = child.process.returncode is not None
        return self._crashed(child.process, "ended unexpectedly") if crashed else None

    async def aclose(self) -> None:
        """End the child."""
        self._idleness.forget()
        async with self._lock:
            await self._end_child()

    def _begin_unloading(self) -> None:
        self._unloading = asyncio.create_task(self._unload())

    async def _unload(self) -> None:
        """End the child, unless a request came meanwhile; one that comes later waits and starts another."""
        async with self._lock:
            if self.running and not self._idleness.used:
                _log.info("embedded model unloaded after idling")
                await self._end_child()

    async def _end_child(self) -> None:
        child, self._child = self._child, None
        self._idleness.after_s = self._unload_after_s
        if child is not None:
            await _end(child.process)

    async def _start(self) -> _Child:
        order = self._order()
        with self._log.open(f"loading {order.model_path}") as log:
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=PIPE, stdout=PIPE, stderr=log, start_new_session=True
            )
        try:
            key = secrets.token_urlsafe(32)
            report = await _exchange(process, asdict(order) | {"key": key})
            if address := report.get("ready"):
                return _Child(process, Endpoint(address, key))
            raise await self._not_started(process, order, report.get("failed"))
        except BaseException:
            await _end(process)
            raise

    async def _not_started(self, process: Process, order: Order, words: str | None) -> ProviderError:
        if words is None:
            await process.wait()
            return self._crashed(process, "ended while it loaded the model")
        return ProviderError(
            sanitise_line(f"cannot load {order.model_path}: {self._log.load_error() or words}"),
            hint=f"pull the model again, or set model_path to another GGUF file; its log: {self._log.path}",
        )

    def _crashed(self, process: Process, when: str) -> ModelCrashed:
        message = f"the embedded model's process {when} ({_exit_words(process.returncode)})"
        return ModelCrashed(message, hint=f"retry, it starts anew; its log: {self._log.path}")


async def _exchange(process: Process, order: dict[str, object]) -> dict[str, str]:
    """Hand over the order; the child's report, empty when it ended without one."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(order).encode() + b"\n")
    # A child that is gone already has closed its end; its exit tells more than this write.
    with suppress(ConnectionError):
        await process.stdin.drain()
    line = await process.stdout.readline()
    try:
        return dict(json.loads(line))
    except ValueError:
        return {}


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(TERMINATE_CLOCK_S):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _exit_words(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {-code}: {signal.strsignal(-code)}"
    return f"exit status {code}"
