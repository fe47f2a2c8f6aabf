import asyncio
from pathlib import Path

import pytest

from llmtui.core.conversation import Role
from llmtui.core.errors import LlmtuiError, RateLimited, StorageError
from llmtui.core.events import ReasoningDelta, TextDelta, UsageUpdate
from llmtui.core.history import Conversation, MessageState, RequestRecord, StoredMessage, Target
from llmtui.core.usage import Usage
from llmtui.providers.script import Fault
from llmtui.services.chat import ChatService
from llmtui.services.recorder import Recorder
from llmtui.services.reply import ReplyClosed, ReplyOpened
from llmtui.services.thread import name_of, title_of
from llmtui.storage.conversations import SQLiteStore
from tests.services.desk import TARGET, Desk


async def _full_disk(message: StoredMessage, request: RequestRecord) -> None:
    raise StorageError("the disk is full")


async def stored_branch(desk: Desk, conversation_id: str) -> list[tuple[Role, str, MessageState]]:
    branch = await desk.store.branch(conversation_id)
    return [(message.message.role, message.message.text, message.state) for message in branch]


async def test_a_prompt_is_on_disk_before_the_request_is_made(desk: Desk) -> None:
    thread = desk.chat.new(TARGET)
    await desk.chat.send(thread.conversation.id, "hello", TARGET)
    assert desk.fake.requests == []
    assert await stored_branch(desk, thread.conversation.id) == [(Role.USER, "hello", MessageState.COMPLETE)]


async def test_a_reply_is_recorded_with_its_figures(desk: Desk) -> None:
    desk.fake.play(ReasoningDelta("hm"), TextDelta("Paris"), UsageUpdate(Usage(9, 2)))
    thread = await desk.ask("capital?")
    branch = await desk.store.branch(thread.conversation.id)
    assert branch[-1].message.text == "Paris"
    assert branch[-1].message.reasoning == "hm"
    request = branch[-1].request
    assert request is not None
    assert (request.provider, request.model, request.outcome) == ("fake", "echo", "complete")
    assert request.usage == Usage(9, 2)
    assert request.first_token_at is not None
    assert request.ended_at is not None
    assert request.started_at <= request.first_token_at <= request.ended_at
    assert request.cost is None


async def test_the_events_begin_with_opened_and_end_with_closed(desk: Desk) -> None:
    await desk.ask("hello")
    assert isinstance(desk.events[0], ReplyOpened)
    assert isinstance(desk.events[-1], ReplyClosed)
    assert desk.chat.streaming == frozenset()


async def test_the_whole_conversation_is_sent(desk: Desk) -> None:
    thread = await desk.ask("one")
    await desk.ask("two", thread)
    sent = desk.fake.requests[-1].messages
    assert [(m.role, m.text) for m in sent] == [
        (Role.USER, "one"),
        (Role.ASSISTANT, "You said: one"),
        (Role.USER, "two"),
    ]


async def test_stopping_keeps_what_arrived_and_closes_the_stream(desk: Desk) -> None:
    desk.fake.play(TextDelta("half "), Fault.HANG)
    thread = desk.chat.new(TARGET)
    await desk.chat.send(thread.conversation.id, "q", TARGET)
    reply = await desk.chat.reply(thread.conversation.id, TARGET)
    seen = asyncio.Event()

    def watch(event: object) -> None:
        if isinstance(event, TextDelta):
            seen.set()

    job = asyncio.create_task(desk.chat.run(reply, watch))
    await seen.wait()
    started = asyncio.get_running_loop().time()
    assert desk.chat.stop(thread.conversation.id)
    await job
    assert asyncio.get_running_loop().time() - started < 1
    assert (await stored_branch(desk, thread.conversation.id))[-1] == (
        Role.ASSISTANT,
        "half ",
        MessageState.STOPPED,
    )
    assert reply.record.usage is not None
    assert reply.record.usage.source == "estimated"


async def test_a_stop_before_the_first_step_still_stops(desk: Desk) -> None:
    desk.fake.play(Fault.HANG)
    thread = desk.chat.new(TARGET)
    await desk.chat.send(thread.conversation.id, "q", TARGET)
    reply = await desk.chat.reply(thread.conversation.id, TARGET)
    reply.stop()
    await desk.run(reply)
    assert reply.message.state is MessageState.STOPPED


async def test_a_cancelled_job_records_the_partial_reply(desk: Desk) -> None:
    desk.fake.play(TextDelta("half"), Fault.HANG)
    thread = desk.chat.new(TARGET)
    await desk.chat.send(thread.conversation.id, "q", TARGET)
    reply = await desk.chat.reply(thread.conversation.id, TARGET)
    seen = asyncio.Event()
    job = asyncio.create_task(
        desk.chat.run(reply, lambda event: seen.set() if isinstance(event, TextDelta) else None)
    )
    await seen.wait()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert (await stored_branch(desk, thread.conversation.id))[-1][1:] == ("half", MessageState.STOPPED)


