"""A connection check, stage by stage, as glyph and word."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from llmtui.core.models import CheckStage, CheckState, ConnectionReport
from llmtui.core.text import sanitise_line

_LOOKS = {
    CheckState.OK: ("✓", "ok", "$text-success"),
    CheckState.FAILED: ("✕", "FAILED", "$text-error"),
    CheckState.SKIPPED: ("–", "skipped", "$foreground 60%"),
    CheckState.RUNNING: ("…", "asking", "$foreground"),
}
_NAME_WIDTH = 8
_LEAST_BODY = 24
_Row: TypeAlias = tuple[Content, Content]
"""What begins a line, and the words behind it."""


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
        self._rows: list[_Row] = []
        self._drawn = Content()

    def say(self, words: str, style: str = "") -> None:
        """Show a sentence instead of a report."""
        self._show([(Content(), Content.styled(sanitise_line(words), style))])

    def show(self, report: ConnectionReport) -> None:
        """Show what a check found."""
        self._show(list(_rows(report)))

    def show_stages(self, stages: Sequence[CheckStage]) -> None:
        """Show how far a check is."""
        self._show(list(map(_row, stages)))

    def watch_outdated(self) -> None:
        """Say so above."""
        self._draw()

    def on_resize(self) -> None:
        """Break the lines anew."""
        self._draw()

    def _show(self, rows: list[_Row]) -> None:
        self._rows = rows
        self.add_class("-shown")
        self._draw()

    def _draw(self) -> None:
        above = [Content.styled("before your last change:", "italic")] if self.outdated else []
        width = self.content_size.width
        lines = [line for head, body in self._rows for line in _hanging(head, body, width)]
        found = Content("\n").join([*above, *lines])
        if not found.is_same(self._drawn):
            self._drawn = found
            self.update(found)


def _hanging(head: Content, body: Content, width: int) -> list[Content]:
    """Words behind their head, further lines below the first words where there is room for them."""
    hang = head.cell_length
    if hang + body.cell_length <= width or width - hang < _LEAST_BODY:
        return [head + body]
    first, *rest = body.wrap(width - hang)
    return [head + first, *(line.pad_left(hang) for line in rest)]


def _rows(report: ConnectionReport) -> Iterator[_Row]:
    yield from map(_row, report.stages)
    if report.hint:
        yield Content("→ "), Content(sanitise_line(report.hint))
    for remedy in report.remedies:
        purpose, text = sanitise_line(remedy.purpose), sanitise_line(remedy.text)
        yield Content(f"  {purpose}: "), Content.styled(text, "bold")
    if report.ok:
        yield Content(), Content.styled("the connection works", "bold")


def _row(stage: CheckStage) -> _Row:
    glyph, word, colour = _LOOKS[stage.state]
    took = f"{stage.duration_s * 1000:.0f} ms" if stage.duration_s >= 0.0005 else ""
    if stage.state is CheckState.RUNNING:
        # So that what is shown changes once a second.
        took = f"{stage.duration_s:.0f} s" if stage.duration_s >= 1 else ""
    facts = [word, took, sanitise_line(stage.detail)]
    name = sanitise_line(stage.name).ljust(_NAME_WIDTH)
    head = Content.assemble((glyph, colour), " ", (name, "bold"), " ")
    return head, Content(" · ".join(filter(None, facts)))
