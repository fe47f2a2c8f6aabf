"""Backing up, checking and purging real files, also while another process uses them."""

# Nothing else waits for the loop of these tests, so they may read and write files on it.
# ruff: noqa: ASYNC240

import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from llmtui.core.conversation import Message, Role, TextPart, user
from llmtui.core.errors import StorageError
from llmtui.core.history import (
    Conversation,
    JournalEntry,
    MessageState,
    RequestRecord,
    StoredMessage,
    Target,
    new_id,
    now,
)
from llmtui.storage import database, schema
from llmtui.storage.backup import back_up, default_target
from llmtui.storage.checkup import check
from llmtui.storage.conversations import SQLiteStore
from llmtui.storage.purge import Deleted, deleted, purge
from tests.storage.test_opening import PAGE, overwrite
from tests.storage.test_processes import PROMPTS, STREAMS, line_of, running, tell

SECRET = "zanzibarquokka"
"""A word that stands in deleted chats only."""


async def chat(store: SQLiteStore, chat_id: str, word: str, count: int = 30) -> None:
    """A chat whose title, draft, prompts, replies and ledger hold a word."""
    await store.save_conversation(
        Conversation(chat_id, f"about {word}", target=Target("p"), draft=f"draft {word}")
    )
    parent = None
    for number in range(count):
        prompt = StoredMessage(new_id(), chat_id, parent, user(f"{word} {number} " * 40))
        await store.add_message(prompt)
        reply = StoredMessage(
            new_id(), chat_id, prompt.id, Message(Role.ASSISTANT, ()), MessageState.STREAMING
        )
        error = f"the server repeats: {word}" if number == 0 else ""
        record = RequestRecord(new_id(), "p", "m", now(), chat_id, reply.id, error=error)
        await store.begin_reply(reply, record)
        await store.journal(reply.id, [JournalEntry("text", f"{word} half")])
        await store.end_reply(reply.id, (TextPart(f"{word} whole {number}"),), MessageState.COMPLETE, record)
        parent = reply.id


def bytes_of(path: Path) -> bytes:
    """All that stands in the database's files."""
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


async def deleted_and_kept(store: SQLiteStore) -> None:
    await chat(store, "kept", "marmot")
    await chat(store, "gone", SECRET)
    await store.delete_conversation("gone")


# Backing up


async def test_a_backup_is_one_private_file_that_opens(
    store: SQLiteStore, path: Path, tmp_path: Path
) -> None:
    await chat(store, "kept", "marmot")
    target = tmp_path / "copy.db"
    back_up(path, target)
    assert target.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in tmp_path.glob("*copy*")] == ["copy.db"]
    other = SQLiteStore(target)
    assert not (await other.open()).problem
    assert len(await other.branch("kept")) == 60
    await other.close()


async def test_a_backup_replaces_nothing_unless_it_is_told_to(
    store: SQLiteStore, path: Path, tmp_path: Path
) -> None:
    target = tmp_path / "copy.db"
    target.write_text("precious")
    with pytest.raises(StorageError, match=r"copy\.db is there already") as caught:
        back_up(path, target)
    assert "--force" in caught.value.hint
    assert target.read_text() == "precious"
    back_up(path, target, force=True)
    assert target.read_bytes().startswith(b"SQLite format 3")


@pytest.mark.parametrize("force", [False, True])
async def test_a_backup_never_replaces_the_database(store: SQLiteStore, path: Path, force: bool) -> None:
    before = path.read_bytes()
    with pytest.raises(StorageError, match="cannot replace the database itself"):
        back_up(path, path, force=force)
    assert path.read_bytes() == before


