"""What SQLite and the file system say, in words that a person can act on."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llmtui.core.errors import StorageError

_WORDS = {
    sqlite3.SQLITE_FULL: ("the disk is full", "free some space"),
    sqlite3.SQLITE_READONLY: ("the database is read-only", "check the rights to the file and its folder"),
    sqlite3.SQLITE_BUSY: ("another program holds the database", "close the other program"),
    sqlite3.SQLITE_LOCKED: ("another program holds the database", "close the other program"),
    sqlite3.SQLITE_CANTOPEN: ("the database cannot be opened", "check the rights to the file and its folder"),
    sqlite3.SQLITE_CORRUPT: ("the database is damaged", "restart: it will be set aside, and a new one made"),
    sqlite3.SQLITE_NOTADB: ("the file is no database", "restart: it will be set aside, and a new one made"),
    sqlite3.SQLITE_IOERR: ("the disk reports an error", "check the disk and the space on it"),
}


def is_damage(error: BaseException) -> bool:
    """Whether the error means that the file itself is broken."""
    return _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn every failure of the database into a StorageError that names the file.

    ValueError and OverflowError are what the driver raises for a value that cannot be stored, and what
    decoding raises for a row that is not ours.
    """
    try:
        yield
    except StorageError as error:
        raise _named(error, path) from error
    except (sqlite3.Error, OSError, ValueError, OverflowError) as error:
        words, hint = _WORDS.get(_code(error), ("", ""))
        problem = StorageError(f"{words}: {error}" if words else str(error))
        problem.hint = hint
        raise _named(problem, path) from error


def _code(error: BaseException) -> int:
    # The low byte is the kind of the error, the rest a detail of it.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _named(error: StorageError, path: Path) -> StorageError:
    named = StorageError(f"{error} ({path})" if str(path) not in str(error) else str(error))
    named.hint = error.hint
    return named
