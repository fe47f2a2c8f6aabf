"""A chat of which the screen shows the end before the rest is there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from llmtui.core.conversation import assistant, user
from llmtui.core.errors import StorageError
from llmtui.core.history import Conversation, StoredMessage, Target, new_id
from llmtui.services.branches import FIRST_PAGE, PAGE
from llmtui.storage.conversations import SQLiteStore
from llmtui.ui.widgets.flash import Flash
from tests.ui.pilots import shown, until
from tests.ui.screens.desk import Desk, running_app

LENGTH = FIRST_PAGE + PAGE + 30
CHAT = "long"
WIDTH = 120
ALL = ["needle" if number == 7 else f"message {number}" for number in range(LENGTH)]


class SlowStore(SQLiteStore):
    """Reads what stands before the last page when it is told to."""

    async def branch(
        self, conversation_id: str, leaf_id: str | None = None, limit: int | None = None
    ) -> list[StoredMessage]:
        """The messages, or the problem, after a while."""
        if limit == PAGE:
            await self.go_on.wait()
            if self.broken:
                raise StorageError("the disk is gone")
        return await super().branch(conversation_id, leaf_id, limit)

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.go_on = asyncio.Event()
        self.broken = False


@asynccontextmanager
async def long_chat(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Desk, SlowStore]]:
    """An app that shows the end of a long chat and waits for the rest."""
    filled = SQLiteStore(folder / "llmtui.db")
    await filled.open()
    await filled.save_conversation(Conversation(CHAT, title="long chat", target=Target("fake")))
    messages: list[StoredMessage] = []
    for number in range(LENGTH):
        parent_id = messages[-1].id if messages else None
        make = assistant if number % 2 else user
        messages.append(StoredMessage(f"m{number}", CHAT, parent_id, make(ALL[number])))
    await filled.add_messages(messages)
    await filled.close()
    store = SlowStore(folder / "llmtui.db")
    monkeypatch.setattr("tests.ui.screens.desk.SQLiteStore", lambda _: store)
    async with running_app(folder, size=(WIDTH, 40), settled=False) as desk:
        await until(desk.pilot, lambda: len(desk.entries) == FIRST_PAGE)
        yield desk, store
        store.go_on.set()


def texts(desk: Desk) -> list[str]:
    return [entry.text for entry in desk.entries]


async def test_the_end_is_shown_first_and_the_rest_comes_above_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with long_chat(tmp_path, monkeypatch) as (desk, store):
        await desk.settle()
        before = shown(desk.app)
        assert f"message {LENGTH - 1}" in before
        store.go_on.set()
        await desk.idle()
        assert texts(desk) == ALL
        # All but the scroll bar in the last column, and the status line.
        assert _rows(shown(desk.app)) == _rows(before)
        await desk.press("tab", "home")
        assert "message 0" in shown(desk.app)


def _rows(screen: str) -> list[str]:
    return [row.ljust(WIDTH)[: WIDTH - 1].rstrip() for row in screen.splitlines()[:-1]]


async def test_a_reader_who_has_scrolled_up_keeps_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with long_chat(tmp_path, monkeypatch) as (desk, store):
        await desk.press("tab", "pageup", "pageup")
        transcript = desk.screen.pane.transcript

        def view() -> list[str]:
            return [transcript.render_line(y).text for y in range(transcript.size.height)]

        before = view()
        store.go_on.set()
        await desk.idle()
        assert texts(desk) == ALL
        assert view() == before


async def test_a_question_asked_meanwhile_is_answered_by_the_whole_chat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with long_chat(tmp_path, monkeypatch) as (desk, store):
        desk.screen.prompt.text = "and now?"
        desk.screen.prompt.submit()
        await until(desk.pilot, lambda: texts(desk)[-1] == "and now?")
        # It is on the disk before anybody is asked.
        assert (await store.branch(CHAT, None, 1))[0].message.text == "and now?"
        assert desk.fakes["fake"].requests == []
        store.go_on.set()
        await desk.ended.get()
        await desk.idle()
        assert texts(desk) == [*ALL, "and now?", "You said: and now?"]
        assert [message.text for message in desk.fakes["fake"].requests[0].messages] == texts(desk)[:-1]


async def test_a_reply_streams_while_its_chat_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with long_chat(tmp_path, monkeypatch) as (desk, store):
        store.go_on.set()
        await desk.idle()
        desk.fakes["fake"].gate = gate = asyncio.Semaphore(0)
        await desk.submit("more")
        await desk.opened.get()
        await desk.press("ctrl+n")
        assert desk.entries == ()
        await desk.screen.open_chat(CHAT)
        for _ in range(20):
            gate.release()
        await desk.ended.get()
        await until(desk.pilot, lambda: len(desk.entries) == LENGTH + 2)
        await desk.settle()
        assert texts(desk) == [*ALL, "more", "You said: more"]


async def test_another_chat_shown_meanwhile_gets_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with long_chat(tmp_path, monkeypatch) as (desk, store):
        desk.screen.prompt.text = "a draft"
        await desk.press("ctrl+n")
        store.go_on.set()
        await desk.idle()
        assert desk.entries == ()
        await desk.screen.open_chat(CHAT)
        await desk.idle()
        await until(desk.pilot, lambda: len(desk.entries) == LENGTH)
        assert (texts(desk), desk.screen.prompt.text) == (ALL, "a draft")


async def test_a_hit_far_up_is_shown_in_its_chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with long_chat(tmp_path, monkeypatch) as (desk, store):
        store.go_on.set()
        await desk.press("ctrl+n", "ctrl+r")
        await desk.press(*"needle")
        await until(desk.pilot, lambda: "long chat" in shown(desk.app).split("needle", 1)[1])
        await desk.press("enter")
        await until(desk.pilot, lambda: desk.screen.pane.transcript.selected == "m7")
        await desk.settle()
        assert "needle" in shown(desk.app)


async def test_a_variant_far_up_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with long_chat(tmp_path, monkeypatch) as (desk, store):
        await store.add_messages([StoredMessage(new_id(), CHAT, "m0", assistant("another answer"))])
        store.go_on.set()
        await desk.screen.action_show_variant(1)
        await desk.idle()
        assert texts(desk) == ["message 0", "another answer"]
        await desk.screen.action_show_variant(1)
        await desk.idle()
        assert texts(desk) == ALL


async def test_what_cannot_be_read_is_said_and_nothing_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with long_chat(tmp_path, monkeypatch) as (desk, store):
        store.broken = True
        store.go_on.set()
        await desk.idle()
        words = "the earlier messages cannot be read: the disk is gone"
        assert words in str(desk.screen.query_one(Flash).content)
        await desk.submit("and now?")
        await desk.idle()
        assert words in str(desk.screen.query_one(Flash).content)
        assert (texts(desk)[-1], desk.fakes["fake"].requests) == ("and now?", [])


async def test_an_edit_that_cannot_be_placed_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with long_chat(tmp_path, monkeypatch) as (desk, store):
        store.broken = True
        store.go_on.set()
        await desk.idle()
        desk.screen.action_edit_message()
        await desk.submit("asked differently")
        await desk.idle()
        words = "the earlier messages cannot be read: the disk is gone"
        assert words in str(desk.screen.query_one(Flash).content)
        assert (desk.screen.prompt.text, desk.fakes["fake"].requests) == ("asked differently", [])
        store.broken = False
        await desk.submit("asked differently")
        await desk.idle()
        assert "asked differently" in texts(desk)
        assert len(desk.fakes["fake"].requests) == 1


async def test_what_is_asked_twice_before_all_is_read_is_answered_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with long_chat(tmp_path, monkeypatch) as (desk, store):
        asking = asyncio.create_task(desk.screen.ask("and now?"))
        await until(desk.pilot, lambda: texts(desk)[-1:] == ["and now?"])
        anew = asyncio.create_task(desk.screen.action_regenerate())
        await desk.pilot.pause()
        store.go_on.set()
        await asyncio.gather(asking, anew)
        await desk.idle()
        assert len(desk.fakes["fake"].requests) == 1
        assert texts(desk)[-2:] == ["and now?", "You said: and now?"]