def test_without_a_database_there_is_no_backup(path: Path, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="there is no database"):
        back_up(path, tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == []


async def test_a_backup_to_where_nothing_can_be_written_leaves_nothing(
    store: SQLiteStore, path: Path
) -> None:
    with pytest.raises(OSError, match="No such file"):
        back_up(path, path.parent / "nowhere" / "copy.db")
    assert not list(path.parent.glob("*copy*"))


async def test_of_a_damaged_database_there_is_no_backup(path: Path, tmp_path: Path) -> None:
    await damaged(path)
    with pytest.raises(StorageError, match="damaged"):
        back_up(path, tmp_path / "copy.db")
    assert not list(tmp_path.glob("*copy*"))


async def test_default_names_do_not_collide(store: SQLiteStore, path: Path) -> None:
    first = default_target(path)
    back_up(path, first)
    second = default_target(path)
    assert first.parent == path.parent
    assert first.name.startswith("llmtui-backup-20")
    assert second != first


def test_a_backup_while_another_process_writes_is_whole(path: Path, tmp_path: Path) -> None:
    with running(PROMPTS, path, 10_000, "other") as process:
        assert line_of(process) == "open"
        tell(process)
        acknowledged = [line_of(process) for _ in range(20)]
        back_up(path, tmp_path / "copy.db")
        assert line_of(process)
    found = check(tmp_path / "copy.db")
    assert found.problems == []
    assert found.journal_mode == "delete"
    assert found.counts["messages"] >= len(acknowledged)


# Checking


async def damaged(path: Path) -> None:
    """A database whose messages cannot be read any more."""
    store = SQLiteStore(path)
    await store.open()
    await chat(store, "kept", "marmot")
    await store.close()
    with closing(database.open_unchanged(path)) as connection:
        [(page,)] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'parts'")
    overwrite(path, (page - 1) * PAGE, b"\xff" * PAGE)


async def test_a_sound_database(store: SQLiteStore, path: Path) -> None:
    await deleted_and_kept(store)
    found = check(path)
    assert found.problems == []
    assert (found.version, found.journal_mode) == (len(schema.MIGRATIONS), "wal")
    assert found.counts == {"chats": 1, "deleted chats": 1, "messages": 120, "requests": 60}
    assert found.size > path.stat().st_size


async def test_a_damaged_database_is_told_and_not_touched(path: Path) -> None:
    await damaged(path)
    before = {file: file.read_bytes() for file in path.parent.iterdir() if file.is_file()}
    found = check(path)
    assert found.problems
    after = {file: file.read_bytes() for file in path.parent.iterdir() if file.is_file()}
    assert {file: after.get(file) for file in before} == before
    assert all(after[file] == b"" or file.name.endswith("-shm") for file in after.keys() - before.keys())


async def test_a_database_that_cannot_be_read_at_all_is_damaged(path: Path) -> None:
    await damaged(path)
    overwrite(path, 0, b"x" * PAGE)
    with pytest.raises(StorageError, match="the file is no database"):
        check(path)


async def test_a_search_index_that_does_not_fit_is_told(store: SQLiteStore, path: Path) -> None:
    await chat(store, "kept", "marmot", 2)
    with closing(database.connect(path)) as connection:
        connection.execute("INSERT INTO message_index (rowid, text) VALUES (999, 'a ghost')")
        connection.execute("DELETE FROM title_index WHERE rowid = 1")
    assert list(check(path).problems) == [
        "the search index does not fit the messages",
        "the search index does not fit the titles",
    ]


async def test_a_row_that_refers_to_nothing_is_told(store: SQLiteStore, path: Path) -> None:
    await chat(store, "kept", "marmot", 2)
    with closing(database.connect(path)) as connection:
        connection.execute("INSERT INTO parts (message, position, kind) VALUES (999, 0, 'text')")
    assert list(check(path).problems) == ["1 row(s) of parts refer to messages that are not there"]


def test_a_reply_that_streams_elsewhere_is_no_damage(path: Path) -> None:
    with running(STREAMS, path) as process:
        line_of(process)
        assert check(path).problems == []
        tell(process)
        assert line_of(process) == "ended"
    assert check(path).problems == []


# Purging


async def test_what_is_purged_is_in_no_file_any_more(store: SQLiteStore, path: Path) -> None:
    await deleted_and_kept(store)
    assert SECRET.encode() in bytes_of(path)
    await store.close()
    gone = purge(path, now())
    assert (gone.chats, gone.messages, gone.emptied) == (1, 60, True)
    assert gone.size_after < gone.size_before
    held = bytes_of(path)
    # The index keeps words without the beginning that they share with the word before.
    assert SECRET.encode() not in held
    assert SECRET[4:].encode() not in held
    assert b"marmot" in held
    assert check(path).problems == []
    await store.open()
    assert len(await store.branch("kept")) == 60
    assert await store.search(SECRET) == []
    assert len(await store.search("marmot")) == 50


async def test_the_ledger_keeps_its_rows_without_the_words(store: SQLiteStore, path: Path) -> None:
    await deleted_and_kept(store)
    purge(path, now())
    with closing(database.open_unchanged(path)) as connection:
        rows = connection.execute("SELECT conversation_id, error FROM requests").fetchall()
    assert len(rows) == 60
    assert {row["error"] for row in rows if row["conversation_id"] == "gone"} == {""}
    assert {row["error"] for row in rows if row["conversation_id"] == "kept"} == {
        "",
        "the server repeats: marmot",
    }


async def test_it_works_while_this_process_and_another_use_the_database(
    store: SQLiteStore, path: Path
) -> None:
    await deleted_and_kept(store)
    with running(PROMPTS, path, 40, "other") as process:
        assert line_of(process) == "open"
        gone = purge(path, now())
        tell(process)
        written = [line_of(process) for _ in range(40)]
        process.wait()
    assert (gone.chats, gone.emptied) == (1, True)
    assert SECRET.encode() not in bytes_of(path)
    assert [message.id for message in await store.branch("other")] == written
    await store.add_message(StoredMessage(new_id(), "kept", None, user("after")))
    assert check(path).problems == []


async def test_a_reader_that_holds_the_log_up_is_told(
    store: SQLiteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.01)
    await deleted_and_kept(store)
    with closing(database.connect(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM messages").fetchone()
        assert not purge(path, now()).emptied
    assert purge(path, now()).emptied
    assert SECRET.encode() not in bytes_of(path)


async def test_only_what_was_deleted_until_then_goes(store: SQLiteStore, path: Path) -> None:
    await deleted_and_kept(store)
    assert deleted(path, now() - timedelta(days=1)) == Deleted(0, 0)
    assert deleted(path, now()) == Deleted(1, 60)
    assert purge(path, now() - timedelta(days=1)).chats == 0
    await store.restore_conversation("gone")
    assert purge(path, now()).chats == 0
    assert len(await store.branch("gone")) == 60


def test_a_deleted_chat_into_which_a_reply_streams_waits(path: Path) -> None:
    with running(STREAMS, path) as process:
        line_of(process)
        with closing(database.connect(path)) as connection:
            connection.execute("UPDATE conversations SET deleted_at = '2020-01-01'")
        assert deleted(path, now()) == Deleted(0, 0)
        assert purge(path, now()).chats == 0
        tell(process)
        assert line_of(process) == "ended"
    assert purge(path, now()).chats == 1


async def test_a_large_database_in_use_is_left_to_the_other(
    store: SQLiteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await deleted_and_kept(store)
    monkeypatch.setattr(database, "CHECK_ALWAYS_BYTES", 1)
    with pytest.raises(StorageError, match="another llmtui uses the database"):
        purge(path, now())
    await store.close()
    assert purge(path, now()).chats == 1


async def test_copies_that_may_hold_it_are_named(store: SQLiteStore, path: Path) -> None:
    await deleted_and_kept(store)
    copy = default_target(path)
    back_up(path, copy)
    assert list(purge(path, now()).copies) == [copy]


async def test_a_damaged_database_is_not_purged(path: Path) -> None:
    await damaged(path)
    before = path.read_bytes()
    with pytest.raises(StorageError, match="damaged"):
        purge(path, now())
    assert path.read_bytes() == before


async def test_a_purge_leaves_no_trace_of_itself_among_the_users(path: Path, store: SQLiteStore) -> None:
    await store.close()
    purge(path, now())
    assert [found.name for found in (path.parent / "run").iterdir()] == ["opening"]


# Files that are not ours


def other_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            f"CREATE TABLE conversations (x); PRAGMA application_id = {schema.APPLICATION_ID};"
            "PRAGMA user_version = 99"
        )


@pytest.mark.parametrize(("make", "words"), [(other_program, "another program"), (newer, "newer llmtui")])
def test_a_newer_or_foreign_database_is_left_alone(path: Path, make: object, words: str) -> None:
    path.parent.mkdir()
    assert callable(make)
    make(path)
    before = path.read_bytes()
    for use in (
        check,
        lambda path: back_up(path, path.with_name("copy.db")),
        lambda path: purge(path, now()),
    ):
        with pytest.raises(StorageError, match=words):
            use(path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_an_older_database_is_checked_and_copied_but_not_purged(path: Path) -> None:
    path.parent.mkdir()
    with closing(database.connect(path)) as connection:
        schema.migrate(connection, path, schema.MIGRATIONS[:1])
    assert check(path).version == 1
    back_up(path, path.with_name("copy.db"))
    with pytest.raises(StorageError, match="start llmtui once"):
        purge(path, now())