async def test_an_error_keeps_the_partial_and_says_why(desk: Desk) -> None:
    desk.fake.play(TextDelta("half"), Fault.CUT)
    thread = await desk.ask("q")
    closed = desk.events[-1]
    assert isinstance(closed, ReplyClosed)
    assert type(closed.error).__name__ == "IncompleteStream"
    assert thread.last is not None
    assert thread.last.state is MessageState.FAILED
    assert thread.last.message.text == "half"
    assert thread.last.request is not None
    assert thread.last.request.outcome == "IncompleteStream"


async def test_an_error_is_never_sent_to_the_model(desk: Desk) -> None:
    desk.fake.play(RateLimited("slow down, you"))
    desk.fake.play(RateLimited("slow down, you"))
    thread = await desk.ask("one")
    await desk.ask("two", thread)
    assert "slow down" not in repr(desk.fake.requests[-1].messages)


async def test_regenerating_makes_a_sibling_and_keeps_the_first(desk: Desk) -> None:
    thread = await desk.ask("q")
    first = thread.last
    await desk.run(await desk.chat.regenerate(thread.conversation.id, TARGET))
    second = desk.chat.thread(thread.conversation.id).last
    assert first is not None
    assert second is not None
    assert second.siblings == (first.id, second.id)
    stored = (await desk.store.branch(thread.conversation.id))[-1]
    assert stored.id == second.id
    assert stored.siblings == (first.id, second.id)
    back = await desk.chat.show_sibling(thread.conversation.id, second.id, -1)
    assert back.last is not None
    assert back.last.id == first.id


async def test_editing_asks_beside_the_old_question(desk: Desk) -> None:
    thread = await desk.ask("old")
    question = thread.messages[0]
    await desk.chat.edit(thread.conversation.id, question.id, "new", TARGET)
    await desk.run(await desk.chat.reply(thread.conversation.id, TARGET))
    branch = await desk.store.branch(thread.conversation.id)
    assert [message.message.text for message in branch] == ["new", "You said: new"]
    assert len(branch[0].siblings) == 2


async def test_continuing_joins_the_partial_with_a_seam(desk: Desk) -> None:
    desk.fake.play(TextDelta("The capital of France"), Fault.CUT)
    thread = await desk.ask("q")
    desk.fake.play(TextDelta(" is Paris."))
    await desk.run(await desk.chat.resume(thread.conversation.id, TARGET))
    last = (await desk.store.branch(thread.conversation.id))[-1]
    assert last.message.text == "The capital of France is Paris."
    assert last.seam == len("The capital of France")
    assert last.continues_id == (thread.last.id if thread.last else None)
    assert len(last.siblings) == 2
    assert desk.fake.requests[-1].messages[-1].role is Role.USER


async def test_there_is_nothing_to_continue_in_an_empty_chat(desk: Desk) -> None:
    thread = desk.chat.new(TARGET)
    with pytest.raises(LlmtuiError, match="no reply"):
        await desk.chat.resume(thread.conversation.id, TARGET)


async def test_a_fork_is_a_copy_that_leaves_the_source_alone(desk: Desk) -> None:
    thread = await desk.ask("q")
    fork = await desk.chat.fork(thread.conversation.id)
    await desk.ask("more", fork)
    assert len(await desk.store.branch(thread.conversation.id)) == 2
    assert len(await desk.store.branch(fork.conversation.id)) == 4


async def test_a_fork_leaves_a_reply_that_streams_where_it_is(desk: Desk) -> None:
    thread = await desk.ask("q")
    conversation_id = thread.conversation.id
    desk.fake.gate = asyncio.Semaphore(0)
    await desk.chat.send(conversation_id, "more", TARGET)
    opened = asyncio.Event()
    reply = await desk.chat.reply(conversation_id, TARGET)
    job = asyncio.create_task(desk.chat.run(reply, lambda _: opened.set()))
    await opened.wait()
    fork = await desk.chat.fork(conversation_id)
    assert [m.message.text for m in fork.messages] == ["q", "You said: q", "more"]
    for _ in range(10):
        desk.fake.gate.release()
    await job
    assert desk.chat.thread(conversation_id).messages[-1].message.text == "You said: more"


async def test_a_message_of_another_branch_is_shown_with_its_branch(desk: Desk) -> None:
    thread = await desk.ask("old")
    conversation_id = thread.conversation.id
    await desk.chat.edit(conversation_id, thread.messages[0].id, "new", TARGET)
    found = await desk.chat.show_message(conversation_id, thread.messages[0].id)
    assert [m.message.text for m in found.messages] == ["old", "You said: old"]


