"""The models that a person marked."""

import sqlite3

from llmtui.core.history import Target, now
from llmtui.storage.codec import time_text


def all_marked(connection: sqlite3.Connection) -> list[Target]:
    """The marked models, in the order in which they were marked."""
    rows = connection.execute("SELECT provider, model FROM favourites ORDER BY added_at, provider, model")
    return [Target(row["provider"], row["model"]) for row in rows]


def mark(connection: sqlite3.Connection, target: Target) -> None:
    """Mark a model; one that is marked keeps its place."""
    connection.execute(
        "INSERT OR IGNORE INTO favourites (provider, model, added_at) VALUES (?, ?, ?)",
        (target.provider, target.model, time_text(now())),
    )


def unmark(connection: sqlite3.Connection, target: Target) -> None:
    """Take the mark away."""
    connection.execute(
        "DELETE FROM favourites WHERE provider = ? AND model = ?", (target.provider, target.model)
    )
