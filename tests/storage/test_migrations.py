"""Migrations: each whole or not at all, and after a backup."""

import asyncio
import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from llmtui.core.history import Target
from llmtui.storage import schema
from llmtui.storage.conversations import SQLiteStore

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


async def test_chats_and_ledger_of_the_first_version_live_on_in_the_second(tmp_path: Path) -> None:
    path = tmp_path / "llmtui.db"
    connection = connection_to(path)
    schema.migrate(connection, path, schema.MIGRATIONS[:1])
    when = "2026-01-02T03:04:05.000000+00:00"
    connection.executescript(
        f"""
        INSERT INTO conversations (id, title, created_at, updated_at, provider, model, draft)
        VALUES ('chat', 'How do I sort?', '{when}', '{when}', 'box', 'llama3.2', 'and then');
        INSERT INTO messages (id, conversation_id, role, state, created_at)
        VALUES ('1', 'chat', 'assistant', 'complete', '{when}');
        INSERT INTO parts (message, position, kind, text) VALUES (1, 0, 'text', 'With sorted().');
        INSERT INTO message_index (rowid, text) VALUES (1, 'With sorted().');
        INSERT INTO requests
            (id, provider, model, started_at, message_id, outcome, error, attempts, finish_reason)
        VALUES ('r', 'box', 'llama3.2', '{when}', '1', 'complete', '', 2, 'stop');
        """
    )
    connection.close()

    store = SQLiteStore(path)
    report = await store.open()
    assert report.problem == ""
    conversation = await store.conversation("chat")
    assert conversation is not None
    assert (conversation.title, conversation.draft, conversation.agent) == (
        "How do I sort?",
        "and then",
        None,
    )
    assert conversation.target == Target("box", "llama3.2")
    [message] = await store.branch("chat", "1")
    assert message.message.text == "With sorted()."
    assert message.request is not None
    assert (message.request.attempts, message.request.host, message.request.requested) == (2, "", "")
    assert [hit.message_id for hit in await store.search("sorted")] == ["1"]
    assert await store.recent_targets() == [Target("box", "llama3.2")]
    assert (await store.favourites(), await store.model_lists()) == ([], {})

    await store.save_conversation(replace(conversation, agent="reviewer"))
    await store.set_favourite(Target("box", "llama3.2"), marked=True)
    await store.close()
    assert await store.open() == replace(report, path=str(path))
    reopened = await store.conversation("chat")
    assert reopened is not None
    assert reopened.agent == "reviewer"
    assert await store.favourites() == [Target("box", "llama3.2")]
    await store.close()
    assert await asyncio.to_thread(titles_of_backup, tmp_path) == [("How do I sort?",)]


def titles_of_backup(folder: Path) -> list[tuple[str]]:
    [backup] = folder.glob("llmtui-version1-*.db")
    copy = connection_to(backup)
    titles = copy.execute("SELECT title FROM conversations").fetchall()
    copy.close()
    return titles
