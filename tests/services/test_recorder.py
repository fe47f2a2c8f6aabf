import logging
from pathlib import Path

import pytest

from llmtui.core.conversation import user
from llmtui.core.errors import StorageError
from llmtui.core.history import StoredMessage, new_id
from llmtui.services.recorder import Recorder
from llmtui.storage.conversations import SQLiteStore


async def fails() -> None:
    raise StorageError("the disk is full")


async def test_a_problem_and_its_end_are_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "llmtui")
    store = SQLiteStore(tmp_path / "llmtui.db")
    recorder = Recorder(store)
    await recorder.open()
    for _ in range(3):
        assert not await recorder.write(fails())
    assert await recorder.write(store.add_message(StoredMessage(new_id(), "chat", None, user("penguins"))))
    await store.close()
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", 'not recorded problem="the disk is full"'),
        ("INFO", "recorded again"),
    ]


async def test_a_damaged_database_is_logged_with_where_it_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "llmtui.db").write_bytes(b"no database at all" * 1000)
    recorder = Recorder(SQLiteStore(tmp_path / "llmtui.db"))
    report = await recorder.open()
    await recorder.store.close()
    assert report.set_aside
    assert f"database was damaged set_aside={report.set_aside}" in caplog.text
