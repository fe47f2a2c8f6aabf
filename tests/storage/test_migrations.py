"""Migrations: each whole or not at all, and after a backup."""

import re
import sqlite3
from pathlib import Path

import pytest

from llmtui.storage import schema

STEPS = ("CREATE TABLE first (a)", "ALTER TABLE first ADD COLUMN b", "INSERT INTO first VALUES (1, 2)")


def connection_to(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def test_each_migration_is_preceded_by_a_backup(tmp_path: Path) -> None:
    path = tmp_path / "llmtui.db"
    connection = connection_to(path)
    schema.migrate(connection, path, STEPS[:1])
    connection.execute("INSERT INTO first VALUES ('kept')")
    schema.migrate(connection, path, STEPS)
    assert connection.execute("SELECT * FROM first").fetchall() == [("kept", None), (1, 2)]
    assert schema.version(connection) == 3
    connection.close()
    backups = sorted(tmp_path.glob("llmtui-version*.db"))
    assert [re.sub(r"\d{8}-\d{6}", "", backup.name) for backup in backups] == [
        "llmtui-version1-.db",
        "llmtui-version2-.db",
    ]
    assert {backup.stat().st_mode & 0o777 for backup in backups} == {0o600}
    for number, backup in enumerate(backups, start=1):
        copy = connection_to(backup)
        assert schema.version(copy) == number
        assert copy.execute("SELECT a FROM first").fetchall() == [("kept",)]
        copy.close()


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "llmtui.db"
    connection = connection_to(path)
    schema.migrate(connection, path, STEPS[:1])
    broken = "CREATE TABLE second (x); INSERT INTO nowhere VALUES (1)"
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        schema.migrate(connection, path, (STEPS[0], broken))
    assert schema.version(connection) == 1
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("first",)]
    connection.close()


def test_a_new_file_needs_no_backup(tmp_path: Path) -> None:
    path = tmp_path / "llmtui.db"
    connection = connection_to(path)
    schema.migrate(connection, path)
    schema.migrate(connection, path)
    connection.close()
    assert [found.name for found in tmp_path.iterdir()] == ["llmtui.db"]
