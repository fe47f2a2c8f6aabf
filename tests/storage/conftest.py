from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from llmtui.storage.conversations import SQLiteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "llmtui.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SQLiteStore]:
    store = SQLiteStore(path)
    report = await store.open()
    assert not report.problem
    yield store
    await store.close()
