"""The journal: what a streaming reply has brought so far, appended and never rewritten."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from llmtui.core.conversation import Part, ReasoningPart, TextPart
from llmtui.core.history import JournalEntry

_PARTS: Mapping[str, type[TextPart] | type[ReasoningPart]] = {"text": TextPart, "reasoning": ReasoningPart}


def append(connection: sqlite3.Connection, message: int, entries: Sequence[JournalEntry]) -> None:
    """Add entries to the journal of the message with this ordinal."""
    connection.executemany(
        "INSERT INTO journal (message, kind, text) VALUES (?, ?, ?)",
        [(message, entry.kind, entry.text) for entry in entries],
    )


def entries(connection: sqlite3.Connection, message: int) -> list[JournalEntry]:
    """All that was appended, in order."""
    rows = connection.execute("SELECT kind, text FROM journal WHERE message = ? ORDER BY seq", (message,))
    return [JournalEntry(row["kind"], row["text"]) for row in rows]


def clear(connection: sqlite3.Connection, message: int) -> None:
    """Forget the journal of a reply that has ended."""
    connection.execute("DELETE FROM journal WHERE message = ?", (message,))


def fold(parts: Sequence[Part], entries: Iterable[JournalEntry]) -> tuple[Part, ...]:
    """The parts that a reply began with, and then what came; neighbours of one kind become one part."""
    folded = list(parts)
    for kind, group in groupby(entries, key=lambda entry: entry.kind):
        text = "".join(entry.text for entry in group)
        match folded[-1:], _PARTS[kind](text):
            case [TextPart(before)], TextPart():
                folded[-1] = TextPart(before + text)
            case _, part:
                folded.append(part)
    return tuple(folded)
