from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from llmtui.providers.registry import Registry
from llmtui.routing.retry import RetryingProvider
from llmtui.services.chat import ChatService
from llmtui.services.recorder import Recorder
from llmtui.storage.conversations import SQLiteStore
from tests.services.desk import Desk, make_fake


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    fake = make_fake()
    store = SQLiteStore(tmp_path / "llmtui.db")
    registry = Registry([fake.settings], wrap=lambda _: RetryingProvider(fake, fake.clocks))
    chat = ChatService(Recorder(store), registry)
    report = await chat.open()
    assert report.problem == ""
    yield Desk(chat, fake, store)
    await chat.settle()
    await chat.close()
