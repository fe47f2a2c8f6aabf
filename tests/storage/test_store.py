"""The store keeps what it is given, and only StorageError comes out of it."""

import asyncio
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from llmtui.core.conversation import Message, Role, TextPart, user
from llmtui.core.errors import StorageError
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
from llmtui.core.ports import ConversationStore
from llmtui.core.usage import Usage
from llmtui.storage import database
from llmtui.storage.conversations import SQLiteStore


def prompt(conversation_id: str, text: str, parent_id: str | None = None) -> StoredMessage:
    return StoredMessage(new_id(), conversation_id, parent_id, user(text))


def reply_to(message: StoredMessage) -> tuple[StoredMessage, RequestRecord]:
    reply = StoredMessage(
        new_id(), message.conversation_id, message.id, Message(Role.ASSISTANT, ()), MessageState.STREAMING
    )
    record = RequestRecord(new_id(), "ollama", "llama3", now(), message.conversation_id, reply.id)
    return reply, record


def test_it_is_a_conversation_store(path: Path) -> None:
    store: ConversationStore = SQLiteStore(path)
    assert store is not None


async def test_conversations_come_back_newest_first_with_all_their_fields(store: SQLiteStore) -> None:
    start = now()
    old = Conversation(new_id(), "Old", start, start, Target("openai"), None, "half a dr")
    new = Conversation(new_id(), "New", start, start + timedelta(seconds=1), Target("a", "m"))
    for conversation in (new, old):
        await store.save_conversation(conversation)
    assert await store.conversations() == [new, old]
    assert await store.conversations(limit=1) == [new]
    renamed = replace(old, title="Renamed", updated_at=start + timedelta(seconds=2), draft="", target=None)
    await store.save_conversation(renamed)
    assert await store.conversations() == [renamed, new]
    assert await store.conversation(old.id) == renamed
    assert await store.conversation("unknown") is None


async def test_a_deleted_conversation_disappears_everywhere_until_it_is_restored(store: SQLiteStore) -> None:
    conversation = Conversation(new_id(), "Zebras")
    await store.save_conversation(conversation)
    message = prompt(conversation.id, "stripes")
    await store.add_message(message)
    await store.delete_conversation(conversation.id)
    assert await store.conversations() == []
    assert await store.conversation(conversation.id) is None
    assert await store.search("zebras") == await store.search("stripes") == []
    assert await store.prompts() == []
    await store.save_conversation(replace(conversation, draft="written late"))
    assert await store.conversations() == []
    await store.restore_conversation(conversation.id)
    assert [found.id for found in await store.conversations()] == [conversation.id]
    assert await store.prompts() == ["stripes"]
    assert len(await store.search("zebras")) == len(await store.search("stripes")) == 1


async def test_a_message_becomes_the_leaf_and_lifts_its_conversation(store: SQLiteStore) -> None:
    first, second = Conversation(new_id()), Conversation(new_id())
    await store.save_conversation(first)
    await store.save_conversation(second)
    message = prompt(first.id, "hello")
    await store.add_message(message)
    listed = await store.conversations()
    assert [conversation.id for conversation in listed] == [first.id, second.id]
    assert listed[0].leaf_id == message.id
    assert listed[0].updated_at == message.created_at


async def test_a_reply_streams_from_its_journal_and_ends_with_its_final_parts(store: SQLiteStore) -> None:
    question = prompt(new_id(), "why?")
    await store.add_message(question)
    reply, record = reply_to(question)
    await store.begin_reply(reply, record)
    await store.journal(reply.id, [JournalEntry("reasoning", "hm"), JournalEntry("text", "Be")])
    await store.journal(reply.id, [JournalEntry("text", "cause")])
    shown = (await store.branch(question.conversation_id))[-1]
    assert (shown.state, shown.message.text, shown.message.reasoning) == ("streaming", "Because", "hm")
    assert shown.request == record
    closed = replace(
        record,
        ended_at=now(),
        usage=Usage(3, 5, source="estimated", generation_s=0.25),
        cost="0.0021",
        outcome="stopped",
        attempts=2,
        finish_reason="stop",
        error="",
    )
    await store.end_reply(reply.id, (TextPart("Because."),), MessageState.STOPPED, closed)
    shown = (await store.branch(question.conversation_id))[-1]
    assert (shown.state, shown.message.parts) == (MessageState.STOPPED, (TextPart("Because."),))
    assert shown.request == closed


async def test_a_late_journal_entry_changes_no_ended_reply(store: SQLiteStore) -> None:
    question = prompt(new_id(), "why?")
    await store.add_message(question)
    reply, record = reply_to(question)
    await store.begin_reply(reply, record)
    await store.end_reply(reply.id, (TextPart("whole"),), MessageState.COMPLETE, record)
    await store.journal(reply.id, [JournalEntry("text", "late")])
    assert (await store.branch(question.conversation_id))[-1].message.text == "whole"


async def test_a_reply_can_be_ended_again(store: SQLiteStore) -> None:
    question = prompt(new_id(), "why?")
    reply, record = reply_to(question)
    await store.begin_reply(reply, record)
    for text in ("apples", "oranges"):
        await store.end_reply(reply.id, (TextPart(text),), MessageState.COMPLETE, record)
    assert await store.search("apples") == []
    assert [hit.message_id for hit in await store.search("oranges")] == [reply.id]


async def test_a_continued_reply_begins_with_the_text_it_carries_on(store: SQLiteStore) -> None:
    question = prompt(new_id(), "count")
    await store.add_message(question)
    reply, record = reply_to(question)
    begun = replace(
        reply, message=Message(Role.ASSISTANT, (TextPart("one, "),)), continues_id="earlier", seam=5
    )
    await store.begin_reply(begun, record)
    await store.journal(reply.id, [JournalEntry("text", "two")])
    shown = (await store.branch(question.conversation_id))[-1]
    assert (shown.message.parts, shown.continues_id, shown.seam) == ((TextPart("one, two"),), "earlier", 5)


