"""Laws: what goes in comes out, a branch is the chain of parents, the journal folds to what was written."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from llmtui.core.conversation import (
    FilePart,
    ImagePart,
    Message,
    Opaque,
    OpaquePart,
    Part,
    ReasoningPart,
    Role,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    assistant,
    user,
)
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
from llmtui.core.usage import Usage
from llmtui.storage.conversations import SQLiteStore

texts = st.text(st.characters(exclude_categories=["Cs"]))
counts = st.none() | st.integers(0, 2**62)
numbers = st.integers() | st.floats(allow_nan=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
opaques = st.builds(Opaque, texts, texts, json_values)
parts = st.one_of(
    st.builds(TextPart, texts),
    st.builds(ImagePart, st.binary(), texts, texts),
    st.builds(FilePart, st.binary(), texts, texts),
    st.builds(ReasoningPart, texts, st.none() | opaques),
    st.builds(ToolCallPart, texts, texts, texts),
    st.builds(ToolResultPart, texts, texts, texts, st.booleans()),
    st.builds(OpaquePart, opaques),
)
times = st.datetimes(
    datetime(1980, 1, 1),
    datetime(2200, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-9.5))]),
)
usages = st.builds(
    Usage, counts, counts, counts, counts, counts, st.sampled_from(["reported", "estimated"]),
    st.none() | st.floats(0, 1e6),
)  # fmt: skip
optional_texts = st.none() | texts


def records(message: StoredMessage) -> st.SearchStrategy[RequestRecord]:
    optional_times = st.none() | times
    return st.builds(
        RequestRecord, st.just(new_id()), texts, texts, times, st.just(message.conversation_id),
        st.just(message.id), optional_times, optional_times, st.none() | usages, optional_texts,
        optional_texts, optional_texts, texts, texts, st.integers(1, 9), texts, texts, texts,
    )  # fmt: skip


def with_store(check: Callable[[SQLiteStore], Coroutine[Any, Any, None]]) -> None:
    """Run a check on a store of its own."""

    async def run(folder: str) -> None:
        store = SQLiteStore(Path(folder) / "llmtui.db")
        assert not (await store.open()).problem
        try:
            await check(store)
        finally:
            await store.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(folder))


@given(st.lists(parts, max_size=5), st.sampled_from(Role), times, st.data())
@settings(max_examples=60, deadline=None)
def test_a_message_comes_back_as_it_was(
    content: list[Part], role: Role, created: datetime, data: st.DataObject
) -> None:
    message = StoredMessage(
        new_id(), new_id(), None, Message(role, tuple(content)), MessageState.FAILED, created,
        data.draw(optional_texts), data.draw(counts),
    )  # fmt: skip
    message = replace(message, request=data.draw(records(message)), siblings=(message.id,))

    async def check(store: SQLiteStore) -> None:
        await store.add_message(message)
        [found] = await store.branch(message.conversation_id)
        assert found == message

    with_store(check)


@given(texts, times, times, st.none() | st.builds(Target, texts, optional_texts), texts)
@settings(max_examples=30, deadline=None)
def test_a_conversation_comes_back_as_it_was(
    title: str, created: datetime, updated: datetime, target: Target | None, draft: str
) -> None:
    conversation = Conversation(new_id(), title, created, updated, target, None, draft)

    async def check(store: SQLiteStore) -> None:
        await store.save_conversation(conversation)
        assert await store.conversation(conversation.id) == conversation
        await store.save_conversation(conversation)
        assert await store.conversations() == [conversation]

    with_store(check)


@st.composite
def trees(draw: st.DrawFn) -> list[StoredMessage]:
    """Messages in the order of their creation; each has an earlier one, or nothing, as parent."""
    conversation_id = new_id()
    messages: list[StoredMessage] = []
    for number in range(draw(st.integers(1, 14))):
        parent = draw(st.none() | st.sampled_from(messages)) if messages else None
        make = draw(st.sampled_from([user, assistant]))
        messages.append(
            StoredMessage(new_id(), conversation_id, parent.id if parent else None, make(str(number)))
        )
    return messages


@given(trees())
@settings(max_examples=40, deadline=None)
def test_a_branch_is_the_chain_of_parents_with_all_siblings(tree: list[StoredMessage]) -> None:
    by_id = {message.id: message for message in tree}

    def chain(leaf: StoredMessage) -> list[str]:
        above = chain(by_id[leaf.parent_id]) if leaf.parent_id else []
        return [*above, leaf.id]

    def siblings(message: StoredMessage) -> tuple[str, ...]:
        kin = (message.parent_id, message.message.role)
        return tuple(other.id for other in tree if (other.parent_id, other.message.role) == kin)

    def newest_below(message: StoredMessage) -> str:
        return next(other.id for other in reversed(tree) if message.id in chain(other))

    async def check(store: SQLiteStore) -> None:
        for message in tree:
            await store.add_message(message)
        conversation_id = tree[0].conversation_id
        for leaf in tree:
            branch = await store.branch(conversation_id, leaf.id)
            assert [message.id for message in branch] == chain(leaf)
            assert [message.siblings for message in branch] == [siblings(message) for message in branch]
            assert await store.newest_leaf(leaf.id) == newest_below(leaf)
            for limit in range(1, len(branch) + 2):
                assert await store.branch(conversation_id, leaf.id, limit) == branch[-limit:]
        assert (await store.branch(conversation_id))[-1].id == tree[-1].id
        await store.save_conversation(Conversation(conversation_id, leaf_id=tree[0].id))
        assert (await store.branch(conversation_id))[-1].id == tree[0].id

    with_store(check)


entries = st.builds(JournalEntry, st.sampled_from(["text", "reasoning"]), texts)


@given(st.lists(st.lists(entries, max_size=4), max_size=5), st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_journal_folds_to_what_was_written(batches: list[list[JournalEntry]], died: bool) -> None:
    reply = StoredMessage(
        new_id(), new_id(), None, Message(Role.ASSISTANT, (TextPart("begun "),)), MessageState.STREAMING
    )
    record = RequestRecord(new_id(), "p", "m", now(), reply.conversation_id, reply.id)
    written = [entry for batch in batches for entry in batch]

    async def check(store: SQLiteStore) -> None:
        await store.begin_reply(reply, record)
        for batch in batches:
            await store.journal(reply.id, batch)
        if died:
            await store.close()
            assert list((await store.open()).recovered) == [reply.id]
        [found] = await store.branch(reply.conversation_id)
        assert found.state is (MessageState.INTERRUPTED if died else MessageState.STREAMING)
        assert found.message.text == "begun " + "".join(e.text for e in written if e.kind == "text")
        assert found.message.reasoning == "".join(e.text for e in written if e.kind == "reasoning")
        kinds = [type(part) for part in found.message.parts]
        assert all(left is not right for left, right in pairwise(kinds))

    with_store(check)
