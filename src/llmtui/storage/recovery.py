"""Replies whose process died while they streamed."""

import sqlite3
from collections.abc import Set as AbstractSet

from llmtui.core.history import MessageState
from llmtui.storage import journal, messages, requests


def recover(connection: sqlite3.Connection, alive: AbstractSet[str]) -> list[str]:
    """End the replies that no living process streams as interrupted, with what their journals hold.

    Returns their ids.
    """
    rows = connection.execute(
        "SELECT ordinal, id, instance FROM messages WHERE state = 'streaming' ORDER BY ordinal"
    ).fetchall()
    orphans = [row for row in rows if row["instance"] not in alive]
    for row in orphans:
        begun = messages.parts_of(connection, [row["ordinal"]]).get(row["ordinal"], ())
        parts = journal.fold(begun, journal.entries(connection, row["ordinal"]))
        messages.finish(connection, row["id"], parts, MessageState.INTERRUPTED)
        requests.interrupt(connection, row["id"])
    return [row["id"] for row in orphans]
