"""Keeps a streaming reply on disk, at most a second behind the screen."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from llmtui.core.history import JournalEntry

FLUSH_AFTER_S = 0.5


class Journal:
    """Gathers what arrives and writes it half a second after the first unwritten piece."""

    def __init__(self, write: Callable[[Sequence[JournalEntry]], Awaitable[None]]) -> None:
        self._write = write
        self._pending: list[JournalEntry] = []
        self._flushing: asyncio.Task[None] | None = None

    def add(self, kind: str, text: str) -> None:
        """Note a piece of text or reasoning."""
        self._pending.append(JournalEntry(kind, text))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush_later())

    async def flush(self) -> None:
        """Write everything that is not written yet."""
        pending, self._pending = _joined(self._pending), []
        if pending:
            await self._write(pending)

    async def close(self) -> None:
        """Stop; what is pending is not written, because the final reply replaces the journal."""
        if self._flushing is not None:
            self._flushing.cancel()
            await asyncio.gather(self._flushing, return_exceptions=True)

    async def _flush_later(self) -> None:
        while self._pending:
            await asyncio.sleep(FLUSH_AFTER_S)
            await self.flush()


def _joined(entries: Sequence[JournalEntry]) -> list[JournalEntry]:
    joined: list[JournalEntry] = []
    for entry in entries:
        if joined and joined[-1].kind == entry.kind:
            joined[-1] = JournalEntry(entry.kind, joined[-1].text + entry.text)
        else:
            joined.append(entry)
    return joined
