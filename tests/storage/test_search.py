"""Search finds words and phrases, and nothing that a person can type breaks it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmtui.core.conversation import Message, Role, TextPart, ToolResultPart, user
from llmtui.core.history import Conversation, StoredMessage, new_id
from llmtui.storage.conversations import SQLiteStore


@pytest.fixture
async def chat(store: SQLiteStore) -> Conversation:
    conversation = Conversation(new_id(), "Wörld capitals")
    await store.save_conversation(conversation)
    for text in ("What is the capital of Frânce?", "Paris is the capital.", "NOT AND OR NEAR foo_bar"):
        await store.add_message(StoredMessage(new_id(), conversation.id, None, user(text)))
    return conversation


async def excerpts(store: SQLiteStore, query: str) -> list[str]:
    return [hit.excerpt for hit in await store.search(query)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("france", ["What is the capital of \x02Frânce\x03?"]),
        ("FRÂN", ["What is the capital of \x02Frânce\x03?"]),
        ("capital of", ["What is the \x02capital\x03 \x02of\x03 Frânce?"]),
        ('"the capital"', ["Paris is \x02the capital\x03.", "What is \x02the capital\x03 of Frânce?"]),
        ('"the capita"', []),
        ("fran capital", []),
        ("world", ["\x02Wörld\x03 capitals"]),
        ("foo_bar", ["NOT AND OR NEAR \x02foo_bar\x03"]),
        ("NOT near", ["\x02NOT\x03 AND OR \x02NEAR\x03 foo_bar"]),
        ("😀 paris", ["\x02Paris\x03 is the capital."]),
    ],
)
async def test_it_finds(store: SQLiteStore, chat: Conversation, query: str, found: list[str]) -> None:
    assert sorted(await excerpts(store, query)) == sorted(found)


async def test_titles_come_first_and_lead_to_the_shown_leaf(store: SQLiteStore, chat: Conversation) -> None:
    hits = await store.search("capital")
    assert hits[0].excerpt == "Wörld \x02capitals\x03"
    shown = await store.conversation(chat.id)
    assert shown is not None
    assert hits[0].message_id == shown.leaf_id
    assert {hit.title for hit in hits} == {"Wörld capitals"}
    assert len(await store.search("capital", limit=2)) == 2


@pytest.mark.parametrize(
    "query",
    ["", " ", '"', '""', '" "', "*", "😀", "(", "NEAR(", "+", "^", ":", "a\0b", "\ud800", "-", "'", "AND"],
)
async def test_hostile_text_is_no_syntax_error(store: SQLiteStore, chat: Conversation, query: str) -> None:
    assert len(await excerpts(store, query)) <= 1


@given(query=st.text(st.sampled_from("\"*^:(){}+-~ a\0\n'NEAR,é你😀\u0301\ud800"), max_size=20))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_nothing_that_can_be_typed_raises(store: SQLiteStore, chat: Conversation, query: str) -> None:
    assert isinstance(await store.search(query), list)


async def test_only_what_was_said_is_searched(store: SQLiteStore) -> None:
    parts = (TextPart("first"), ToolResultPart("1", "tool", "hidden"), TextPart("second"))
    await store.add_message(StoredMessage(new_id(), new_id(), None, Message(Role.TOOL, parts)))
    assert await excerpts(store, "hidden") == []
    assert await excerpts(store, "second") == ["first\n\x02second\x03"]


async def test_a_long_message_is_cut_around_what_was_found(store: SQLiteStore) -> None:
    text = "before " * 500 + "needle " + "after " * 500
    await store.add_message(StoredMessage(new_id(), new_id(), None, user(text)))
    [excerpt] = await excerpts(store, "needle")
    assert "\x02needle\x03" in excerpt
    assert len(excerpt) < 250


async def test_the_better_match_comes_first_and_of_equals_the_newer(store: SQLiteStore) -> None:
    chat = new_id()
    for number, text in enumerate(["rare and a lot of other words", "rare", "rare rare", "rare", "nothing"]):
        await store.add_message(StoredMessage(str(number), chat, None, user(text)))
    hits = await store.search("rare")
    assert [hit.message_id for hit in hits] == ["2", "3", "1", "0"]
    assert [hit.message_id for hit in await store.search("rare", limit=1)] == ["2"]