async def test_what_follows_an_unrecorded_message_is_kept(store: SQLiteStore) -> None:
    """After a full disk neither the conversation nor the parent need be there."""
    first = prompt("never-saved", "one", parent_id="never-recorded")
    second = prompt("never-saved", "two", parent_id=first.id)
    await store.add_message(first)
    await store.add_message(second)
    assert [message.message.text for message in await store.branch("never-saved")] == ["one", "two"]
    assert [conversation.id for conversation in await store.conversations()] == ["never-saved"]
    await store.save_conversation(Conversation("never-saved", leaf_id="never-recorded"))
    assert [message.id for message in await store.branch("never-saved")] == [first.id, second.id]


async def test_a_whole_reply_can_be_added_with_its_ledger_row(store: SQLiteStore) -> None:
    question = prompt(new_id(), "why?")
    reply, record = reply_to(question)
    whole = replace(reply, state=MessageState.COMPLETE, request=replace(record, outcome="complete"))
    await store.add_message(question)
    await store.add_message(whole)
    assert (await store.branch(question.conversation_id))[-1] == replace(whole, siblings=(whole.id,))


async def test_a_branch_of_nothing_is_empty(store: SQLiteStore) -> None:
    message = prompt(new_id(), "here")
    await store.add_message(message)
    assert await store.branch("unknown") == []
    assert await store.branch(message.conversation_id, "unknown") == []
    assert await store.branch("unknown", message.id) == []
    assert await store.newest_leaf("unknown") == "unknown"


async def test_prompts_are_distinct_and_newest_first(store: SQLiteStore) -> None:
    conversation_id = new_id()
    for text in ("a", "b", "a", "c", ""):
        await store.add_message(prompt(conversation_id, text))
    reply, record = reply_to(prompt(conversation_id, ""))
    await store.begin_reply(reply, record)
    await store.end_reply(reply.id, (TextPart("no prompt"),), MessageState.COMPLETE, record)
    assert await store.prompts() == ["c", "a", "b"]
    assert await store.prompts(limit=2) == ["c", "a"]


async def test_everything_is_there_after_a_restart(store: SQLiteStore, path: Path) -> None:
    conversation = Conversation(new_id(), "Title", draft="unsent")
    await store.save_conversation(conversation)
    message = prompt(conversation.id, "kept")
    await store.add_message(message)
    await store.close()
    again = SQLiteStore(path)
    assert not (await again.open()).recovered
    assert await again.branch(conversation.id) == [replace(message, siblings=(message.id,))]
    assert (await again.conversations())[0].draft == "unsent"
    await again.close()


async def test_bad_writes_raise_storage_errors_and_leave_nothing(store: SQLiteStore) -> None:
    message = prompt(new_id(), "once")
    await store.add_message(message)
    reply, record = reply_to(message)
    with pytest.raises(StorageError, match="UNIQUE"):
        await store.add_message(message)
    with pytest.raises(StorageError, match="could not be recorded"):
        await store.journal("unknown", [JournalEntry("text", "x")])
    with pytest.raises(StorageError, match="could not be recorded"):
        await store.end_reply("unknown", (), MessageState.COMPLETE, record)
    with pytest.raises(StorageError):
        await store.begin_reply(reply, replace(record, usage=Usage(input=2**80)))
    half_a_pair = Message(Role.USER, (TextPart("\ud800"),))
    with pytest.raises(StorageError, match="surrogates"):
        await store.add_message(replace(prompt(message.conversation_id, ""), message=half_a_pair))
    assert len(await store.branch(message.conversation_id)) == 1


async def test_a_store_that_is_not_open_raises_storage_errors(path: Path) -> None:
    store = SQLiteStore(path)
    with pytest.raises(StorageError, match="not open"):
        await store.conversations()
    await store.open()
    await store.close()
    await store.close()
    with pytest.raises(StorageError, match="closed"):
        await store.add_message(prompt(new_id(), "too late"))


async def test_a_write_is_finished_although_its_caller_was_cancelled(store: SQLiteStore) -> None:
    message = prompt(new_id(), "sent")
    writing = asyncio.create_task(store.add_message(message))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await store.close()
    await store.open()
    assert await store.prompts() == ["sent"]


async def test_reads_go_on_while_a_write_waits_for_another_program(store: SQLiteStore, path: Path) -> None:
    blocker = database.connect(path)
    blocker.execute("BEGIN IMMEDIATE")
    message = prompt(new_id(), "patient")
    writing = asyncio.create_task(store.add_message(message))
    for _ in range(20):
        assert await store.conversations() == []
    assert not writing.done()
    blocker.execute("ROLLBACK")
    await writing
    blocker.close()
    assert await store.prompts() == ["patient"]


async def test_the_index_agrees_with_the_messages_after_all_kinds_of_writes(
    store: SQLiteStore, path: Path
) -> None:
    conversation = Conversation(new_id(), "first title")
    await store.save_conversation(conversation)
    question = prompt(conversation.id, "a question")
    await store.add_message(question)
    for text in ("an answer", ""):
        reply, record = reply_to(question)
        await store.begin_reply(reply, record)
        await store.end_reply(reply.id, (TextPart(text),) if text else (), MessageState.COMPLETE, record)
        await store.end_reply(reply.id, (TextPart("another"),), MessageState.COMPLETE, record)
    await store.save_conversation(replace(conversation, title="second title"))
    await store.close()
    connection = sqlite3.connect(path)
    for index in ("message_index", "title_index"):
        connection.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")
    connection.close()
