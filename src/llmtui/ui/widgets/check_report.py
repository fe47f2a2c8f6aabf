"""A connection check, stage by stage, as glyph and word."""

from collections.abc import Iterator, Sequence

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

    def say(self, words: str, style: str = "") -> None:
        """Show a sentence instead of a report."""
        self._show(Content.styled(sanitise_line(words), style))

    def show(self, report: ConnectionReport) -> None:
        """Show what a check found."""
        self._show(Content("\n").join(_lines(report)))

    def show_stages(self, stages: Sequence[CheckStage]) -> None:
        """Show how far a check is."""
        self._show(Content("\n").join(map(_line, stages)))

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
    if stage.state is CheckState.RUNNING:
        # So that what is shown changes once a second.
        took = f"{stage.duration_s:.0f} s" if stage.duration_s >= 1 else ""
    facts = [word, took, sanitise_line(stage.detail)]
    name = sanitise_line(stage.name).ljust(_NAME_WIDTH)
    return Content.assemble((glyph, colour), " ", (name, "bold"), " ", " · ".join(filter(None, facts)))


def _remedy(remedy: Remedy) -> Content:
    return Content.assemble("  ", f"{sanitise_line(remedy.purpose)}: ", (sanitise_line(remedy.text), "bold"))
