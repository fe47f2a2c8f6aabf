"""Long conversations: the end is read first, and nobody gets less than the whole branch."""

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

import pytest

from llmtui.core.conversation import assistant, user
from llmtui.core.errors import StorageError
from llmtui.core.history import Conversation, StoredMessage, new_id
from llmtui.services.branches import FIRST_PAGE, PAGE
from llmtui.services.thread import Thread
from tests.services.desk import TARGET, Desk

LENGTH = FIRST_PAGE + 2 * PAGE + 10
CHAT = "long"


def chain(length: int, conversation_id: str = CHAT) -> list[StoredMessage]:
    """Questions and answers in turn, each numbered."""
    messages: list[StoredMessage] = []
    for number in range(length):
        parent_id = messages[-1].id if messages else None
        make = assistant if number % 2 else user
        messages.append(StoredMessage(new_id(), conversation_id, parent_id, make(str(number))))
    return messages


def numbers(messages: Sequence[StoredMessage]) -> list[str]:
    return [message.message.text for message in messages]


@pytest.fixture
async def stored(desk: Desk) -> list[StoredMessage]:
    messages = chain(LENGTH)
    await desk.store.save_conversation(Conversation(CHAT, title="long", target=TARGET))
    await desk.store.add_messages(messages)
    return messages


async def test_the_end_is_read_first_and_the_rest_when_it_is_asked_for(
    desk: Desk, stored: list[StoredMessage]
) -> None:
    thread = await desk.chat.load(CHAT)
    assert (numbers(thread.messages), thread.whole) == (numbers(stored[-FIRST_PAGE:]), False)
    more = await desk.chat.earlier(CHAT)
    assert (numbers(more.messages), more.whole) == (numbers(stored[-FIRST_PAGE - PAGE :]), False)
    whole = await desk.chat.whole(CHAT)
    assert whole == Thread(whole.conversation, tuple(await desk.store.branch(CHAT)))
    assert await desk.chat.earlier(CHAT) is whole


@pytest.mark.parametrize("length", [FIRST_PAGE - 1, FIRST_PAGE, FIRST_PAGE + 1, FIRST_PAGE + PAGE])
async def test_a_branch_that_just_fills_its_pages_is_whole(desk: Desk, length: int) -> None:
    await desk.store.add_messages(chain(length))
    await desk.chat.load(CHAT)
    assert numbers((await desk.chat.whole(CHAT)).messages) == [str(number) for number in range(length)]


async def test_a_message_sent_before_the_rest_is_there_is_answered_by_all_of_it(
    desk: Desk, stored: list[StoredMessage]
) -> None:
    thread = await desk.ask("and now?", await desk.chat.load(CHAT))
    sent = [message.text for message in desk.fake.requests[-1].messages]
    assert sent == [*numbers(stored), "and now?"]
    assert numbers(thread.messages) == [*sent, "You said: and now?"]
    assert numbers(await desk.store.branch(CHAT)) == numbers(thread.messages)


async def test_what_is_said_while_the_rest_is_read_stays(desk: Desk, stored: list[StoredMessage]) -> None:
    await desk.chat.load(CHAT)
    await asyncio.gather(
        *(desk.chat.whole(CHAT) for _ in range(3)),
        desk.chat.send(CHAT, "one more", TARGET),
        desk.chat.rename(CHAT, "renamed"),
    )
    thread = desk.chat.thread(CHAT)
    assert numbers(thread.messages) == [*numbers(stored), "one more"]
    assert thread.conversation.title == "renamed"


async def test_a_message_far_up_can_be_edited_before_the_rest_is_there(
    desk: Desk, stored: list[StoredMessage]
) -> None:
    await desk.chat.load(CHAT)
    thread = await desk.chat.edit(CHAT, stored[4].id, "else", TARGET)
    assert numbers(thread.messages) == ["0", "1", "2", "3", "else"]
    assert thread.messages[-1].siblings == (stored[4].id, thread.messages[-1].id)
    assert numbers(await desk.store.branch(CHAT)) == ["0", "1", "2", "3", "else"]


async def test_the_first_of_the_read_messages_can_be_edited(desk: Desk, stored: list[StoredMessage]) -> None:
    first = (await desk.chat.load(CHAT)).messages[0]
    thread = await desk.chat.edit(CHAT, first.id, "else", TARGET)
    assert numbers(thread.messages) == [*numbers(stored[:-FIRST_PAGE]), "else"]
    assert thread.messages[-1].parent_id == first.parent_id


async def test_regenerating_sends_and_keeps_the_whole_branch(desk: Desk, stored: list[StoredMessage]) -> None:
    await desk.chat.load(CHAT)
    await desk.run(await desk.chat.regenerate(CHAT, TARGET))
    assert [message.text for message in desk.fake.requests[-1].messages] == numbers(stored[:-1])
    assert numbers(desk.chat.thread(CHAT).messages[:-1]) == numbers(stored[:-1])


async def test_a_fork_copies_the_whole_branch(desk: Desk, stored: list[StoredMessage]) -> None:
    await desk.chat.load(CHAT)
    fork = await desk.chat.fork(CHAT)
    assert numbers(fork.messages) == numbers(stored)
    assert numbers(await desk.store.branch(fork.conversation.id)) == numbers(stored)


