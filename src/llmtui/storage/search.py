"""Full-text search over messages and titles."""

import re
import sqlite3

from llmtui.core.history import SearchHit
from llmtui.storage.codec import Row, time_value

_TERM = re.compile(r'"([^"]*)"|([^\s"]+)')
_EXCERPT_TOKENS = 24

_IN_TITLES = """
SELECT conversations.id AS conversation_id, coalesce(leaf_id, '') AS message_id, conversations.title,
    highlight(title_index, 0, char(2), char(3)) AS excerpt, updated_at AS at
FROM title_index JOIN conversations ON conversations.ordinal = title_index.rowid
WHERE title_index MATCH ? AND deleted_at IS NULL ORDER BY rank, updated_at DESC LIMIT ?
"""
_IN_MESSAGES = f"""
SELECT conversation_id, messages.id AS message_id, conversations.title,
    snippet(message_index, 0, char(2), char(3), '…', {_EXCERPT_TOKENS}) AS excerpt, messages.created_at AS at
FROM message_index
JOIN messages ON messages.ordinal = message_index.rowid
JOIN conversations ON conversations.id = conversation_id
WHERE message_index MATCH ? AND deleted_at IS NULL ORDER BY rank, messages.ordinal DESC LIMIT ?
"""


def add(connection: sqlite3.Connection, ordinal: int) -> None:
    """Put the message with this ordinal into the index; it must not be there yet."""
    connection.execute(
        "INSERT INTO message_index (rowid, text) SELECT ordinal, text FROM message_texts"
        " WHERE ordinal = ? AND text IS NOT NULL",
        (ordinal,),
    )


def remove(connection: sqlite3.Connection, ordinal: int) -> None:
    """Take a message out of the index; its parts must still be those that were added."""
    connection.execute(
        "INSERT INTO message_index (message_index, rowid, text)"
        " SELECT 'delete', ordinal, text FROM message_texts WHERE ordinal = ? AND text IS NOT NULL",
        (ordinal,),
    )


def query_of(text: str) -> str:
    """What a person typed, as a query that is always well-formed.

    All words and "quoted phrases" are wanted; the last word also finds what begins with it.
    """
    harmless = text.encode("utf-8", "replace").decode().replace("\0", " ")
    terms = [(phrase or word, bool(word)) for phrase, word in _TERM.findall(harmless) if phrase or word]
    quoted = [f'"{term}"' for term, _ in terms]
    return " ".join(quoted) + ("*" if terms and terms[-1][1] else "")


def search(connection: sqlite3.Connection, text: str, limit: int) -> list[SearchHit]:
    """The chats with a matching title, then the matching messages, best first."""
    query = query_of(text)
    if not query:
        return []
    hits = [_hit(row) for row in connection.execute(_IN_TITLES, (query, limit))]
    hits += [_hit(row) for row in connection.execute(_IN_MESSAGES, (query, limit - len(hits)))]
    return hits


def _hit(row: Row) -> SearchHit:
    return SearchHit(
        row["conversation_id"], row["message_id"], row["title"], row["excerpt"], time_value(row["at"])
    )
