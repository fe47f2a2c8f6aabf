import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.core.errors import LlmtuiError, ModelNotFound, Unsupported
from llmtui.core.model_admin import ModelAction, OfferedModel, RunningModel, StoredModel
from llmtui.services.shelf import ORDERS, Shelf, ShelfService, keep_alive_of
from tests.services.model_server import ModelServer

DAY = timedelta(days=1)
NOW = datetime(2026, 5, 4, tzinfo=UTC)
MODELS = st.builds(
    StoredModel,
    name=st.text(max_size=5),
    size=st.none() | st.integers(0, 10),
    digest=st.sampled_from(["", "a", "b"]),
    family=st.sampled_from(["", "llama"]),
    modified_at=st.none() | st.sampled_from([NOW, NOW - DAY]),
)


@given(st.lists(MODELS), st.sampled_from(list(ORDERS)))
def test_an_order_loses_no_model(models: list[StoredModel], order: str) -> None:
    found = Shelf(tuple(models)).in_order(order)
    assert sorted(map(id, found)) == sorted(map(id, models))


def test_the_largest_and_the_newest_come_first() -> None:
    old = StoredModel("b", size=9, modified_at=NOW - DAY)
    new = StoredModel("A", size=1, modified_at=NOW)
    nobody_knows = StoredModel("c")
    shelf = Shelf((nobody_knows, old, new))
    assert shelf.in_order("name") == [new, old, nobody_knows]
    assert shelf.in_order("size") == [old, new, nobody_knows]
    assert shelf.in_order("modified") == [new, old, nobody_knows]


@given(st.lists(MODELS, unique_by=lambda model: model.name))
def test_files_go_with_the_last_name_only(models: list[StoredModel]) -> None:
    shelf = Shelf(tuple(models))
    for model in models:
        others = [one for one in models if one.name != model.name and one.digest == model.digest]
        assert shelf.is_last(model) == (not model.digest or not others)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("30m", 1800),
        ("30", 30),
        ("1.5h", 5400),
        ("2 d", 172_800),
        ("0", 0),
        ("forever", math.inf),
    ],
)
def test_a_time_is_read_as_people_write_it(text: str, seconds: float) -> None:
    assert keep_alive_of(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5m", "nan", "inf", "m", "1e999"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(LlmtuiError, match="is no time"):
        keep_alive_of(text)


async def test_each_look_closes_its_connection() -> None:
    server = ModelServer(models={"m": StoredModel("m")}, offers=[OfferedModel("n")])
    refreshed: list[str] = []

    async def refresh(provider_id: str) -> None:
        refreshed.append(provider_id)
        raise LlmtuiError("the list does not come")

    service = ShelfService(server.open, refresh)
    shelf = await service.look("box")
    assert [model.name for model in shelf.stored] == ["m"]
    assert await service.offered("box") == [OfferedModel("n")]
    assert (await service.show("box", "m")).name == "m"
    with pytest.raises(ModelNotFound):
        await service.show("box", "nobody")
    with pytest.raises(Unsupported):
        await service.copy("box", "m", "n")
    assert refreshed == []
    await service.delete("box", "m")
    assert refreshed == ["box"]
    assert server.opened == server.closed == 6


async def test_a_server_that_tells_nothing_of_its_memory_is_not_asked() -> None:
    server = ModelServer(actions=frozenset({ModelAction.PULL}))
    server.running_models = [RunningModel("m")]

    async def refresh(provider_id: str) -> None:
        raise AssertionError

    service = ShelfService(server.open, refresh)
    assert (await service.look("box")).running == ()
    server.actions = frozenset({ModelAction.RUNNING})
    assert (await service.look("box")).running_model("m") == RunningModel("m")
