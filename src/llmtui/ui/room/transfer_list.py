"""The transfers at one server, with bars that are drawn at most four times a second, and only what is new."""

import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.timer import Timer
from textual.widgets.option_list import Option

from llmtui.services.transfer_job import TransferJob
from llmtui.ui.room.actions import room_bindings
from llmtui.ui.transfer_words import block
from llmtui.ui.widgets.bare_options import BareOptions

DRAW_EVERY_S = 0.25


class TransferList(BareOptions):
    """Several lines for each job; the marked one shows its layers. Nothing is written while nothing moves."""

    DEFAULT_CSS = """
    TransferList {
        height: 1fr;
        /* The mark is a glyph: a block of several lines in reverse would hide the bars. */
        &:focus > .option-list--option-highlighted {
            color: $foreground;
            background: transparent;
            text-style: none;
        }
        &:nocolor:focus > .option-list--option-highlighted { text-style: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*room_bindings("jobs")]

    def __init__(self, jobs: Callable[[], Sequence[TransferJob]]) -> None:
        """`jobs` gives those that are to be shown."""
        super().__init__(id="transfers")
        self._source = jobs
        self._jobs: Sequence[TransferJob] = ()
        self._drawn: list[Content] = []
        self._timer: Timer | None = None

    @property
    def marked(self) -> TransferJob | None:
        """The job under the mark."""
        at = self.highlighted
        return self._jobs[at] if at is not None and at < len(self._jobs) else None

    def on_mount(self) -> None:
        """Draw on a timer that runs only while there is something to draw."""
        self._timer = self.set_interval(DRAW_EVERY_S, self.draw, pause=True)
        self.show_jobs()

    def on_resize(self) -> None:
        """Use the room that there is."""
        self.draw()

    def watch_highlighted(self, highlighted: int | None) -> None:
        """Unfold the marked job, fold the others."""
        super().watch_highlighted(highlighted)
        self.draw()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show the mark where the keys go."""
        super().watch_has_focus(has_focus)
        self.draw()

    def show_jobs(self, wanted: TransferJob | None = None) -> None:
        """Take up jobs that came, went or ended; the mark stays with its job, or goes to the wanted one."""
        marked = wanted or self.marked
        jobs = list(self._source())
        if self._timer is not None:
            (self._timer.pause if all(job.state.ended for job in jobs) else self._timer.resume)()
        if jobs != self._jobs:
            self._jobs, self._drawn = jobs, [Content("")] * len(jobs)
            self.set_options(Option(line) for line in self._drawn)
            keys = [job.key for job in jobs]
            self.highlighted = (
                keys.index(marked.key) if marked and marked.key in keys else 0 if jobs else None
            )
        elif wanted is not None:
            self.highlighted = jobs.index(wanted)
        self.draw()

    def draw(self) -> None:
        """Draw the lines that are not what they were."""
        if not self.is_attached or self.room <= 0 or self.option_count < len(self._jobs):
            return
        now_s = time.monotonic()
        for at, job in enumerate(self._jobs):
            is_marked = at == self.highlighted
            lines = block(job, self.room, now_s, marked=is_marked and self.has_focus, unfolded=is_marked)
            if not lines.is_same(self._drawn[at]):
                self._drawn[at] = lines
                self.replace_option_prompt_at_index(at, lines)
