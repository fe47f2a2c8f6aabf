import asyncio
from pathlib import Path

from llmtui.core.conversation import ImagePart, TextPart
from llmtui.core.events import TextDelta
from llmtui.providers.script import Fault
from llmtui.testing.images import png
from llmtui.ui.widgets.queue_lines import QueueLines, queue_lines
from tests.ui.pilots import shown, until
from tests.ui.screens.desk import Desk, running_app
from tests.ui.screens.test_main import HANG, flashed


async def begin(desk: Desk) -> asyncio.Event:
    """A reply that streams until the event is set."""
    gate = asyncio.Event()
    desk.fakes["fake"].play(TextDelta("one "), gate, TextDelta("two"))
    await desk.submit("first")
    await desk.grew.get()
    return gate


def lines(desk: Desk) -> list[str]:
    """The queue as it is shown."""
    widget = desk.screen.query_one(QueueLines)
    return [line.strip() for line in str(widget.content).splitlines()] if widget.display else []


async def test_what_is_typed_while_a_reply_streams_is_sent_after_it(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        gate = await begin(desk)
        await desk.press(*"second", "enter")
        await until(desk.pilot, lambda: lines(desk) == ["queued: second"])
        assert "queued · up takes it back" in flashed(desk)
        assert desk.screen.prompt.text == ""
        assert "queued: second" in shown(desk.app)
        await desk.submit("third")
        gate.set()
        for _ in range(3):
            await asyncio.wait_for(desk.ended.get(), 10)
        await desk.settle()
        sent = [entry.text for entry in desk.entries if entry.kind == "user"]
        assert sent == ["first", "second", "third"]
        assert desk.entries[-1].text == "You said: third"
        assert lines(desk) == []


async def test_a_stop_holds_it_and_enter_at_an_empty_prompt_sends_it_on(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await begin(desk)
        await desk.submit("second")
        await desk.press("escape")
        await desk.ended.get()
        await desk.settle()
        assert lines(desk) == [
            "held: second",
            "enter sends on · up takes the last back · ctrl+g j drops",
        ]
        await desk.press("enter")
        await asyncio.wait_for(desk.ended.get(), 10)
        await desk.settle()
        assert [entry.text for entry in desk.entries[-2:]] == ["second", "You said: second"]
        assert lines(desk) == []


async def test_a_message_typed_while_others_are_held_goes_first(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        gate = asyncio.Event()
        desk.fakes["fake"].play(TextDelta("half "), gate, Fault.CUT)
        await desk.submit("first")
        await desk.submit("second")
        gate.set()
        await desk.ended.get()
        await desk.settle()
        await desk.ask("instead")
        assert [entry.text for entry in desk.entries[-2:]] == ["instead", "You said: instead"]
        assert lines(desk)[0] == "held: second"


async def test_up_at_an_empty_prompt_takes_the_last_one_back(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await desk.ask("earlier")
        gate = await begin(desk)
        await desk.submit("second")
        await desk.submit("third")
        await desk.press("up")
        await until(desk.pilot, lambda: desk.screen.prompt.text == "third")
        assert lines(desk) == ["queued: second"]
        await desk.press("up")
        assert desk.screen.prompt.text == "first", "what still waits is no earlier prompt"
        await desk.press("down")
        assert desk.screen.prompt.text == "third"
        await desk.press("end", "!", "enter")
        await until(desk.pilot, lambda: lines(desk) == ["queued: second", "queued: third!"])
        gate.set()
        for _ in range(3):
            await asyncio.wait_for(desk.ended.get(), 10)
        await desk.settle()
        assert desk.entries[-1].text == "You said: third!"
        await desk.press("up")
        assert desk.screen.prompt.text == "third!"


async def test_two_ups_at_once_lose_nothing(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        gate = await begin(desk)
        await desk.submit("second")
        await desk.submit("third")
        for _ in range(2):
            desk.screen.prompt.post_message(desk.screen.prompt.TakeBackRequested(desk.screen.prompt))
        await until(desk.pilot, lambda: desk.screen.prompt.text == "second\nthird")
        assert lines(desk) == []
        gate.set()
        await desk.ended.get()


async def test_what_is_dropped_can_be_found_again(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await desk.press("ctrl+g", "j")
        assert flashed(desk) == "warning: nothing is queued here"
        gate = await begin(desk)
        await desk.submit("second")
        await desk.press("ctrl+g", "j")
        assert lines(desk) == []
        gate.set()
        await desk.ended.get()
        await desk.idle()
        assert desk.entries[-1].text == "one two"
        await desk.press("up")
        assert desk.screen.prompt.text == "second"


async def test_the_queue_of_a_chat_that_was_left_goes_on(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        gate = await begin(desk)
        first = desk.screen.chat_id
        await desk.submit("second")
        await desk.press("ctrl+n")
        await desk.press("ctrl+g", "2")
        assert lines(desk) == []
        gate.set()
        for _ in range(2):
            await asyncio.wait_for(desk.ended.get(), 10)
        await desk.settle()
        assert not desk.entries
        await desk.screen.open_chat(first)
        assert desk.entries[-1].text == "You said: second"
        assert desk.entries[-1].title == "echo · fake"


async def test_an_edited_message_cannot_wait(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        gate = await begin(desk)
        await desk.press("ctrl+g", "m", "!", "enter")
        await until(desk.pilot, lambda: "still being written" in flashed(desk))
        assert lines(desk) == []
        assert "first" in desk.screen.prompt.text
        gate.set()
        await desk.ended.get()


async def test_a_message_with_images_cannot_wait_and_is_given_back(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        gate = await begin(desk)
        desk.screen.attachments.add(desk.screen.chat_id, ImagePart(png(), "image/png", "dot.png"))
        await desk.press(*"second", "enter")
        await until(desk.pilot, lambda: "images cannot be queued" in flashed(desk))
        assert lines(desk) == []
        assert desk.screen.prompt.text == "second"
        gate.set()
        await desk.ended.get()
        await desk.settle()
        await desk.press("enter")
        await desk.ended.get()
        sent = desk.fakes["fake"].requests[-1].messages[-1]
        assert [type(part) for part in sent.parts] == [ImagePart, TextPart]


async def test_regenerating_holds_the_queue(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await begin(desk)
        await desk.submit("second")
        await desk.press("ctrl+g", "r")
        for _ in range(2):
            await asyncio.wait_for(desk.ended.get(), 10)
        await desk.idle()
        assert desk.entries[-1].text == "You said: first"
        assert lines(desk)[0] == "held: second"


async def test_it_is_there_after_a_start(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        desk.fakes["fake"].play(*HANG)
        await desk.submit("first")
        await desk.grew.get()
        await desk.submit("second")
        await desk.app.leave()
    async with running_app(tmp_path) as desk:
        assert lines(desk)[0] == "held: second"
        await desk.press("enter")
        await asyncio.wait_for(desk.ended.get(), 10)
        await desk.settle()
        assert desk.entries[-1].text == "You said: second"


async def test_a_low_screen_spares_one_row_for_it(tmp_path: Path) -> None:
    async with running_app(tmp_path, size=(40, 10)) as desk:
        await begin(desk)
        await desk.submit("second")
        await desk.submit("third")
        assert lines(desk) == ["queued: second +1 more"]
        await desk.press("escape")
        await desk.ended.get()
        await desk.settle()
        assert lines(desk) == ["held: second +1 more"]


def test_each_line_fits_and_the_last_one_counts_the_rest() -> None:
    texts = ["short", "a long one that does not fit", "世界世界世界世界世界世界", "left out", "left out"]
    found = queue_lines(texts, held=False, most=3, width=20)
    assert [line.plain for line in found] == [
        "queued: short",
        "queued: a long one …",
        "queued: 世 … +2 more",
    ]
    assert all(line.cell_length <= 20 for line in found)


def test_hostile_text_is_one_line_of_text() -> None:
    [line] = queue_lines(["[/x]\n\x1b[2J"], held=True, most=3, width=80)
    assert line.plain == "held: [/x] ␛[2J"
