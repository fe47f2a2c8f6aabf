"""Full-text search over messages and titles."""

import re
import sqlite3

from llmtui.core.history import SearchHit
from llmtui.core.text import well_formed
from llmtui.storage.codec import Row, time_value

_TERM = re.compile(r'"([^"]*)"|([^\s"]+)')
_EXCERPT_TOKENS = 24
RANKED_MATCHES = 20_000

_IN_TITLES = """
SELECT conversations.id AS conversation_id, coalesce(leaf_id, '') AS message_id, conversations.title,
    highlight(title_index, 0, char(2), char(3)) AS excerpt, updated_at AS at
FROM title_index JOIN conversations ON conversations.ordinal = title_index.rowid
WHERE title_index MATCH ? AND deleted_at IS NULL ORDER BY rank, updated_at DESC LIMIT ?
"""
# Ranking and cutting excerpts cost time for each match: a word that is everywhere is ranked where it is
# newest, and only what is shown gets an excerpt. The unary plus keeps SQLite from searching again for each.
_IN_MESSAGES = f"""
WITH best AS MATERIALIZED (
    SELECT newest.ordinal, score, conversation_id, messages.id AS message_id, title, messages.created_at AS at
    FROM (
        SELECT rowid AS ordinal, rank AS score FROM message_index
        WHERE message_index MATCH ?1 ORDER BY rowid DESC LIMIT {RANKED_MATCHES}
    ) AS newest
    JOIN messages ON messages.ordinal = newest.ordinal
    JOIN conversations ON conversations.id = conversation_id
    WHERE deleted_at IS NULL ORDER BY score, newest.ordinal DESC LIMIT ?2
)
SELECT best.*, snippet(message_index, 0, char(2), char(3), '…', {_EXCERPT_TOKENS}) AS excerpt
FROM message_index CROSS JOIN best ON best.ordinal = +message_index.rowid
WHERE message_index MATCH ?1 AND message_index.rowid >= (SELECT min(ordinal) FROM best)
ORDER BY score, best.ordinal DESC
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
    harmless = well_formed(text).replace("\0", " ")
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
