"""What is remembered of models, over a real database."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from llmtui.core.errors import LlmtuiError
from llmtui.core.history import Target
from llmtui.core.models import Capabilities, Fact, Limit, ModelInfo, ModelList
from llmtui.providers.registry import Registry
from llmtui.providers.scripted import ScriptedProvider
from llmtui.services.memory import StoredMemory
from llmtui.services.models import ModelService
from llmtui.services.recorder import Recorder
from llmtui.storage.conversations import SQLiteStore
from tests.services.desk import Desk, make_fake

YESTERDAY = datetime(2026, 1, 2, tzinfo=UTC)
LISTED = ModelInfo(
    "listed", capabilities=Capabilities(tools=Fact.no("live"), context_window=Limit(131_072, "live"))
)
ONE, TWO = Target("fake", "one"), Target("other", "two")


@dataclass
class Session:
    """One run of the program."""

    models: ModelService
    memory: StoredMemory
    store: SQLiteStore


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SQLiteStore]:
    store = SQLiteStore(tmp_path / "llmtui.db")
    yield store
    await store.close()


async def session(store: SQLiteStore, fake: ScriptedProvider | None = None) -> Session:
    fake = fake or make_fake(models=["configured"])
    recorder = Recorder(store)
    await recorder.open()
    memory = StoredMemory(recorder, store)
    registry = Registry([fake.settings], wrap=lambda _: fake)
    return Session(ModelService(registry, memory), memory, store)


async def mark(session: Session, target: Target) -> None:
    session.memory.toggle(target)
    await session.memory.save_mark(target)


class Server(ScriptedProvider):
    """A server that lists another model than those known beforehand."""

    async def list_models(self) -> list[ModelInfo]:
        self._refuse_when_down()
        return [LISTED]


def server(**options: object) -> Server:
    return Server(make_fake("fake", **options).settings)


async def test_marks_and_lists_are_there_in_the_next_session(store: SQLiteStore) -> None:
    first = await session(store, server())
    await mark(first, TWO)
    await mark(first, ONE)
    await first.models.refresh("fake")

    second = await session(store)
    assert second.memory.favourites == []
    await second.memory.recall()
    assert second.memory.favourites == [TWO, ONE]
    assert second.memory.lists["fake"].models == (LISTED,)


async def test_a_mark_is_taken_away_for_good(store: SQLiteStore) -> None:
    first = await session(store)
    await mark(first, ONE)
    second = await session(store)
    await second.memory.recall()
    await mark(second, ONE)
    assert second.memory.favourites == []
    assert await store.favourites() == []


async def test_a_server_that_is_down_still_has_its_last_list_and_the_defaults(store: SQLiteStore) -> None:
    await store.open()
    await store.save_model_list("fake", ModelList((LISTED,), YESTERDAY))
    later = await session(store, server(down="connection refused", models=["configured"]))
    assert [model.id for model in await later.models.known("fake")] == ["configured"]
    await later.memory.recall()
    listed, configured = await later.models.known("fake")
    assert (listed.id, configured.id) == ("listed", "configured")
    assert later.models.listed_at("fake") == YESTERDAY
    with pytest.raises(LlmtuiError, match="refused"):
        await later.models.refresh("fake")
    assert later.models.listed_at("fake") == YESTERDAY


async def test_a_fresh_list_is_not_replaced_by_what_is_recalled(store: SQLiteStore) -> None:
    await store.open()
    await store.save_model_list("fake", ModelList((ModelInfo("old"),), YESTERDAY))
    await store.save_model_list("other", ModelList((ModelInfo("old"),), YESTERDAY))
    now = await session(store, server())
    await now.models.refresh("fake")
    await now.memory.recall()
    assert [model.id for model in await now.models.known("fake")] == ["listed", "echo"]
    assert now.models.listed_at("other") == YESTERDAY
    assert (await store.model_lists())["fake"].models == (LISTED,)


async def test_a_provider_that_cannot_be_built_has_its_last_list(store: SQLiteStore) -> None:
    await store.open()
    await store.save_model_list("gone", ModelList((LISTED,), YESTERDAY))
    later = await session(store)
    await later.memory.recall()
    assert await later.models.known("gone") == [LISTED]


async def test_what_the_server_told_goes_over_what_is_known_of_the_kind(store: SQLiteStore) -> None:
    (listed, default) = await (await session(store, server())).models.refresh("fake")
    assert listed.capabilities.tools == Fact.no("live")
    assert listed.capabilities.reasoning == Fact.yes("provider")
    assert default.capabilities.tools == Fact.yes("provider")


async def test_the_context_of_a_model_is_known_before_its_server_is_asked(store: SQLiteStore) -> None:
    await store.open()
    await store.save_model_list("fake", ModelList((LISTED,), YESTERDAY))
    assert await (await session(store)).models.context_window(Target("fake", "listed")) == 131_072


async def test_without_a_disk_marks_and_lists_last_as_long_as_the_program(store: SQLiteStore) -> None:
    now = await session(store, server())
    await store.close()
    await mark(now, ONE)
    await now.models.refresh("fake")
    assert now.memory.favourites == [ONE]
    assert [model.id for model in await now.models.known("fake")] == ["listed", "echo"]
    assert await now.memory.recent() == []
    await mark(now, ONE)
    assert now.memory.favourites == []


async def test_who_was_asked_is_remembered_by_the_name_that_was_asked_for(desk: Desk) -> None:
    await desk.ask("q")
    memory = StoredMemory(desk.chat.recorder, desk.store)
    assert await memory.recent() == [Target("fake", "echo")]
