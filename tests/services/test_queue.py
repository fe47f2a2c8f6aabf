import asyncio

import pytest

from llmtui.core.errors import RateLimited
from llmtui.core.events import Finish, FinishReason, TextDelta
from llmtui.core.history import Target
from llmtui.providers.script import Action, Fault
from llmtui.services.chat import ChatService
from llmtui.services.queue import QueueService
from llmtui.services.recorder import Recorder
from llmtui.services.reply import Reply
from tests.services.desk import TARGET, Desk


@pytest.fixture
def queue(desk: Desk) -> QueueService:
    return QueueService(desk.chat)


async def begin(desk: Desk, *steps: Action) -> Reply:
    """A chat whose first reply is about to run."""
    if steps:
        desk.fake.play(*steps)
    thread = desk.chat.new(TARGET)
    await desk.chat.send(thread.conversation.id, "first", TARGET)
    return await desk.chat.reply(thread.conversation.id, TARGET)


async def run_on(desk: Desk, queue: QueueService, reply: Reply | None) -> None:
    """Run a reply and all that follow it."""
    while reply is not None:
        await desk.run(reply)
        reply = await queue.follow(reply.message, TARGET)


async def stop(desk: Desk, reply: Reply) -> None:
    """Run a reply and stop it at its first word."""
    await desk.chat.run(reply, lambda event: reply.stop() if isinstance(event, TextDelta) else None)


def sent(desk: Desk, conversation_id: str) -> list[str]:
    return [message.message.text for message in desk.chat.thread(conversation_id).messages[::2]]


async def test_what_is_queued_is_sent_in_order_after_each_good_end(desk: Desk, queue: QueueService) -> None:
    reply = await begin(desk)
    chat_id = reply.conversation_id
    assert queue.takes(chat_id)
    await queue.add(chat_id, "second")
    await queue.add(chat_id, "third")
    assert queue.texts(chat_id) == ("second", "third")
    assert not queue.is_held(chat_id)
    await run_on(desk, queue, reply)
    assert sent(desk, chat_id) == ["first", "second", "third"]
    assert queue.texts(chat_id) == ()
    assert not queue.takes(chat_id)
    assert len(await desk.store.branch(chat_id)) == 6


@pytest.mark.parametrize(
    "steps",
    [
        (TextDelta("half"), Fault.CUT),
        (TextDelta("half"), RateLimited("slow down")),
        (TextDelta("half"), Finish(FinishReason.LENGTH)),
        (Finish(FinishReason.REFUSAL),),
    ],
    ids=str,
)
async def test_any_other_end_holds_the_queue(
    desk: Desk, queue: QueueService, steps: tuple[Action, ...]
) -> None:
    reply = await begin(desk, *steps)
    chat_id = reply.conversation_id
    await queue.add(chat_id, "second")
    await run_on(desk, queue, reply)
    assert queue.is_held(chat_id)
    assert sent(desk, chat_id) == ["first"]
    assert not queue.takes(chat_id)


async def test_a_stop_holds_the_queue_until_it_is_sent_on(desk: Desk, queue: QueueService) -> None:
    reply = await begin(desk, TextDelta("half"), Fault.HANG)
    chat_id = reply.conversation_id
    await queue.add(chat_id, "second")
    await queue.add(chat_id, "third")
    await stop(desk, reply)
    assert await queue.follow(reply.message, TARGET) is None
    assert queue.is_held(chat_id)
    await run_on(desk, queue, await queue.send_on(chat_id, TARGET))
    assert sent(desk, chat_id) == ["first", "second", "third"]


async def test_what_comes_between_leaves_a_held_queue_held(desk: Desk, queue: QueueService) -> None:
    reply = await begin(desk, TextDelta("half"), Fault.CUT)
    chat_id = reply.conversation_id
    await queue.add(chat_id, "second")
    await run_on(desk, queue, reply)
    await run_on(desk, queue, await desk.chat.resume(chat_id, TARGET))
    await run_on(desk, queue, await desk.chat.regenerate(chat_id, TARGET))
    assert queue.texts(chat_id) == ("second",)
    assert queue.is_held(chat_id)
    again = await desk.chat.regenerate(chat_id, TARGET)
    await queue.add(chat_id, "third")
    assert queue.is_held(chat_id)
    assert await queue.send_on(chat_id, TARGET) is None
    await run_on(desk, queue, again)
    assert sent(desk, chat_id) == ["first", "second", "third"]


