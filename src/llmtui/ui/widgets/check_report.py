"""A connection check, stage by stage, as glyph and word."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from llmtui.core.models import CheckStage, CheckState, ConnectionReport, Remedy
from llmtui.core.text import sanitise_line

_LOOKS = {
    CheckState.OK: ("✓", "ok", "$text-success"),
    CheckState.FAILED: ("✕", "FAILED", "$text-error"),
    CheckState.SKIPPED: ("–", "skipped", "$foreground 60%"),
    CheckState.RUNNING: ("…", "asking", "$foreground"),
}
_NAME_WIDTH = 10


class CheckReport(Static):
    """Empty until a check is begun."""

    DEFAULT_CSS = """
    CheckReport { height: auto; margin: 1 0 0 1; display: none; }
    CheckReport.-shown { display: block; }
    """

    outdated: reactive[bool] = reactive(False, init=False)
    """Whether something else was checked than what stands there now."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._found = Content()
        self._stages: list[CheckStage] = []
        self._began_s = 0.0

    def say(self, words: str, style: str = "") -> None:
        """Show a sentence instead of a report."""
        self._show(Content.styled(sanitise_line(words), style))

    def show(self, report: ConnectionReport) -> None:
        """Show what a check found."""
        self._show(Content("\n").join(_lines(report)))

    def begin(self, stages: Sequence[CheckStage] = ()) -> None:
        """Wait for stages, after those that are known."""
        self._stages = [*stages, CheckStage("begin", CheckState.RUNNING)]
        self._began_s = time.monotonic()
        self.show_progress()

    def take(self, stage: CheckStage) -> None:
        """Show the next stage; it takes the last one's place where that had only begun, or is the same."""
        if self._stages and (
            self._stages[-1].state is CheckState.RUNNING or self._stages[-1].name == stage.name
        ):
            self._stages.pop()
        self._stages.append(stage)
        if stage.state is CheckState.RUNNING:
            self._began_s = time.monotonic()
        self.show_progress()

    def stop(self) -> None:
        """Wait no more: what had only begun is gone."""
        if self._stages and self._stages[-1].state is CheckState.RUNNING:
            self._stages.pop()
        self.show_progress()

    def show_progress(self) -> None:
        """Show what is known by now, and for how long the last stage has been waited for."""
        self._show(Content("\n").join(map(_line, self._timed())))

    def _timed(self) -> Iterator[CheckStage]:
        for stage in self._stages:
            waited_s = int(time.monotonic() - self._began_s) if stage.state is CheckState.RUNNING else 0
            detail = " · ".join(filter(None, (stage.detail, f"{waited_s} s" if waited_s else "")))
            yield replace(stage, detail=detail)

    def watch_outdated(self) -> None:
        """Say so above."""
        self._show(self._found)

    def _show(self, found: Content) -> None:
        self._found = found
        self.add_class("-shown")
        above = [Content.styled("before your last change:", "italic")] if self.outdated else []
        self.update(Content("\n").join([*above, found]))


def _lines(report: ConnectionReport) -> Iterator[Content]:
    for stage in report.stages:
        yield _line(stage)
    if report.hint:
        yield Content.assemble("→ ", sanitise_line(report.hint))
    for remedy in report.remedies:
        yield _remedy(remedy)
    if report.ok:
        yield Content.styled("the connection works", "bold")


def _line(stage: CheckStage) -> Content:
    glyph, word, colour = _LOOKS[stage.state]
    took = f"{stage.duration_s * 1000:.0f} ms" if stage.duration_s >= 0.0005 else ""
    facts = [word, took, sanitise_line(stage.detail)]
    name = sanitise_line(stage.name).ljust(_NAME_WIDTH)
    return Content.assemble((glyph, colour), " ", (name, "bold"), " ", " · ".join(filter(None, facts)))


def _remedy(remedy: Remedy) -> Content:
    return Content.assemble("  ", f"{sanitise_line(remedy.purpose)}: ", (sanitise_line(remedy.text), "bold"))
