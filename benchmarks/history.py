"""Conversations of any length, written by the storage layer."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from benchmarks.replies import document
from llmtui.core.conversation import Message, Role, TextPart
from llmtui.core.history import Conversation, StoredMessage, Target, new_id, now
from llmtui.storage import chats, messages
from llmtui.storage.database import open_database, transaction
from llmtui.storage.locks import Instance

LAST = "LASTWORD"
"""Stands at the end of the last message, and nowhere else."""
ANSWER_TOKENS = 200


def said(length: int) -> Iterator[tuple[str, str]]:
    """Role and text of so many messages, half of them answers of 200 tokens."""
    for number in range(length):
        end = LAST if number == length - 1 else f"said {number}"
        if number % 2:
            yield "assistant", "".join(document("mixed", ANSWER_TOKENS, end, number))
        else:
            yield "user", f"question {number}"


def fill(home: Path, length: int) -> None:
    """Write a conversation of so many messages into llmtui's home."""
    path = home / "data" / "llmtui" / "llmtui.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    instance = Instance(path)
    connection = open_database(path, instance).connection
    started = now() - timedelta(days=1)
    conversation = Conversation(new_id(), "a long chat", started, started, Target("bench", "bench"))
    parent: str | None = None
    with transaction(connection):
        chats.save(connection, conversation)
        for number, (role, text) in enumerate(said(length)):
            message = Message(Role(role), (TextPart(text),))
            at = started + timedelta(seconds=number)
            stored = StoredMessage(new_id(), conversation.id, parent, message, created_at=at)
            messages.add(connection, stored)
            parent = stored.id
    connection.close()
    instance.leave(clean=True)
