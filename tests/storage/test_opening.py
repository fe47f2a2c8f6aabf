"""Opening: private files, damage, other owners, full and read-only disks."""

# Nothing else waits for the loop of these tests, so they may read and write files on it.
# ruff: noqa: ASYNC240

import os
import re
import sqlite3
from pathlib import Path

import pytest

from llmtui.core.conversation import ImagePart, Message, Role, user
from llmtui.core.errors import StorageError
from llmtui.core.history import StoredMessage, new_id
from llmtui.storage import database, files, schema
from llmtui.storage.conversations import SQLiteStore
from llmtui.storage.locks import Instance

PAGE = 4096


def prompt(text: str) -> StoredMessage:
    return StoredMessage(new_id(), "chat", None, user(text))


async def filled(path: Path, count: int = 100) -> None:
    store = SQLiteStore(path)
    assert not (await store.open()).problem
    for number in range(count):
        await store.add_message(prompt(f"number {number} " * 20))
    await store.close()


async def prompts(path: Path) -> list[str]:
    store = SQLiteStore(path)
    assert not (await store.open()).problem
    found = await store.prompts()
    await store.close()
    return found


def overwrite(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


async def test_folder_and_files_are_for_their_owner_only(store: SQLiteStore, path: Path) -> None:
    await store.add_message(prompt("secret"))
    found = {found: found.stat().st_mode & 0o777 for found in (path.parent, *path.parent.rglob("*"))}
    assert path.with_name("llmtui.db-wal") in found
    assert {found: mode for found, mode in found.items() if mode not in (0o600, 0o700)} == {}


async def test_rights_of_others_to_an_old_file_are_taken_away(path: Path) -> None:
    await filled(path, 1)
    path.chmod(0o644)
    await prompts(path)
    assert path.stat().st_mode & 0o777 == 0o600


async def test_it_writes_ahead_and_every_commit_reaches_the_disk(store: SQLiteStore, path: Path) -> None:
    connection = database.connect(path)
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
    connection.close()


@pytest.mark.parametrize(
    ("offset", "data"),
    [(0, b"\xde\xad" * 50), (0, b"SQLite format 3\0" + b"\xff" * 84), (PAGE, b"\xa5" * PAGE)],
    ids=["no-header", "broken-header", "garbage-page"],
)
async def test_a_damaged_file_is_set_aside_and_a_new_one_made(path: Path, offset: int, data: bytes) -> None:
    await filled(path)
    overwrite(path, offset, data)
    await check_set_aside(path)


async def test_garbage_in_any_table_is_noticed(path: Path) -> None:
    await filled(path)
    connection = sqlite3.connect(path)
    [(root,)] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'parts'")
    connection.close()
    overwrite(path, (root - 1) * PAGE, os.urandom(PAGE))
    await check_set_aside(path)


async def test_a_truncated_file_is_set_aside(path: Path) -> None:
    await filled(path)
    os.truncate(path, path.stat().st_size // 2)
    await check_set_aside(path)


async def test_a_file_that_is_no_database_is_set_aside_with_its_companions(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("These are my notes. " * 500)
    path.with_name("llmtui.db-wal").write_text("a log")
    aside = await check_set_aside(path)
    assert aside.with_name(aside.name + "-wal").read_text() == "a log"


async def check_set_aside(path: Path) -> Path:
    damaged = path.read_bytes()
    store = SQLiteStore(path)
    report = await store.open()
    assert not report.problem
    assert report.set_aside is not None
    aside = Path(report.set_aside)
    assert re.fullmatch(r"llmtui-damaged-\d{8}-\d{6}\.db", aside.name)
    assert aside.read_bytes() == damaged
    assert await store.conversations() == []
    await store.add_message(prompt("a new start"))
    await store.close()
    assert await prompts(path) == ["a new start"]
    return aside


async def test_two_damaged_files_of_one_second_get_two_names(path: Path) -> None:
    await filled(path, 1)
    first = files.set_aside(path)
    await filled(path, 1)
    assert files.set_aside(path) != first


async def test_damage_in_a_large_file_is_noticed_at_the_next_start(path: Path) -> None:
    """A large file that was closed in order is opened without a check; use finds the damage."""
    store = SQLiteStore(path)
    await store.open()
    image = ImagePart(bytes(database.CHECK_ALWAYS_BYTES), "image/png")
    await store.add_message(StoredMessage("big", "chat", None, Message(Role.USER, (image,))))
    await store.close()
    connection = sqlite3.connect(path)
    [(root,)] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'parts'")
    connection.close()
    overwrite(path, (root - 1) * PAGE, b"\xa5" * PAGE)
    assert not (await store.open()).set_aside
    with pytest.raises(StorageError, match="damaged"):
        await store.branch("chat")
    await store.close()
    report = await store.open()
    assert report.set_aside
    assert not report.problem
    await store.close()
    assert not (await store.open()).set_aside
    await store.close()


async def test_a_damaged_file_that_another_process_uses_stays_where_it_is(path: Path) -> None:
    await filled(path)
    other = Instance(path)
    with other.opening():
        other.enter()
    overwrite(path, 0, bytes(100))
    store = SQLiteStore(path)
    assert "another llmtui still uses it" in (await store.open()).problem
    other.leave(clean=True)
    assert (await store.open()).set_aside
    await store.close()


async def test_a_newer_database_is_left_alone(path: Path) -> None:
    await filled(path, 3)
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 6}")
    connection.close()
    path.chmod(0o640)
    before, mode = path.read_bytes(), path.stat().st_mode
    store = SQLiteStore(path)
    report = await store.open()
    assert "newer llmtui" in report.problem
    assert str(path) in report.problem
    with pytest.raises(StorageError, match="newer llmtui"):
        await store.add_message(prompt("no"))
    with pytest.raises(StorageError):
        await store.conversations()
    await store.close()
    assert (path.read_bytes(), path.stat().st_mode) == (before, mode)
    assert sorted(found.name for found in path.parent.iterdir()) == ["llmtui.db", "run"]


async def test_the_database_of_another_program_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (url)")
    connection.close()
    before = path.read_bytes()
    store = SQLiteStore(path)
    assert "another program" in (await store.open()).problem
    await store.close()
    assert path.read_bytes() == before


async def test_a_folder_that_cannot_be_made_is_a_problem_until_it_can(tmp_path: Path) -> None:
    obstacle = tmp_path / "data"
    obstacle.write_text("a file where the folder should be")
    store = SQLiteStore(obstacle / "llmtui.db")
    report = await store.open()
    assert str(obstacle) in report.problem
    with pytest.raises(StorageError):
        await store.add_message(prompt("unrecorded"))
    obstacle.unlink()
    assert not (await store.open()).problem
    await store.add_message(prompt("recorded"))
    assert await store.prompts() == ["recorded"]
    await store.close()


async def test_a_folder_in_place_of_the_file_is_a_problem(path: Path) -> None:
    path.mkdir(parents=True)
    store = SQLiteStore(path)
    assert (await store.open()).problem
    await store.close()


async def test_a_full_disk_is_a_storage_error_until_there_is_space(path: Path) -> None:
    pages = 70

    def on_small_disk(path: Path) -> sqlite3.Connection:
        connection = database.connect(path)
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    store = SQLiteStore(path, connect=on_small_disk)
    assert not (await store.open()).problem
    recorded: list[str] = []

    async def fill() -> None:
        while True:
            recorded.append(f"{len(recorded)} " + "x" * 5000)
            await store.add_message(prompt(recorded[-1]))

    with pytest.raises(StorageError, match="disk is full") as caught:
        await fill()
    assert caught.value.hint
    unrecorded = recorded.pop()
    assert await store.prompts() == recorded[::-1]
    pages = 1000
    assert not (await store.open()).problem
    await store.add_message(prompt(unrecorded))
    assert await store.prompts() == [unrecorded, *recorded[::-1]]
    await store.close()


async def test_a_disk_too_small_for_the_tables_is_a_problem(path: Path) -> None:
    def on_tiny_disk(path: Path) -> sqlite3.Connection:
        connection = database.connect(path)
        connection.execute("PRAGMA max_page_count = 5")
        return connection

    store = SQLiteStore(path, connect=on_tiny_disk)
    assert "disk is full" in (await store.open()).problem
    await store.close()
    assert await prompts(path) == []


async def test_a_database_that_another_program_holds_can_be_read_and_opened_later(path: Path) -> None:
    def impatient(path: Path) -> sqlite3.Connection:
        connection = database.connect(path)
        connection.execute("PRAGMA busy_timeout = 20")
        return connection

    await filled(path, 1)
    holder = database.connect(path)
    holder.execute("BEGIN IMMEDIATE")
    store = SQLiteStore(path, connect=impatient)
    assert "another program holds" in (await store.open()).problem
    with pytest.raises(StorageError, match="another program holds"):
        await store.add_message(prompt("no"))
    assert len(await store.prompts()) == 1
    holder.close()
    assert not (await store.open()).problem
    await store.add_message(prompt("yes"))
    await store.close()


def test_only_one_process_opens_at_a_time(path: Path) -> None:
    first, second = Instance(path), Instance(path, patience_s=0.05)
    with first.opening(), pytest.raises(StorageError, match="still opening"), second.opening():
        pass
    with second.opening():
        second.enter()
    user = second.id
    assert first.others() == {user}
    second.leave(clean=False)
    assert not first.others()
    assert first.dead() == {user}


async def test_the_store_works_without_write_ahead(path: Path) -> None:
    def dotfile(path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{path}?vfs=unix-dotfile", uri=True, isolation_level=None, timeout=5
        )
        connection.row_factory = sqlite3.Row
        return connection

    store = SQLiteStore(path, connect=dotfile)
    assert not (await store.open()).problem
    for number in range(20):
        await store.add_message(prompt(str(number)))
        assert len(await store.prompts()) == number + 1
    await store.close()
    assert not path.with_name("llmtui.db-wal").exists()
