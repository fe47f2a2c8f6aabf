"""The ledger: a row for every request."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from llmtui.core.history import RequestRecord, Target
from llmtui.core.usage import Usage
from llmtui.storage.codec import Row, optional_time, time_text, time_value

_TIMES = ("started_at", "first_token_at", "ended_at")
_PLAIN = (
    *("id", "provider", "model", "conversation_id", "message_id", "cost", "price_source", "price_date"),
    *("outcome", "error", "attempts", "finish_reason", "host", "requested"),
)
_USAGE = ("source", "input", "output", "cache_read", "cache_write", "reasoning", "generation_s")
_COLUMNS = (*_PLAIN, *_TIMES, *(f"usage_{name}" for name in _USAGE))
_SAVE = (
    f"INSERT INTO requests ({', '.join(_COLUMNS)}) VALUES ({', '.join(f':{name}' for name in _COLUMNS)}) "
    f"ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _COLUMNS)}"
)
_HOSTS = "SELECT DISTINCT host FROM requests WHERE host != ''"

# The newest thousand say enough, however long the ledger is.
_RECENT = """
SELECT provider, coalesce(nullif(requested, ''), model) AS asked, max(started_at) AS last FROM (
    SELECT * FROM requests ORDER BY started_at DESC LIMIT 1000
) WHERE outcome IN ('complete', 'stopped', 'interrupted') AND asked <> ''
GROUP BY provider, asked ORDER BY last DESC LIMIT ?
"""


def save(connection: sqlite3.Connection, record: RequestRecord) -> None:
    """Insert a row or replace what it says."""
    connection.execute(_SAVE, _values(record))


def interrupt(connection: sqlite3.Connection, message_id: str) -> None:
    """Mark the request of a message whose process is gone; when it ended, nobody knows."""
    connection.execute(
        "UPDATE requests SET outcome = 'interrupted' WHERE message_id = ? AND outcome = 'running'",
        (message_id,),
    )


def recent_targets(connection: sqlite3.Connection, limit: int) -> list[Target]:
    """Who was asked last without an error, each once, by the name that was asked for."""
    return [Target(row["provider"], row["asked"]) for row in connection.execute(_RECENT, (limit,))]


def hosts(connection: sqlite3.Connection) -> frozenset[str]:
    """Every host that a request went to."""
    return frozenset(row["host"] for row in connection.execute(_HOSTS))


def by_message(rows: Iterable[Row]) -> dict[str, RequestRecord]:
    """The newest record of each message; rows come oldest first."""
    return {row["message_id"]: _record(row) for row in rows}


def _values(record: RequestRecord) -> dict[str, Any]:
    usage = {f"usage_{name}": getattr(record.usage, name, None) for name in _USAGE}
    times = {name: time_text(getattr(record, name)) for name in _TIMES}
    return usage | times | {name: getattr(record, name) for name in _PLAIN}


def _record(row: Row) -> RequestRecord:
    # A usage of which nothing is known still has a source.
    usage = Usage(**{name: row[f"usage_{name}"] for name in _USAGE}) if row["usage_source"] else None
    return RequestRecord(
        **{name: row[name] for name in _PLAIN},
        started_at=time_value(row["started_at"]),
        first_token_at=optional_time(row["first_token_at"]),
        ended_at=optional_time(row["ended_at"]),
        usage=usage,
    )
