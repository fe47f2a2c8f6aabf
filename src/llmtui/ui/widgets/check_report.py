"""A connection check, stage by stage, as glyph and word."""

from collections.abc import Iterator

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from llmtui.core.models import CheckStage, CheckState, ConnectionReport
from llmtui.core.text import sanitise_line

_GLYPHS = {
    CheckState.OK: ("✓", "$text-success"),
    CheckState.FAILED: ("✕", "$text-error"),
    CheckState.SKIPPED: ("–", "$foreground 60%"),
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
    if report.ok:
        yield Content.styled("the connection works", "bold")


def _line(stage: CheckStage) -> Content:
    glyph, colour = _GLYPHS[stage.state]
    took = f"{stage.duration_s * 1000:.0f} ms" if stage.duration_s >= 0.0005 else ""
    facts = [str(stage.state), took, sanitise_line(stage.detail)]
    name = sanitise_line(stage.name).ljust(_NAME_WIDTH)
    return Content.assemble((glyph, colour), " ", (name, "bold"), " ", " · ".join(filter(None, facts)))
