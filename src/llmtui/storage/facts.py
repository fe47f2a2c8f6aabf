"""What the database says of itself, read without changing it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from llmtui.storage import requests, schema
from llmtui.storage.failures import translated

PATIENCE_S = 2.0


def used_hosts(path: Path) -> frozenset[str]:
    """Every host that a request of the ledger went to; none where no ledger can be read."""
    try:
        with closing(_open(path)) as connection:
            return requests.hosts(connection)
    except (sqlite3.Error, OSError):
        return frozenset()


def condition(path: Path) -> str:
    """The version and what a quick check finds; raises StorageError where the file cannot be read."""
    with translated(path), closing(_open(path)) as connection:
        version = schema.version(connection)
        [(verdict,)] = connection.execute("PRAGMA quick_check(1)")
    found = "intact" if verdict == "ok" else f"damaged: {verdict}"
    return f"{found}, version {version} of {len(schema.MIGRATIONS)}"


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=PATIENCE_S)
    connection.row_factory = sqlite3.Row
    return connection
