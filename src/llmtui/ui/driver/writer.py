"""Writes to the terminal on a thread, so that a slow one blocks nobody."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread


class Writer(Thread):
    """Writes what it is sent, in order; after the terminal has gone it drops it.

    A daemon: a terminal that takes nothing any more does not keep the program from ending.
    """

    def __init__(self, descriptor: int, on_idle: Callable[[], None]) -> None:
        """Write to `descriptor`; `on_idle` is called on the thread whenever all has been written."""
        super().__init__(name="terminal-writer", daemon=True)
        self._descriptor = descriptor
        self._on_idle = on_idle
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._sent = 0
        self._written = 0
        self._gone = False

    @property
    def is_idle(self) -> bool:
        """Whether all that was sent has been written."""
        return self._sent == self._written

    def send(self, text: str) -> None:
        """Have something written; never waits."""
        data = text.encode("utf-8", "replace")
        self._sent += len(data)
        self._queue.put(data)

    def stop(self, timeout_s: float) -> None:
        """End after what was sent, or after so long."""
        self._queue.put(None)
        self.join(timeout_s)

    def run(self) -> None:
        """Write until told to stop."""
        while (data := self._queue.get()) is not None:
            self._write(data)
            self._written += len(data)
            if self.is_idle:
                self._on_idle()

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest and not self._gone:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [])
            except OSError:
                self._gone = True
