"""What the list of chats shows."""

import json
import sqlite3

from llmtui.core.history import Conversation, Target, now
from llmtui.storage.codec import Row, time_text, time_value

_SAVE = """
INSERT INTO conversations (id, title, created_at, updated_at, provider, model, leaf_id, draft, queued, agent)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET title = excluded.title, created_at = excluded.created_at,
    updated_at = excluded.updated_at, provider = excluded.provider, model = excluded.model,
    leaf_id = excluded.leaf_id, draft = excluded.draft, queued = excluded.queued,
    agent = excluded.agent
"""


def newest(connection: sqlite3.Connection, limit: int) -> list[Conversation]:
    """The conversations that changed last."""
    rows = connection.execute(
        "SELECT * FROM conversations WHERE deleted_at IS NULL ORDER BY updated_at DESC, ordinal DESC LIMIT ?",
        (limit,),
    )
    return [_conversation(row) for row in rows]


def get(connection: sqlite3.Connection, conversation_id: str) -> Conversation | None:
    """The conversation, unless it is deleted."""
    row = connection.execute(
        "SELECT * FROM conversations WHERE id = ? AND deleted_at IS NULL", (conversation_id,)
    ).fetchone()
    return _conversation(row) if row else None


def save(connection: sqlite3.Connection, conversation: Conversation) -> None:
    """Insert a conversation or replace all that is known of it; a deleted one stays deleted."""
    target = conversation.target
    connection.execute(
        _SAVE,
        (
            *(conversation.id, conversation.title),
            *(time_text(conversation.created_at), time_text(conversation.updated_at)),
            *((target.provider, target.model) if target else (None, None)),
            *(conversation.leaf_id, conversation.draft, json.dumps(conversation.queued), conversation.agent),
        ),
    )


def set_deleted(connection: sqlite3.Connection, conversation_id: str, *, deleted: bool) -> None:
    """Hide a conversation from every list and search, or show it again."""
    connection.execute(
        "UPDATE conversations SET deleted_at = ? WHERE id = ?",
        (time_text(now()) if deleted else None, conversation_id),
    )


def _conversation(row: Row) -> Conversation:
    return Conversation(
        id=row["id"],
        title=row["title"],
        created_at=time_value(row["created_at"]),
        updated_at=time_value(row["updated_at"]),
        target=Target(row["provider"], row["model"]) if row["provider"] is not None else None,
        leaf_id=row["leaf_id"],
        draft=row["draft"],
        queued=tuple(json.loads(row["queued"])),
        agent=row["agent"],
    )
