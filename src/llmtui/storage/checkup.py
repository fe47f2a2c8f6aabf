"""Looking for damage, without changing anything."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from llmtui.storage import database, files, schema
from llmtui.storage.failures import is_damage, translated

_MOST_PROBLEMS = 20
_INDEXES: Mapping[str, str] = {"message_index": "messages", "title_index": "titles"}
_COUNTS: Mapping[str, str] = {
    "chats": "SELECT count(*) FROM conversations WHERE deleted_at IS NULL",
    "deleted chats": "SELECT count(*) FROM conversations WHERE deleted_at IS NOT NULL",
    "messages": "SELECT count(*) FROM messages",
    "requests": "SELECT count(*) FROM requests",
}


@dataclass(frozen=True, slots=True)
class Checkup:
    """What was found; `counts` is empty where the damage is too great to count."""

    size: int
    """Bytes, those of the log that is not yet played into the file included."""
    version: int
    journal_mode: str
    counts: Mapping[str, int]
    problems: Sequence[str]


def check(path: Path) -> Checkup:
    """Check the file, what refers to what, and the search index against the messages.

    All but the journal's mode is read from a copy that is gone afterwards: so nobody is held up, and the
    index can be compared, which SQLite takes for writing.

    Raises:
        StorageError: there is no database, it is not ours, or it cannot be read at all.
    """
    with translated(path), closing(database.open_unchanged(path)) as source:
        [(mode,)] = source.execute("PRAGMA journal_mode")
        version = schema.version(source)
        with closing(sqlite3.connect("", isolation_level=None)) as copy:
            counts, problems = _examine(source, copy)
    return Checkup(files.size_with_companions(path), version, str(mode), counts, problems)


def _examine(source: sqlite3.Connection, copy: sqlite3.Connection) -> tuple[dict[str, int], list[str]]:
    problems: list[str] = []
    try:
        source.backup(copy)
        problems += _integrity(copy)
        problems += _references(copy)
        counts = {name: int(copy.execute(query).fetchone()[0]) for name, query in _COUNTS.items()}
        # A reply that streams is not in the index yet.
        copy.execute("DELETE FROM messages WHERE state = 'streaming'")
        copy.execute("DELETE FROM parts WHERE message NOT IN (SELECT ordinal FROM messages)")
        problems += filter(None, (_index(copy, name) for name in _INDEXES))
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        return {}, problems or [str(error)]
    return counts, problems


def _integrity(copy: sqlite3.Connection) -> Iterator[str]:
    for (verdict,) in copy.execute(f"PRAGMA integrity_check({_MOST_PROBLEMS})"):
        if verdict != "ok":
            yield from str(verdict).splitlines()


def _references(copy: sqlite3.Connection) -> Iterator[str]:
    rows = copy.execute('SELECT "table", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2')
    for table, parent, count in rows:
        yield f"{count} row(s) of {table} refer to {parent} that are not there"


def _index(copy: sqlite3.Connection, name: str) -> str:
    try:
        copy.execute(f"INSERT INTO {name} ({name}, rank) VALUES ('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        return f"the search index does not fit the {_INDEXES[name]}"
    return ""
