"""A copy of the database in one file, taken while others go on writing."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from llmtui.core.errors import StorageError
from llmtui.core.history import new_id
from llmtui.storage import database, files
from llmtui.storage.failures import translated

_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY


def default_target(path: Path) -> Path:
    """A name beside the database that nothing has yet, with the time in it."""
    return files.unused_name(path, f"backup-{datetime.now(UTC):%Y%m%d-%H%M%S}")


def back_up(path: Path, target: Path, *, force: bool = False) -> None:
    """Write a copy that is whole and checked, for its owner only; `force` replaces what is there.

    Raises:
        StorageError: there is no database, it is not ours or damaged, or the target is there already.
        OSError: the target cannot be written.
    """
    with translated(path):
        source = database.open_unchanged(path)
    with closing(source):
        if target.exists():
            _refuse(path, target, force=force)
        partial = target.with_name(f".{target.name}-{new_id()[:8]}")
        os.close(os.open(partial, _NEW, 0o600))
        try:
            with translated(path):
                _copy(source, partial)
            if not force:
                # Whoever made a file of that name meanwhile keeps it.
                os.close(os.open(target, _NEW, 0o600))
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)


def _refuse(path: Path, target: Path, *, force: bool) -> None:
    if target.samefile(path):
        raise StorageError("a backup cannot replace the database itself")
    if not force:
        problem = StorageError(f"{target} is there already")
        problem.hint = "name another file, or replace it with --force"
        raise problem


def _copy(source: sqlite3.Connection, target: Path) -> None:
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        source.backup(copy)
        # What is copied says that a log stands beside it; here it must be one file.
        copy.execute("PRAGMA journal_mode = DELETE")
        [(verdict,)] = copy.execute("PRAGMA quick_check(1)")
        if verdict != "ok":
            raise StorageError(f"the database is damaged, so no backup was made: {verdict}")
    with target.open("rb") as written:
        os.fsync(written.fileno())
