import asyncio
from pathlib import Path

import pytest

from llmtui.core.conversation import Role
from llmtui.core.events import TextDelta
from llmtui.core.history import RequestRecord, StoredMessage
from llmtui.providers.script import Fault
from llmtui.services.leaving import InFlight, in_flight
from llmtui.services.queue import QueueService
from llmtui.services.thread import Thread, name_of
from tests.services.desk import TARGET, Desk

CANARY = "xylophone-7431"


def private(desk: Desk) -> Thread:
    return desk.chat.new(TARGET, private=True)


def texts(thread: Thread) -> list[str]:
    return [message.message.text for message in thread.messages]


def bytes_below(folder: Path) -> bytes:
    """All that is on the disk, the write-ahead log included."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_nothing_of_a_private_chat_reaches_the_disk(desk: Desk, tmp_path: Path) -> None:
    thread = private(desk)
    chat_id = thread.conversation.id
    await desk.chat.save_draft(chat_id, f"draft {CANARY}")
    await desk.ask(f"one {CANARY}", thread)
    await desk.chat.rename(chat_id, f"title {CANARY}")
    await desk.run(await desk.chat.regenerate(chat_id, TARGET))
    desk.fake.play(TextDelta(f"half {CANARY}"), Fault.CUT)
    await desk.ask(f"two {CANARY}", desk.chat.thread(chat_id))
    await desk.run(await desk.chat.resume(chat_id, TARGET))
    first = desk.chat.thread(chat_id).messages[0]
    await desk.chat.edit(chat_id, first.id, f"edited {CANARY}", TARGET)
    desk.fake.play(TextDelta(f"long {CANARY}"), Fault.HANG)
    reply = await desk.chat.reply(chat_id, TARGET)
    streaming = asyncio.Event()
    running = asyncio.create_task(
        desk.chat.run(reply, lambda event: streaming.set() if isinstance(event, TextDelta) else None)
    )
    await streaming.wait()
    await QueueService(desk.chat).add(chat_id, f"queued {CANARY}")
    reply.stop()
    await running
    fork = await desk.chat.fork(chat_id)
    await desk.ask(f"forked {CANARY}", fork)
    await desk.chat.delete(fork.conversation.id)
    await desk.chat.restore(fork.conversation.id)

    await desk.ask("stored-9152")
    found = bytes_below(tmp_path)
    assert b"stored-9152" in found
    assert CANARY.encode() not in found
    assert chat_id.encode() not in found
    assert fork.conversation.id.encode() not in found
    await desk.chat.close()
    assert CANARY.encode() not in bytes_below(tmp_path)


async def test_a_private_request_leaves_no_row_in_the_ledger(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[RequestRecord] = []
    begin = desk.store.begin_reply

    async def note(message: StoredMessage, request: RequestRecord) -> None:
        rows.append(request)
        await begin(message, request)

    monkeypatch.setattr(desk.store, "begin_reply", note)
    await desk.ask("private", private(desk))
    assert rows == []
    await desk.ask("stored")
    assert len(rows) == 1


async def test_it_is_a_tree_like_any_other(desk: Desk) -> None:
    desk.fake.play(TextDelta("first"))
    desk.fake.play(TextDelta("second"))
    thread = await desk.ask("q", private(desk))
    chat_id = thread.conversation.id
    await desk.run(await desk.chat.regenerate(chat_id, TARGET))
    second = desk.chat.thread(chat_id).messages[-1]
    back = await desk.chat.show_sibling(chat_id, second.id, -1)
    assert texts(back) == ["q", "first"]
    assert back.messages[-1].siblings == (back.messages[-1].id, second.id)
    assert back.messages[-1].request is not None
    more = await desk.ask("more", back)
    assert texts(more) == ["q", "first", "more", "You said: more"]
    forth = await desk.chat.show_sibling(chat_id, back.messages[-1].id, 1)
    assert texts(forth) == ["q", "second"]
    again = await desk.chat.show_sibling(chat_id, second.id, -1)
    assert texts(again) == texts(more)
    edited = await desk.chat.edit(chat_id, again.messages[0].id, "other", TARGET)
    assert [message.message.role for message in edited.messages] == [Role.USER]
    assert len(edited.messages[0].siblings) == 2


async def test_it_is_listed_while_it_is_there_and_never_found_or_offered(desk: Desk) -> None:
    await desk.ask("stored")
    thread = await desk.ask(CANARY, private(desk))
    assert [name_of(chat) for chat in await desk.chat.recent()] == [f"private: {CANARY}", "stored"]
    assert await desk.chat.search(CANARY) == []
    assert await desk.chat.prompts() == ["stored"]
    await desk.chat.delete(thread.conversation.id)
    assert [name_of(chat) for chat in await desk.chat.recent()] == ["stored"]
    await desk.chat.restore(thread.conversation.id)
    assert texts(await desk.chat.load(thread.conversation.id)) == [CANARY, f"You said: {CANARY}"]


async def test_a_private_draft_is_listed_too(desk: Desk) -> None:
    await desk.chat.save_draft(private(desk).conversation.id, "an idea")
    assert [name_of(chat) for chat in await desk.chat.recent()] == ["private: draft: an idea"]


async def test_a_private_write_says_nothing_of_the_disk(desk: Desk) -> None:
    await desk.store.close()
    await desk.ask("cannot be stored")
    problem = desk.chat.recorder.problem
    assert problem
    thread = await desk.ask("private", private(desk))
    assert texts(thread) == ["private", "You said: private"]
    assert desk.chat.recorder.problem == problem


async def test_what_quitting_would_stop_and_lose_is_counted(desk: Desk) -> None:
    queue = QueueService(desk.chat)
    assert not in_flight(desk.chat)
    empty = private(desk)
    await desk.ask("done")
    assert not in_flight(desk.chat)
    await desk.chat.save_draft(empty.conversation.id, "typed")
    assert in_flight(desk.chat) == InFlight(private=1)
    streaming = desk.chat.new(TARGET).conversation.id
    for chat_id in (streaming, empty.conversation.id):
        await desk.chat.send(chat_id, "q", TARGET)
        reply = await desk.chat.reply(chat_id, TARGET)
        await queue.add(chat_id, "waits")
        if chat_id == streaming:
            stored = reply
    assert in_flight(desk.chat) == InFlight(replies=1, queued=1, private=1)
    await desk.run(stored)
    await desk.run(reply)
    assert in_flight(desk.chat) == InFlight(queued=1, private=1)


async def test_one_that_is_deleted_while_it_is_empty_comes_back_private(desk: Desk, tmp_path: Path) -> None:
    chat_id = private(desk).conversation.id
    await desk.chat.delete(chat_id)
    await desk.chat.restore(chat_id)
    thread = await desk.chat.load(chat_id)
    assert thread.conversation.private
    await desk.ask(f"after all {CANARY}", thread)
    assert CANARY.encode() not in bytes_below(tmp_path)
    assert desk.fake.requests[-1].private