async def test_a_chat_without_anything_in_it_is_not_listed(desk: Desk) -> None:
    thread = desk.chat.new(TARGET)
    await desk.chat.save_draft(thread.conversation.id, "an idea")
    assert [name_of(chat) for chat in await desk.chat.recent()] == ["draft: an idea"]
    await desk.chat.save_draft(thread.conversation.id, "")
    assert await desk.chat.recent() == []


async def test_a_deleted_chat_comes_back(desk: Desk) -> None:
    thread = await desk.ask("q")
    await desk.chat.delete(thread.conversation.id)
    assert thread.conversation.id not in [c.id for c in await desk.chat.recent()]
    await desk.chat.restore(thread.conversation.id)
    assert [c.id for c in await desk.chat.recent()] == [thread.conversation.id]
    assert len((await desk.chat.load(thread.conversation.id)).messages) == 2


async def test_a_draft_is_kept(desk: Desk) -> None:
    thread = desk.chat.new(TARGET)
    await desk.chat.save_draft(thread.conversation.id, "half a thought")
    conversation = await desk.store.conversation(thread.conversation.id)
    assert conversation is not None
    assert conversation.draft == "half a thought"


async def test_saving_a_draft_does_not_move_the_shown_branch(desk: Desk) -> None:
    thread = await desk.ask("q")
    await desk.chat.save_draft(thread.conversation.id, "next")
    assert len(await desk.store.branch(thread.conversation.id)) == 2


async def test_a_reply_that_began_unrecorded_is_recorded_whole_when_the_disk_is_back(desk: Desk) -> None:
    thread = desk.chat.new(TARGET)
    await desk.chat.send(thread.conversation.id, "q", TARGET)
    begin, desk.store.begin_reply = desk.store.begin_reply, _full_disk  # type: ignore[method-assign]
    try:
        await desk.run(await desk.chat.reply(thread.conversation.id, TARGET))
    finally:
        desk.store.begin_reply = begin  # type: ignore[method-assign]
    assert (await stored_branch(desk, thread.conversation.id))[-1][1] == "You said: q"
    assert desk.chat.recorder.problem == ""


async def test_a_database_that_could_not_be_opened_is_tried_again(tmp_path: Path) -> None:
    blocker = tmp_path / "folder"
    blocker.write_text("a file where the folder should be")
    recorder = Recorder(SQLiteStore(blocker / "llmtui.db"))
    report = await recorder.open()
    assert report.problem
    recorder._tried_s -= 60
    blocker.unlink()
    assert await recorder.write(recorder.store.save_conversation(Conversation("c", title="t")))
    assert recorder.problem == ""
    await recorder.store.close()


async def test_a_chat_goes_on_when_nothing_can_be_recorded(desk: Desk) -> None:
    await desk.store.close()
    changes: list[str] = []
    desk.chat.recorder.on_change = lambda: changes.append(desk.chat.recorder.problem)
    thread = await desk.ask("still there?")
    assert [m.message.text for m in thread.messages] == ["still there?", "You said: still there?"]
    assert changes
    assert changes[-1]


async def test_a_second_service_on_the_same_database_sees_the_chat(desk: Desk) -> None:
    thread = await desk.ask("q")
    other = ChatService(Recorder(desk.store), desk.chat._registry)
    await other.open()
    latest = await other.latest()
    assert latest is not None
    assert [m.id for m in latest.messages] == [m.id for m in thread.messages]


@pytest.mark.parametrize(
    ("text", "title"),
    [("hello", "hello"), ("a\nb", "a b"), ("word " * 40, " ".join(["word"] * 12) + "…")],
)
def test_a_title_is_the_first_line_cut_at_a_word(text: str, title: str) -> None:
    assert title_of(text) == title


async def test_a_provider_that_cannot_be_asked_is_logged(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    thread = desk.chat.new(TARGET)
    await desk.chat.send(thread.conversation.id, "penguins", Target("nobody"))
    await desk.run(await desk.chat.reply(thread.conversation.id, Target("nobody")))
    assert "not asked provider=nobody problem=\"no provider 'nobody'; configured: fake\"" in caplog.text
    assert "penguins" not in caplog.text


async def test_a_chat_that_is_deleted_meanwhile_breaks_nothing(desk: Desk) -> None:
    chat_id = (await desk.ask("q")).conversation.id
    await desk.chat.delete(chat_id)
    assert desk.chat.thread(chat_id).messages == ()
    await desk.chat.rename(chat_id, "late")
    await desk.chat.retarget(chat_id, TARGET)
    await desk.chat.restore(chat_id)
    assert (await desk.chat.load(chat_id)).conversation.title == "q"
