import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual import events
from textual.drivers.headless_driver import HeadlessDriver

from llmtui.core.events import TextDelta
from llmtui.providers.script import Fault
from llmtui.services.services import Notify
from llmtui.ui.notify import LONGEST, osc9, through_multiplexer
from tests.ui.pilots import until
from tests.ui.screens.desk import Desk, running_app

BEL = "\a"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the app writes to its terminal beside frames, which a headless driver leaves out."""
    found: list[str] = []
    monkeypatch.setattr(HeadlessDriver, "write", lambda _, data: found.append(data))
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.delenv("STY", raising=False)
    return found


async def look_away(desk: Desk) -> None:
    desk.app.post_message(events.AppBlur())
    await until(desk.pilot, lambda: not desk.app.app_focus)


async def test_a_reply_that_ends_out_of_sight_rings_once(tmp_path: Path, written: list[str]) -> None:
    async with running_app(tmp_path) as desk:
        await desk.ask("in sight")
        assert BEL not in written
        await look_away(desk)
        await desk.ask("out of sight")
        assert written.count(BEL) == 1
        desk.app.post_message(events.AppFocus())
        await until(desk.pilot, lambda: desk.app.app_focus)
        await desk.ask("in sight again")
        assert written.count(BEL) == 1


async def test_a_queue_rings_at_its_end_alone(tmp_path: Path, written: list[str]) -> None:
    async with running_app(tmp_path) as desk:
        gate = asyncio.Event()
        desk.fakes["fake"].play(TextDelta("one "), gate)
        await desk.submit("first")
        await desk.submit("second")
        await look_away(desk)
        last = asyncio.Event()
        desk.fakes["fake"].play(TextDelta("two "), last)
        gate.set()
        await desk.ended.get()
        await until(desk.pilot, lambda: desk.opened.qsize() == 2)
        assert BEL not in written
        last.set()
        await desk.ended.get()
        await desk.settle()
        assert written.count(BEL) == 1


@pytest.mark.parametrize(("how", "heard"), [("bell", [BEL]), ("off", [])])
async def test_a_failure_rings_and_a_stop_does_not(
    tmp_path: Path, written: list[str], how: Notify, heard: list[str]
) -> None:
    async with running_app(tmp_path, notify=how) as desk:
        desk.fakes["fake"].play(TextDelta("half "), Fault.HANG)
        await desk.submit("q")
        await desk.grew.get()
        await look_away(desk)
        desk.app.services.chat.stop(desk.screen.chat_id)
        await desk.ended.get()
        await desk.settle()
        assert BEL not in written
        desk.fakes["fake"].play(TextDelta("half "), Fault.CUT)
        await desk.ask("q")
        assert [data for data in written if data == BEL] == heard


async def test_the_words_say_what_happened_and_nothing_of_a_private_chat(
    tmp_path: Path, written: list[str]
) -> None:
    async with running_app(tmp_path, notify="osc9") as desk:
        await look_away(desk)
        await desk.ask("4;1;50 and more")
        desk.fakes["fake"].play(TextDelta("half "), Fault.CUT)
        await desk.ask("again")
        await desk.screen.action_private_chat()
        await desk.ask("a secret")
        assert [data for data in written if data.startswith("\x1b]9")] == [
            "\x1b]9;llmtui: reply ready: 4;1;50 and more\a",
            "\x1b]9;llmtui: reply failed: 4;1;50 and more\a",
            "\x1b]9;llmtui: reply ready: a private chat\a",
        ]


@given(st.text())
def test_no_text_can_act_on_the_terminal_or_pass_for_a_progress_bar(text: str) -> None:
    sequence = osc9(text)
    words = sequence.removeprefix("\x1b]9;").removesuffix("\a")
    assert len(words) == len(sequence) - 5
    assert words.startswith("llmtui: ")
    assert cell_len(words) <= LONGEST
    assert not any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in words)


def test_multiplexers_hand_it_on_in_their_own_envelope() -> None:
    sequence = osc9("x")
    assert through_multiplexer(sequence, {}) == sequence
    assert through_multiplexer(sequence, {"TMUX": "/tmp/tmux-0/default,1,0"}) == (
        "\x1bPtmux;\x1b\x1b]9;llmtui: x\a\x1b\\"
    )
    assert through_multiplexer(sequence, {"STY": "1.pts-0"}) == "\x1bP\x1b]9;llmtui: x\a\x1b\\"
