"""Removing for good what a person has deleted."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from llmtui.core.errors import StorageError
from llmtui.storage import database, files, schema, search
from llmtui.storage.codec import time_text
from llmtui.storage.failures import translated
from llmtui.storage.locks import Instance

# A reply that still streams into a deleted chat ends first.
_DOOMED = """
FROM conversations WHERE deleted_at <= ? AND id NOT IN (
    SELECT conversation_id FROM messages WHERE state = 'streaming'
)
"""
_MESSAGES = f"FROM messages WHERE conversation_id IN (SELECT id {_DOOMED})"


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a purge would remove."""

    chats: int
    messages: int


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge has removed."""

    chats: int
    messages: int
    size_before: int
    size_after: int
    """Bytes of the database with all that SQLite keeps beside it."""
    emptied: bool
    """Whether its log was emptied too; another program that reads can hold that up."""
    copies: Sequence[Path]
    """Earlier copies beside it, which hold what was there when they were made."""


def deleted(path: Path, before: datetime) -> Deleted:
    """The chats that were deleted until then; raises StorageError."""
    with translated(path), closing(database.open_unchanged(path)) as connection:
        return _count(connection, before)


def purge(path: Path, before: datetime) -> Purged:
    """Remove them with their messages, out of the search index too, so that the files no longer hold them.

    The ledger keeps its rows without the words of errors, which can repeat what was asked.

    Raises:
        StorageError: there is no database, it is not ours, not of today's version or damaged; or it is large
            and another llmtui uses it, whose writes would wait too long.
    """
    instance = Instance(path)
    with translated(path):
        database.open_unchanged(path).close()
        with instance.opening():
            instance.enter()
            try:
                return _purge(path, before, instance)
            finally:
                instance.leave(clean=True)


def _purge(path: Path, before: datetime, instance: Instance) -> Purged:
    size = files.size_with_companions(path)
    if size > database.CHECK_ALWAYS_BYTES and instance.others():
        problem = StorageError(
            "another llmtui uses the database, which is large: its writes would wait too long"
        )
        problem.hint = "close the other one first"
        raise problem
    with closing(database.connect(path)) as connection:
        if schema.version(connection) != len(schema.MIGRATIONS):
            raise StorageError(
                "the database is of an older version: start llmtui once, which brings it up to date"
            )
        [(verdict,)] = connection.execute("PRAGMA quick_check(1)")
        if verdict != "ok":
            raise StorageError(f"the database is damaged, so nothing was removed: {verdict}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        with database.transaction(connection):
            found = _count(connection, before)
            _remove(connection, before)
        emptied = _rewrite(connection)
    return Purged(
        found.chats,
        found.messages,
        size,
        files.size_with_companions(path),
        emptied,
        files.copies_beside(path),
    )


def _count(connection: sqlite3.Connection, before: datetime) -> Deleted:
    until = (time_text(before),)
    [(chats,)] = connection.execute(f"SELECT count(*) {_DOOMED}", until)
    [(messages,)] = connection.execute(f"SELECT count(*) {_MESSAGES}", until)
    return Deleted(chats, messages)


def _remove(connection: sqlite3.Connection, before: datetime) -> None:
    until = (time_text(before),)
    rows = connection.execute(f"SELECT ordinal, id {_MESSAGES}", until).fetchall()
    for row in rows:
        search.remove(connection, row["ordinal"])
    connection.executemany(
        "UPDATE requests SET error = '' WHERE message_id = ?", [(row["id"],) for row in rows]
    )
    connection.execute(f"DELETE {_DOOMED}", until)


def _rewrite(connection: sqlite3.Connection) -> bool:
    """Write index and file anew without what is gone, and empty the log; False when that was held up."""
    for index in ("message_index", "title_index"):
        connection.execute(f"INSERT INTO {index} ({index}) VALUES ('optimize')")
    connection.execute("VACUUM")
    [(busy, _, _)] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return not busy
