"""What is remembered of models: marks, who answered lately, and what each server listed last."""

import json
import sqlite3
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.core.conversation import assistant
from llmtui.core.history import RequestRecord, StoredMessage, Target
from llmtui.core.models import Capabilities, Fact, FactSource, Limit, ModelInfo, ModelList, Price
from llmtui.storage.conversations import SQLiteStore
from llmtui.storage.model_lists import decode, encode

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
sources = st.sampled_from(get_args(FactSource))
facts = st.builds(Fact, st.none() | st.booleans(), sources)
limits = st.builds(Limit, st.none() | st.integers(), sources)
by_name = {
    field.name: limits if isinstance(getattr(Capabilities(), field.name), Limit) else facts
    for field in fields(Capabilities)
}
amounts = st.none() | st.decimals(min_value=0, allow_nan=False, allow_infinity=False)
prices = st.builds(Price, amounts, amounts, amounts, amounts, sources, st.text())
models = st.builds(
    ModelInfo,
    st.text(),
    st.text(),
    st.builds(Capabilities, **by_name),
    st.none() | st.booleans(),
    st.text(),
    prices,
)


@given(st.lists(models, max_size=4))
def test_a_list_of_models_comes_back_as_it_was(listed: list[ModelInfo]) -> None:
    assert decode(encode(listed)) == tuple(listed)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "name", "can", "leaves", "price", "input", "source", "note", "tools", "context_window"]
            ),
            inner,
        )
    ),
    max_leaves=12,
)


@given(json_values.map(json.dumps) | st.text())
def test_any_other_text_is_a_list_or_refused(text: str) -> None:
    try:
        found = decode(text)
    except ValueError:
        return
    assert decode(encode(found)) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "7",
        '[{"name": "no id"}]',
        '[{"id": 7}]',
        '[{"id": "m", "leaves": 1}]',
        '[{"id": "m", "can": {"tools": [1, "live"]}}]',
        '[{"id": "m", "can": {"tools": [true, "rumour"]}}]',
        '[{"id": "m", "can": {"tools": true}}]',
        '[{"id": "m", "can": {"context_window": [true, "live"]}}]',
        pytest.param("[" * 100_000, id="deep"),
    ],
)
def test_what_is_no_list_of_models_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a list of models"):
        decode(text)


def test_what_a_later_version_knows_besides_is_left_out() -> None:
    text = '[{"id": "m", "mood": "good", "can": {"singing": [true, "live"], "tools": [true, "live"]}}]'
    assert decode(text) == (ModelInfo("m", capabilities=Capabilities(tools=Fact.yes("live"))),)


async def test_a_fresh_list_takes_the_place_of_the_last_one(store: SQLiteStore) -> None:
    old = ModelList((ModelInfo("old"),), WHEN)
    new = ModelList((ModelInfo("new", detail="3B"), ModelInfo("newer")), WHEN + timedelta(days=1))
    await store.save_model_list("box", old)
    await store.save_model_list("far", old)
    await store.save_model_list("box", new)
    assert await store.model_lists() == {"box": new, "far": old}


async def test_a_damaged_list_is_left_out_and_the_others_stay(store: SQLiteStore, path: Path) -> None:
    kept = ModelList((ModelInfo("m"),), WHEN)
    for provider in ("one", "two", "three"):
        await store.save_model_list(provider, kept)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("""UPDATE model_lists SET models = '[{"id"' WHERE provider = 'one'""")
        connection.execute("UPDATE model_lists SET fetched_at = 'long ago' WHERE provider = 'two'")
    connection.close()
    assert await store.model_lists() == {"three": kept}


async def test_marks_stay_in_their_order(store: SQLiteStore) -> None:
    one, two = Target("a", "m"), Target("b", "m")
    for target in (two, one, two):
        await store.set_favourite(target, marked=True)
    assert await store.favourites() == [two, one]
    await store.set_favourite(two, marked=False)
    await store.set_favourite(Target("nobody", "m"), marked=False)
    assert await store.favourites() == [one]


async def asked(
    store: SQLiteStore, minutes: int, model: str, outcome: str = "complete", wanted: str = ""
) -> None:
    """Record a request of that many minutes after the first."""
    own = f"{minutes}-{model}"
    record = RequestRecord(
        own,
        "box",
        model,
        WHEN + timedelta(minutes=minutes),
        message_id=own,
        outcome=outcome,
        requested=wanted,
    )
    await store.add_message(StoredMessage(own, "chat", None, assistant("a"), request=record))


async def test_who_answered_lately_stands_once_and_newest_first(store: SQLiteStore) -> None:
    await asked(store, 1, "a")
    await asked(store, 2, "b")
    await asked(store, 3, "c", "RateLimited")
    await asked(store, 4, "d", "stopped")
    await asked(store, 5, "a", "interrupted")
    await asked(store, 6, "b", "ConnectError")
    await asked(store, 7, "", "complete")
    assert [target.model for target in await store.recent_targets()] == ["a", "d", "b"]
    assert await store.recent_targets(1) == [Target("box", "a")]


async def test_a_model_is_called_by_the_name_that_was_asked_for(store: SQLiteStore) -> None:
    await asked(store, 1, "gpt-5-2026-01-01", wanted="gpt-5")
    await asked(store, 2, "gpt-5-2026-02-02", wanted="gpt-5")
    assert await store.recent_targets() == [Target("box", "gpt-5")]
