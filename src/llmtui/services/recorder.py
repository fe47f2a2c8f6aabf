"""The store, made forgiving and discreet: a full disk ends no chat, and a private chat never reaches it."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from llmtui.core.errors import StorageError
from llmtui.core.history import StoreReport
from llmtui.core.logs import logfmt
from llmtui.core.ports import ConversationStore
from llmtui.services.private import IN_MEMORY, PrivateStore

T = TypeVar("T")
_log = logging.getLogger(__name__)
REOPEN_AFTER_S = 5.0
"""How long a database that could not be opened is left alone."""


class Recorder:
    """Runs writes against the store; a failure is remembered as `problem` and the chat goes on unrecorded."""

    def __init__(self, store: ConversationStore) -> None:
        self.store = PrivateStore(store)
        self.problem = ""
        """Why nothing is recorded now; empty when all is well."""
        self.on_change: Callable[[], None] = lambda: None
        """Called when `problem` changes."""
        self._asked = asyncio.Event()
        """Set once `open` has returned: what comes earlier waits for it."""
        self._is_open = False
        self._tried_s = time.monotonic()

    async def open(self) -> StoreReport:
        """Open the store and remember its problem; a later write tries again."""
        self._tried_s = time.monotonic()
        try:
            report = await self.store.open()
        finally:
            self._asked.set()
        self._is_open = not report.problem
        if report.set_aside:
            _log.error(logfmt("database was damaged", set_aside=report.set_aside))
        if report.recovered:
            _log.warning(logfmt("interrupted replies recovered", count=len(report.recovered)))
        self._note(report.problem)
        return report

    async def write(self, operation: Awaitable[None]) -> bool:
        """Await a write; False when it failed."""
        if operation is IN_MEMORY:
            return True
        await self._asked.wait()
        if not self._is_open and time.monotonic() - self._tried_s > REOPEN_AFTER_S:
            await self.open()
        try:
            await operation
        except StorageError as error:
            self._note(str(error))
            return False
        self._note("")
        return True

    async def read(self, operation: Awaitable[T], default: T) -> T:
        """Await a read; `default` when it failed."""
        await self._asked.wait()
        try:
            return await operation
        except StorageError as error:
            self._note(str(error))
            return default

    def _note(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            if problem:
                _log.error(logfmt("not recorded", problem=problem))
            else:
                _log.info("recorded again")
            self.on_change()
