"""One thread that owns one connection, so that nothing waits for the disk but it."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from llmtui.core.errors import StorageError
from llmtui.storage.failures import is_damage, translated

T = TypeVar("T")


class Worker:
    """Runs jobs one after the other; all that they raise is StorageError.

    A job that was handed in runs to its end, even when the caller is cancelled.
    """

    def __init__(self, name: str, path: Path) -> None:
        self.damaged = False
        """Whether the file turned out to be broken."""
        self._name = name
        self._path = path
        self._pool: ThreadPoolExecutor | None = None
        self._connection: sqlite3.Connection | None = None
        self._problem = "the database is not open"

    async def connect(self, connect: Callable[[], tuple[sqlite3.Connection, T]]) -> T:
        """Connect anew; when that fails, every job fails at once for the same reason."""

        def job() -> T:
            self._disconnect()
            try:
                self._connection, found = self._guarded(connect)
            except StorageError as error:
                self._problem = str(error)
                raise
            return found

        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix=self._name)
        return await self.call(job)

    async def run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run a job on the connection."""

        def connected() -> T:
            if self._connection is None:
                raise StorageError(self._problem)
            return job(self._connection)

        return await self.call(connected)

    async def call(self, job: Callable[[], T]) -> T:
        """Run a job that needs no connection."""
        if self._pool is None:
            raise StorageError(self._problem)
        return await asyncio.shield(
            asyncio.get_running_loop().run_in_executor(self._pool, self._guarded, job)
        )

    async def disconnect(self) -> None:
        """Close the connection after all jobs that were handed in."""
        if self._pool is not None:
            await self.call(self._disconnect)

    async def close(self, last: Callable[[], None] = lambda: None) -> None:
        """Disconnect, do a last job, and end the thread."""
        if (pool := self._pool) is None:
            return
        await self.disconnect()
        try:
            await self.call(last)
        finally:
            self._pool = None
            pool.shutdown(wait=False)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._problem = None, "the database is closed"

    def _guarded(self, job: Callable[[], T]) -> T:
        with translated(self._path):
            try:
                return job()
            except sqlite3.Error as error:
                self.damaged = self.damaged or is_damage(error)
                raise
