"""Opening the database: checked, mended, migrated, and set aside when it is damaged."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

from llmtui.core.errors import StorageError
from llmtui.storage import files, recovery, schema
from llmtui.storage.failures import is_damage
from llmtui.storage.locks import Instance

Connect: TypeAlias = Callable[[Path], sqlite3.Connection]

BUSY_TIMEOUT_S = 5.0
CHECK_ALWAYS_BYTES = 48 * 1024 * 1024
"""Files up to this size are checked at every start, larger ones after an unclean end only."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A database that is ready to be written, and what opening it found."""

    connection: sqlite3.Connection
    recovered: Sequence[str]
    set_aside: Path | None = None


class _Damaged(StorageError):
    """The file is broken, or no database at all."""


def connect(path: Path) -> sqlite3.Connection:
    """Connect without any implicit transaction; waits for other writers.

    A commit is on the disk when it returns: a prompt must be there before it is sent.
    """
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def open_database(
    path: Path,
    instance: Instance,
    *,
    suspect: bool = False,
    connect: Connect = connect,
    migrations: Sequence[str] = schema.MIGRATIONS,
) -> Opened:
    """Make the database ready to be written; `suspect` asks for a check whatever its size.

    Raises:
        StorageError: it is not ours to write, or damaged while another process uses it.
        sqlite3.Error, OSError: it cannot be read or written.
    """
    files.make_private(path)
    with instance.opening():
        instance.enter()
        dead = instance.dead()
        check = suspect or bool(dead) or path.stat().st_size <= CHECK_ALWAYS_BYTES
        prepare = partial(_prepare, path, instance.alive(), connect, migrations)
        try:
            opened = prepare(check=check)
        except _Damaged as error:
            if instance.others():
                raise StorageError("the database is damaged, and another llmtui still uses it") from error
            aside = files.set_aside(path)
            files.make_private(path)
            opened = replace(prepare(check=False), set_aside=aside)
        instance.bury(dead)
    return opened


def open_reader(path: Path, connect: Connect = connect) -> sqlite3.Connection:
    """Connect for reading; raises StorageError when the file is not of today's version."""
    if not path.exists():
        raise StorageError("there is no database")
    connection = connect(path)
    try:
        if schema.version(connection) != len(schema.MIGRATIONS):
            raise StorageError("the database cannot be read")
        connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def open_unchanged(path: Path) -> sqlite3.Connection:
    """Connect for reading, of any version up to today's; raises StorageError when it is not ours."""
    if not path.exists():
        raise StorageError("there is no database")
    address = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(address, timeout=BUSY_TIMEOUT_S, isolation_level=None, uri=True)
    try:
        connection.row_factory = sqlite3.Row
        schema.check_ownership(connection)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    """All or nothing; `DEFERRED` gives a reader one unchanging view."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def choose_journal_mode(connection: sqlite3.Connection, *, network: bool) -> str:
    """Write ahead where that works, else with a rollback journal; returns the mode that took effect."""
    if not network:
        [(mode,)] = connection.execute("PRAGMA journal_mode = WAL")
        if mode == "wal":
            return "wal"
    [(mode,)] = connection.execute("PRAGMA journal_mode = DELETE")
    return str(mode)


def _prepare(
    path: Path, alive: AbstractSet[str], connect: Connect, migrations: Sequence[str], *, check: bool
) -> Opened:
    connection: sqlite3.Connection | None = None
    try:
        connection = connect(path)
        schema.check_ownership(connection, migrations)
        if check:
            _check(connection)
        files.close_to_others(path)
        choose_journal_mode(connection, network=files.on_network(path))
        schema.migrate(connection, path, migrations)
        # Only now: a migration may rebuild a table that others refer to.
        connection.execute("PRAGMA foreign_keys = ON")
        with transaction(connection):
            recovered = recovery.recover(connection, alive)
    except BaseException as error:
        if connection is not None:
            connection.close()
        if is_damage(error):
            raise _Damaged from error
        raise
    return Opened(connection, recovered)


def _check(connection: sqlite3.Connection) -> None:
    [(verdict,)] = connection.execute("PRAGMA quick_check(1)")
    if verdict != "ok":
        raise _Damaged(verdict)
