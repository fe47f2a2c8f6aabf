"""Messages at their places in a conversation's tree."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from llmtui.core.conversation import Message, Part, Role
from llmtui.core.errors import StorageError
from llmtui.core.history import MessageState, RequestRecord, StoredMessage
from llmtui.storage import journal, requests, search
from llmtui.storage.codec import Row, decode, encode, time_text, time_value

_INSERT = """
INSERT INTO messages (id, conversation_id, parent_id, role, state, created_at, continues_id, seam, instance)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING ordinal
"""
_NEWEST_BELOW = """
WITH RECURSIVE below (id) AS (
    SELECT ? UNION SELECT messages.id FROM below JOIN messages ON parent_id = below.id
)
SELECT id FROM messages WHERE id IN below ORDER BY ordinal DESC LIMIT 1
"""
# The newest two thousand say enough, however often some of them are repeated.
_PROMPTS = """
SELECT (
    SELECT group_concat(text, '') FROM (
        SELECT text FROM parts WHERE message = messages.ordinal AND kind = 'text' ORDER BY position
    )
) AS text
FROM (
    SELECT ordinal, conversation_id FROM messages WHERE role = 'user' ORDER BY ordinal DESC LIMIT 2000
) AS messages JOIN conversations ON conversations.id = conversation_id
WHERE deleted_at IS NULL ORDER BY messages.ordinal DESC
"""
_PARTS = """
SELECT parts.* FROM json_each(?) AS wanted JOIN parts ON message = wanted.value ORDER BY message, position
"""
_REQUESTS = """
SELECT requests.* FROM json_each(?) AS wanted JOIN requests ON message_id = wanted.value
ORDER BY requests.ordinal
"""
_SHOWN_LEAF = """
SELECT messages.id FROM conversations JOIN messages ON messages.id = leaf_id
WHERE conversations.id = ? AND conversation_id = conversations.id
"""
_NEWEST = "SELECT id FROM messages WHERE conversation_id = ? ORDER BY ordinal DESC LIMIT 1"
# From the leaf upwards. UNION ends the walk even in a damaged tree that runs in a circle.
_CHAIN = """
WITH RECURSIVE chain AS (
    SELECT * FROM messages WHERE id = ?1 AND conversation_id = ?2
    UNION
    SELECT messages.* FROM chain JOIN messages ON messages.id = chain.parent_id
    WHERE messages.conversation_id = ?2 LIMIT ?3
)
SELECT * FROM chain
"""
# CROSS JOIN and the unary plus choose the index: children by their parent, the roots by their conversation.
_SIBLINGS = """
SELECT messages.id, parent_id, role, ordinal
FROM json_each(?1) AS parents CROSS JOIN messages ON parent_id = parents.value WHERE +conversation_id = ?2
UNION ALL
SELECT id, parent_id, role, ordinal FROM messages
WHERE conversation_id = ?2 AND +parent_id IS NULL AND ?3
ORDER BY ordinal
"""


def add(connection: sqlite3.Connection, message: StoredMessage, instance: str | None = None) -> None:
    """Insert a message and make it its conversation's leaf; `instance` streams it, if anyone does.

    A conversation that could not be saved before is made here: the message counts for more than its title.
    """
    created = time_text(message.created_at)
    connection.execute(
        "INSERT INTO conversations (id, created_at, updated_at) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
        (message.conversation_id, created, created),
    )
    [(ordinal,)] = connection.execute(
        _INSERT,
        (
            *(message.id, message.conversation_id, message.parent_id, message.message.role, message.state),
            *(created, message.continues_id, message.seam, instance),
        ),
    )
    _write_parts(connection, ordinal, message.message.parts)
    connection.execute(
        "UPDATE conversations SET leaf_id = ?, updated_at = max(updated_at, ?) WHERE id = ?",
        (message.id, created, message.conversation_id),
    )
    if message.state is not MessageState.STREAMING:
        search.add(connection, ordinal)


def finish(
    connection: sqlite3.Connection, message_id: str, parts: Sequence[Part], state: MessageState
) -> None:
    """Give a message its final parts and its state."""
    row = _find(connection, message_id)
    ordinal = row["ordinal"]
    if row["state"] != MessageState.STREAMING:
        search.remove(connection, ordinal)
    journal.clear(connection, ordinal)
    connection.execute("DELETE FROM parts WHERE message = ?", (ordinal,))
    _write_parts(connection, ordinal, parts)
    connection.execute("UPDATE messages SET state = ?, instance = NULL WHERE ordinal = ?", (state, ordinal))
    search.add(connection, ordinal)


def streaming_ordinal(connection: sqlite3.Connection, message_id: str) -> int | None:
    """The ordinal of a message that streams; None when it has ended."""
    row = _find(connection, message_id)
    return int(row["ordinal"]) if row["state"] == MessageState.STREAMING else None


def branch(
    connection: sqlite3.Connection, conversation_id: str, leaf_id: str | None, limit: int | None = None
) -> list[StoredMessage]:
    """The last `limit` messages (None: all) on the way from the root to the leaf.

    One that streams has what its journal holds. What is read grows with the messages that are asked for, not
    with the conversation.
    """
    leaf_id = leaf_id or _shown_leaf(connection, conversation_id)
    most = -1 if limit is None else limit
    chain = connection.execute(_CHAIN, (leaf_id, conversation_id, most)).fetchall()[::-1]
    parts = parts_of(connection, [row["ordinal"] for row in chain])
    records = _records(connection, [row["id"] for row in chain])
    siblings = _siblings(connection, conversation_id, chain)
    return [
        _stored(
            row,
            _with_journal(connection, row, parts.get(row["ordinal"], ())),
            records.get(row["id"]),
            tuple(siblings[row["parent_id"], row["role"]]),
        )
        for row in chain
    ]


def newest_leaf(connection: sqlite3.Connection, message_id: str) -> str:
    """The newest message below a message, itself when there is none: it must be a leaf."""
    row = connection.execute(_NEWEST_BELOW, (message_id,)).fetchone()
    return str(row["id"]) if row else message_id


def prompts(connection: sqlite3.Connection, limit: int) -> list[str]:
    """The texts of the user's messages, newest first, each once."""
    rows = connection.execute(_PROMPTS)
    found: dict[str, None] = {}
    for row in rows:
        if len(found) >= limit:
            break
        if row["text"]:
            found.setdefault(row["text"])
    return list(found)