async def test_regenerating_in_the_moment_of_the_end_holds_the_queue(desk: Desk, queue: QueueService) -> None:
    reply = await begin(desk)
    chat_id = reply.conversation_id
    await queue.add(chat_id, "second")
    await desk.run(reply)
    anew = await desk.chat.regenerate(chat_id, TARGET)
    assert await queue.follow(reply.message, TARGET) is None
    await run_on(desk, queue, anew)
    assert queue.is_held(chat_id)


async def test_the_last_one_is_taken_back_into_what_is_typed(desk: Desk, queue: QueueService) -> None:
    reply = await begin(desk)
    chat_id = reply.conversation_id
    await queue.add(chat_id, "second")
    await queue.add(chat_id, "third")
    await queue.take_back(chat_id, "third")
    stored = await desk.store.conversation(chat_id)
    assert stored is not None
    assert (stored.queued, stored.draft) == (("second",), "third")
    await queue.drop(chat_id)
    await run_on(desk, queue, reply)
    assert sent(desk, chat_id) == ["first"]
    assert desk.chat.thread(chat_id).conversation.draft == "third"


async def test_what_is_typed_stays_when_the_queue_goes_on(desk: Desk, queue: QueueService) -> None:
    reply = await begin(desk)
    chat_id = reply.conversation_id
    await queue.add(chat_id, "second")
    await desk.chat.save_draft(chat_id, "half a thought")
    await run_on(desk, queue, reply)
    stored = await desk.store.conversation(chat_id)
    assert stored is not None
    assert (stored.queued, stored.draft) == ((), "half a thought")


async def test_it_goes_to_the_target_of_its_chat(desk: Desk, queue: QueueService) -> None:
    reply = await begin(desk)
    chat_id = reply.conversation_id
    await queue.add(chat_id, "second")
    await desk.chat.retarget(chat_id, Target("fake", "other-model"))
    await desk.run(reply)
    following = await queue.follow(reply.message, Target("elsewhere"))
    assert following is not None
    assert (following.record.provider, following.record.model) == ("fake", "other-model")
    await desk.run(following)


async def test_after_a_start_it_is_there_and_held(desk: Desk, queue: QueueService) -> None:
    reply = await begin(desk, Fault.HANG)
    chat_id = reply.conversation_id
    running = asyncio.create_task(desk.run(reply))
    await queue.add(chat_id, "second\nof two lines")
    again = ChatService(Recorder(desk.store), desk.chat._registry)
    await again.open()
    await again.load(chat_id)
    later = QueueService(again)
    assert later.texts(chat_id) == ("second\nof two lines",)
    assert later.is_held(chat_id)
    reply.stop()
    await running


async def test_a_fork_begins_without_a_queue(desk: Desk, queue: QueueService) -> None:
    reply = await begin(desk, TextDelta("half"), Fault.CUT)
    await queue.add(reply.conversation_id, "second")
    await run_on(desk, queue, reply)
    fork = await desk.chat.fork(reply.conversation_id)
    assert queue.texts(fork.conversation.id) == ()
    assert queue.texts(reply.conversation_id) == ("second",)


async def test_a_deleted_chat_sends_nothing_more_and_comes_back_held(desk: Desk, queue: QueueService) -> None:
    reply = await begin(desk, Fault.HANG)
    chat_id = reply.conversation_id
    await queue.add(chat_id, "second")
    running = asyncio.create_task(desk.run(reply))
    await desk.chat.delete(chat_id)
    await running
    assert await queue.follow(reply.message, TARGET) is None
    assert queue.texts(chat_id) == ()
    await desk.chat.restore(chat_id)
    await desk.chat.load(chat_id)
    assert queue.texts(chat_id) == ("second",)
    assert queue.is_held(chat_id)


async def test_what_is_changed_while_a_message_is_written_stays_changed(
    desk: Desk, queue: QueueService
) -> None:
    reply = await begin(desk)
    chat_id = reply.conversation_id
    await desk.chat.save_queue(chat_id, ("one", "two"), draft="")
    await stop(desk, reply)
    sending = asyncio.create_task(queue.send_on(chat_id, TARGET))
    # It has begun to write, and waits for the disk.
    await asyncio.sleep(0)
    await asyncio.gather(queue.drop(chat_id), desk.chat.rename(chat_id, "other"))
    await run_on(desk, queue, await sending)
    assert desk.chat.thread(chat_id).conversation.title == "other"
    assert sent(desk, chat_id)[-1] == "one"
    assert queue.texts(chat_id) == ()
