"""`llmtui db` as a person runs it, on a database that a store has filled."""

# Nothing else waits for the loop of these tests, so they may read and write files on it.
# ruff: noqa: ASYNC240

import asyncio
import os
import pty
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from llmtui.config.paths import user_paths
from llmtui.core.conversation import user
from llmtui.core.history import Conversation, StoredMessage, new_id
from llmtui.storage.conversations import SQLiteStore
from tests.cli.commands import Run, Start

SECRET = "zanzibarquokka"


@pytest.fixture
async def store(isolated: Path) -> AsyncIterator[SQLiteStore]:
    """A chat and a deleted one, open in this process as in an app that runs."""
    store = SQLiteStore(user_paths().database)
    assert not (await store.open()).problem
    for chat_id, word in (("kept", "marmot"), ("gone", SECRET)):
        await store.save_conversation(Conversation(chat_id, word))
        await store.add_message(StoredMessage(new_id(), chat_id, None, user(word)))
    await store.delete_conversation("gone")
    yield store
    await store.close()


@pytest.fixture
def path(store: SQLiteStore) -> Path:
    """Its file."""
    return store.path


def held(path: Path) -> bool:
    return any(SECRET.encode() in file.read_bytes() for file in path.parent.glob("llmtui.db*"))


async def test_a_backup_beside_the_database_prints_where_it_is(run: Run, path: Path) -> None:
    finished = await run("db", "backup")
    assert (finished.code, finished.err) == (0, "")
    copy = Path(finished.out.strip())
    assert copy.parent == path.parent
    assert copy.stat().st_mode & 0o777 == 0o600


async def test_a_backup_replaces_a_file_only_by_force(run: Run, path: Path, tmp_path: Path) -> None:
    target = tmp_path / "my.db"
    target.touch()
    finished = await run("db", "backup", str(target))
    assert (finished.code, finished.out) == (1, "")
    assert (
        finished.err
        == f"llmtui: {target} is there already\nhint: name another file, or replace it with --force\n"
    )
    assert (await run("db", "backup", "--force", str(target))).out == f"{target}\n"
    assert target.stat().st_size > 4096


async def test_a_backup_into_a_folder_that_is_not_there(run: Run, path: Path, tmp_path: Path) -> None:
    finished = await run("db", "backup", str(tmp_path / "no" / "my.db"))
    assert finished.code == 1
    assert "No such file or directory" in finished.err


async def test_a_check_tells_what_is_there(run: Run, path: Path) -> None:
    finished = await run("db", "check")
    assert (finished.code, finished.err) == (0, "")
    facts = dict(line.split(maxsplit=1) for line in finished.out.splitlines())
    assert facts["database"] == str(path)
    assert facts["chats"] == "1"
    assert "deleted chats 1" in " ".join(finished.out.split())
    assert facts["messages"] == "2"
    assert facts["journal"] == "wal"
    assert facts["damage"] == "none"


async def test_damage_is_told_and_ends_with_1(run: Run, store: SQLiteStore) -> None:
    await store.close()
    with closing(sqlite3.connect(store.path)) as connection:
        [(page,)] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'parts'")
    with store.path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    finished = await run("db", "check")
    assert finished.code == 1
    assert "\ndamaged " in finished.out
    assert "nothing was changed" in finished.err


@pytest.mark.parametrize("action", ["backup", "check", "purge"])
async def test_without_a_database_nothing_is_done_and_none_is_made(run: Run, action: str) -> None:
    finished = await run("db", action)
    assert (finished.code, finished.out) == (1, "")
    assert "there is no database" in finished.err
    assert not user_paths().database.exists()


async def test_in_a_pipe_a_purge_wants_a_yes(run: Run, path: Path) -> None:
    finished = await run("db", "purge", stdin=b"y\n")
    assert (finished.code, finished.out) == (2, "")
    assert "hint: add --yes" in finished.err
    assert held(path)


async def test_a_purge_says_what_it_removed(run: Run, path: Path) -> None:
    finished = await run("db", "purge", "--yes")
    assert (finished.code, finished.err) == (0, "")
    assert finished.out.startswith("removed 1 deleted chat(s) with 1 message(s); ")
    assert not held(path)
    assert "nothing" not in finished.out
    assert (await run("db", "purge", "--yes")).out == "no deleted chats to remove\n"
    log = (user_paths().log_dir / "llmtui.log").read_text()
    assert "deleted chats removed chats=1 messages=1" in log


async def test_a_purge_leaves_what_was_deleted_lately(run: Run, path: Path) -> None:
    assert (await run("db", "purge", "--yes", "--older-than", "30d")).out == "no deleted chats to remove\n"
    assert held(path)


async def test_copies_that_still_hold_it_are_named(run: Run, path: Path) -> None:
    copy = (await run("db", "backup")).out.strip()
    assert (
        await run("db", "purge", "--yes")
    ).err == f"warning: an earlier copy may still hold them: {copy}\n"


@pytest.mark.parametrize("age", ["30", "d", "1y", "99999999999w", "99999999w"])
async def test_an_age_that_is_none_is_refused(run: Run, age: str) -> None:
    finished = await run("db", "purge", "--older-than", age)
    assert finished.code == 2
    assert age in finished.err
    assert "Traceback" not in finished.err


@pytest.mark.parametrize(("answer", "code", "left"), [("y", 0, False), ("", 1, True), ("n", 1, True)])
async def test_on_a_terminal_it_asks(start: Start, path: Path, answer: str, code: int, left: bool) -> None:
    ours, theirs = pty.openpty()
    command = await start("db", "purge", stdin=theirs)
    os.close(theirs)
    assert command.process.stderr is not None
    question = await asyncio.wait_for(command.process.stderr.readuntil(b"[y/N] "), 30)
    assert b"remove 1 deleted chat(s) with 1 message(s) for good?" in question
    os.write(ours, f"{answer}\n".encode())
    finished = await command.finish()
    os.close(ours)
    assert finished.code == code
    assert held(path) is left