def parts_of(connection: sqlite3.Connection, ordinals: Sequence[int]) -> dict[int, tuple[Part, ...]]:
    """The stored parts of the messages with these ordinals."""
    rows = connection.execute(_PARTS, (json.dumps(ordinals),))
    parts: defaultdict[int, list[Part]] = defaultdict(list)
    for row in rows:
        parts[row["message"]].append(decode(row))
    return {ordinal: tuple(found) for ordinal, found in parts.items()}


def _find(connection: sqlite3.Connection, message_id: str) -> Row:
    row: Row | None = connection.execute(
        "SELECT ordinal, state FROM messages WHERE id = ?", (message_id,)
    ).fetchone()
    if row is None:
        raise StorageError("the reply could not be recorded when it began")
    return row


def _write_parts(connection: sqlite3.Connection, ordinal: int, parts: Iterable[Part]) -> None:
    connection.executemany(
        "INSERT INTO parts (message, position, kind, text, meta, data) VALUES (?, ?, ?, ?, ?, ?)",
        [(ordinal, position, *encode(part)) for position, part in enumerate(parts)],
    )


def _shown_leaf(connection: sqlite3.Connection, conversation_id: str) -> str | None:
    """The leaf that the conversation names, else (it could not be recorded) its newest message."""
    for query in (_SHOWN_LEAF, _NEWEST):
        if row := connection.execute(query, (conversation_id,)).fetchone():
            return str(row["id"])
    return None


def _siblings(
    connection: sqlite3.Connection, conversation_id: str, chain: Sequence[Row]
) -> Mapping[tuple[str | None, str], list[str]]:
    parents = [row["parent_id"] for row in chain]
    known = json.dumps([parent for parent in parents if parent is not None])
    siblings: defaultdict[tuple[str | None, str], list[str]] = defaultdict(list)
    for row in connection.execute(_SIBLINGS, (known, conversation_id, None in parents)):
        siblings[row["parent_id"], row["role"]].append(row["id"])
    return siblings


def _records(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, RequestRecord]:
    return requests.by_message(connection.execute(_REQUESTS, (json.dumps(ids),)))


def _with_journal(connection: sqlite3.Connection, row: Row, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    if row["state"] != MessageState.STREAMING:
        return parts
    return journal.fold(parts, journal.entries(connection, row["ordinal"]))


def _stored(
    row: Row, parts: tuple[Part, ...], request: RequestRecord | None, siblings: tuple[str, ...]
) -> StoredMessage:
    return StoredMessage(
        id=row["id"],
        conversation_id=row["conversation_id"],
        parent_id=row["parent_id"],
        message=Message(Role(row["role"]), parts),
        state=MessageState(row["state"]),
        created_at=time_value(row["created_at"]),
        continues_id=row["continues_id"],
        seam=row["seam"],
        request=request,
        siblings=siblings,
    )