async def test_a_message_far_up_is_found_in_the_shown_branch(desk: Desk, stored: list[StoredMessage]) -> None:
    thread = await desk.chat.show_message(CHAT, stored[3].id)
    assert stored[3].id in [message.id for message in thread.messages]
    assert thread.messages[-1].id == stored[-1].id


async def test_another_variant_of_a_message_far_up_shows_its_own_branch(
    desk: Desk, stored: list[StoredMessage]
) -> None:
    other = chain(FIRST_PAGE + 20)
    fork = StoredMessage(new_id(), CHAT, stored[1].id, user("other"))
    other[0] = StoredMessage(other[0].id, CHAT, fork.id, assistant("0"))
    await desk.store.add_messages([fork, *other])
    await desk.store.save_conversation(Conversation(CHAT, target=TARGET, leaf_id=stored[-1].id))
    await desk.chat.load(CHAT)
    reading = asyncio.create_task(desk.chat.whole(CHAT))
    await desk.chat.earlier(CHAT)
    await reading
    shown = await desk.chat.show_sibling(CHAT, stored[2].id, 1)
    assert (shown.messages[-1].id, shown.whole) == (other[-1].id, False)
    whole = await desk.chat.whole(CHAT)
    assert numbers(whole.messages[:3]) == ["0", "1", "other"]
    back = await desk.chat.show_sibling(CHAT, fork.id, 1)
    assert back.messages[-1].id == stored[-1].id


async def test_a_page_of_the_branch_that_was_left_does_not_get_into_the_new_one(
    desk: Desk, stored: list[StoredMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of one branch is being read while another variant of a shown message is chosen."""
    variant = [replace(message, parent_id=message.parent_id or stored[-2].id) for message in chain(6)]
    variant[0] = replace(variant[0], message=assistant("variant"))
    await desk.store.add_messages(variant)
    await desk.store.save_conversation(Conversation(CHAT, target=TARGET, leaf_id=stored[-1].id))
    await desk.chat.load(CHAT)
    asked, go_on, branch = asyncio.Event(), asyncio.Event(), desk.store.branch

    async def slow(conversation_id: str, leaf_id: str | None, limit: int | None) -> list[StoredMessage]:
        if limit == PAGE:
            asked.set()
            await go_on.wait()
        return await branch(conversation_id, leaf_id, limit)

    monkeypatch.setattr(desk.store, "branch", slow)
    reading = asyncio.create_task(desk.chat.earlier(CHAT))
    await asked.wait()
    shown = await desk.chat.show_sibling(CHAT, stored[-1].id, 1)
    go_on.set()
    assert await reading == shown
    whole = await desk.chat.whole(CHAT)
    assert numbers(whole.messages) == [*numbers(stored[:-1]), "variant", "1", "2", "3", "4", "5"]


async def test_a_chat_deleted_while_the_rest_is_read_stays_deleted(
    desk: Desk, stored: list[StoredMessage]
) -> None:
    await desk.chat.load(CHAT)
    await asyncio.gather(desk.chat.whole(CHAT), desk.chat.delete(CHAT))
    assert CHAT not in desk.chat.opened


async def test_nothing_is_sent_of_a_branch_that_cannot_be_read(
    desk: Desk, stored: list[StoredMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.chat.load(CHAT)

    async def broken(*_: object) -> list[StoredMessage]:
        raise StorageError("the disk is gone")

    monkeypatch.setattr(desk.store, "branch", broken)
    for ask in (desk.chat.reply, desk.chat.regenerate, desk.chat.resume):
        with pytest.raises(StorageError, match="earlier messages cannot be read: the disk is gone"):
            await ask(CHAT, TARGET)
    with pytest.raises(StorageError):
        await desk.chat.fork(CHAT)
    await desk.chat.send(CHAT, "kept", TARGET)
    assert (desk.fake.requests, desk.chat.streaming) == ([], frozenset())
    monkeypatch.undo()
    assert numbers(await desk.store.branch(CHAT)) == [*numbers(stored), "kept"]
    await desk.run(await desk.chat.reply(CHAT, TARGET))
    assert len(desk.fake.requests[-1].messages) == LENGTH + 1


async def test_a_tree_that_runs_in_a_circle_comes_to_an_end(desk: Desk, stored: list[StoredMessage]) -> None:
    with sqlite3.connect(desk.store.path) as connection:
        connection.execute("UPDATE messages SET parent_id = ? WHERE id = ?", (stored[5].id, stored[0].id))
    connection.close()
    await desk.chat.load(CHAT)
    assert numbers((await desk.chat.whole(CHAT)).messages) == numbers(stored)


async def test_a_private_chat_is_whole_at_once(desk: Desk) -> None:
    private = desk.chat.new(TARGET, private=True)
    for number in range(FIRST_PAGE):
        await desk.ask(str(number), private)
    chat_id = private.conversation.id
    await desk.chat.delete(chat_id)
    await desk.chat.restore(chat_id)
    again = await desk.chat.load(chat_id)
    assert (len(again.messages), again.whole) == (2 * FIRST_PAGE, True)
