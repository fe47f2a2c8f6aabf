"""When frames are painted, and how far the view moves at once."""

from collections.abc import Callable
from itertools import pairwise
from typing import cast

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.timer import Timer

from llmtui.ui.transcript import Entry, Transcript
from llmtui.ui.transcript.pace import Pace


class Stage:
    """A clock that is set by hand, and the timers that wait for it."""

    def __init__(self, cost_s: float = 0.0) -> None:
        self.now_s = 0.0
        self.cost_s = cost_s
        self.covered = False
        self.frames: list[float] = []
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.pace = Pace(self._paint, self._set_timer, lambda: self.covered, 4, lambda: self.now_s)

    def _paint(self) -> None:
        self.frames.append(self.now_s)
        self.now_s += self.cost_s

    def _set_timer(self, delay: float, callback: Callable[[], None]) -> Timer:
        self.timers.append((self.now_s + delay, callback))
        return cast(Timer, self)

    def stop(self) -> None:
        self.timers.clear()

    def go(self, until_s: float) -> None:
        due = [timer for timer in self.timers if timer[0] <= until_s]
        self.timers = [timer for timer in self.timers if timer[0] > until_s]
        for at_s, callback in due:
            self.now_s = at_s
            callback()
        self.now_s = max(self.now_s, until_s)


def test_a_frame_is_painted_at_once() -> None:
    stage = Stage()
    stage.pace.ask()
    stage.go(0.05)
    stage.pace.ask()
    assert stage.frames == [0.0, 0.05]


def test_a_dear_frame_makes_the_next_one_wait_four_times_its_cost() -> None:
    stage = Stage(cost_s=0.1)
    stage.pace.ask()
    for _ in range(5):
        stage.pace.ask()
    assert len(stage.timers) == 1
    stage.go(2.0)
    assert stage.frames == [0.0, pytest.approx(0.5)]


def test_behind_something_there_are_two_frames_a_second() -> None:
    stage = Stage(cost_s=0.001)
    stage.covered = True
    for tick in range(100):
        stage.go(tick * 0.02)
        stage.pace.ask()
    assert len(stage.frames) == 4


def test_what_waits_is_painted_when_it_is_uncovered() -> None:
    stage = Stage(cost_s=0.001)
    stage.covered = True
    stage.pace.ask()
    stage.go(0.1)
    stage.pace.ask()
    stage.covered = False
    stage.pace.hurry()
    stage.pace.hurry()
    assert stage.frames == [0.0, pytest.approx(0.1)]
    assert not stage.timers


class Cover(ModalScreen[None]):
    """Something in front."""


class Host(App[None]):
    def __init__(self, jump_lines: int = 1) -> None:
        super().__init__()
        self._jump_lines = jump_lines

    def compose(self) -> ComposeResult:
        yield Transcript(jump_lines=self._jump_lines, rest=0)


def begun(pilot: Pilot[None]) -> Transcript:
    # The modal is not where the transcript is.
    transcript = pilot.app.screen_stack[0].query_one(Transcript)
    transcript.begin(Entry("s", "assistant", "model"))
    return transcript


def rows(transcript: Transcript) -> list[str]:
    return [transcript.render_line(y).text.strip() for y in range(transcript.size.height)]


async def test_a_covered_transcript_catches_up_when_it_is_seen_again() -> None:
    async with Host().run_test(size=(80, 24)) as pilot:
        transcript = begun(pilot)
        transcript.feed("s", "first ")
        await pilot.app.push_screen(Cover())
        transcript.feed("s", "second ")
        assert rows(transcript)[1] == "first"
        assert transcript.entries[0].text == "first second "
        await pilot.app.pop_screen()
        await pilot.pause()
        assert rows(transcript)[1] == "first second"


@pytest.mark.parametrize("jump", [1, 5])
async def test_following_moves_several_lines_at_once_and_settles_at_the_end(jump: int) -> None:
    async with Host(jump).run_test(size=(80, 10)) as pilot:
        transcript = begun(pilot)
        tops, text = [], ""
        for number in range(40):
            text += f"line {number}\n"
            transcript.feed("s", f"line {number}\n")
            tops.append(transcript.scroll_y)
            assert f"line {number}" in rows(transcript)
            assert transcript.following
        moves = [after - before for before, after in pairwise(tops) if after != before]
        assert set(moves) == {jump}
        transcript.close(Entry("s", "assistant", "model", text))
        assert rows(transcript)[-1] == "line 39"
        assert transcript.scroll_y == transcript.max_scroll_y


async def test_the_reader_can_leave_a_view_that_jumps_and_come_back() -> None:
    async with Host(5).run_test(size=(80, 10)) as pilot:
        transcript = begun(pilot)
        transcript.focus()
        for number in range(40):
            transcript.feed("s", f"line {number}\n")
        await pilot.press("pageup")
        before = rows(transcript)
        for number in range(40, 60):
            transcript.feed("s", f"line {number}\n")
        assert rows(transcript)[:-1] == before[:-1]
        assert transcript.lines_below == 20
        await pilot.press("end")
        assert "line 59" in rows(transcript)
        assert transcript.following
