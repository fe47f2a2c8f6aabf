import asyncio
from collections.abc import Sequence

import pytest

from llmtui.core.history import JournalEntry
from llmtui.services import journal as module
from llmtui.services.journal import Journal


async def test_what_arrives_is_written_soon_and_joined_by_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FLUSH_AFTER_S", 0.01)
    written: list[JournalEntry] = []
    done = asyncio.Event()

    async def write(entries: Sequence[JournalEntry]) -> None:
        written.extend(entries)
        done.set()

    journal = Journal(write)
    for kind, text in (("reasoning", "h"), ("reasoning", "m"), ("text", "Pa"), ("text", "ris")):
        journal.add(kind, text)
    await done.wait()
    await journal.close()
    assert written == [JournalEntry("reasoning", "hm"), JournalEntry("text", "Paris")]


async def test_a_stream_that_stalls_after_one_piece_is_still_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FLUSH_AFTER_S", 0.01)
    writes: asyncio.Queue[Sequence[JournalEntry]] = asyncio.Queue()
    journal = Journal(writes.put)
    journal.add("text", "one")
    assert await writes.get() == [JournalEntry("text", "one")]
    journal.add("text", "two")
    assert await writes.get() == [JournalEntry("text", "two")]
    await journal.close()


def test_the_journal_is_never_more_than_a_second_behind() -> None:
    assert module.FLUSH_AFTER_S < 1
