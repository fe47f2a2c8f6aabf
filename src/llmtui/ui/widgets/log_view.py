"""Lines of a log with one of them marked: only those in view are drawn."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import chop_cells
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from llmtui.services.logs import Level, LogLine


class LogView(ScrollView, can_focus=True):
    """Breaks long lines at its width; up and down walk the lines, at the end it stays there."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log--debug",
        "log--info",
        "log--warning",
        "log--error",
        "log--current",
        "log--found",
    }
    DEFAULT_CSS = """
    LogView {
        height: 1fr;
        background: transparent;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        overflow-x: hidden;
        & > .log--debug { color: $foreground 60%; }
        & > .log--info { color: $foreground; }
        & > .log--warning { color: $warning; }
        & > .log--error { color: $error; }
        & > .log--current {
            color: $block-cursor-foreground;
            background: $block-cursor-background;
            text-style: $block-cursor-text-style;
        }
        & > .log--found { color: $accent; text-style: bold underline; }
        &:ansi > .log--debug { color: ansi_default; text-style: dim; }
        &:nocolor > .log--current { text-style: reverse; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "walk(-1)", "Up", show=False),
        Binding("down,j", "walk(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "go(0)", "Start", show=False),
        Binding("end", "go(-1)", "End", show=False),
    ]

    @dataclass
    class StartPassed(Message):
        """A key went up from the first line."""

    @dataclass
    class Moved(Message):
        """Another line is marked."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: Sequence[LogLine] = ()
        self.current = -1
        """The marked line; -1 where there is none."""
        self._needle: re.Pattern[str] | None = None
        self._rows: list[tuple[int, str]] = []
        """The line that each row belongs to, and its part of it."""
        self._first_rows: list[int] = []
        """The first row of each line."""

    @property
    def following(self) -> bool:
        """Whether the last line is the marked one, so that new ones shall be shown."""
        return self.current >= len(self.lines) - 1

    @property
    def visible_lines(self) -> Sequence[LogLine]:
        """The lines of which anything is on the screen."""
        top = self.scroll_offset.y
        shown = self._rows[top : top + self.scrollable_content_region.height]
        return [self.lines[at] for at in dict.fromkeys(line for line, _ in shown)]

    def show(self, lines: Sequence[LogLine], current: int) -> None:
        """Show these lines with one of them marked."""
        self.lines = lines
        self.current = min(max(current, 0), len(lines) - 1)
        self._reflow()

    def mark_found(self, needle: re.Pattern[str] | None) -> None:
        """Set off what matches."""
        self._needle = needle
        self.refresh()

    def find(self, needle: re.Pattern[str], start: int, step: int) -> int | None:
        """The first line from `start` on, going older (-1) or newer (1), that matches."""
        places = range(start, len(self.lines) if step > 0 else -1, step)
        return next((at for at in places if needle.search(self.lines[at].brief)), None)

    def go_to(self, line: int) -> None:
        """Mark a line and bring it into view."""
        if self.lines:
            self.current = min(max(line, 0), len(self.lines) - 1)
            self._reveal()
            self.refresh()
        self.post_message(self.Moved())

    def action_walk(self, step: int) -> None:
        """Mark the line above or below."""
        if self.current + step < 0:
            self.post_message(self.StartPassed())
        else:
            self.go_to(self.current + step)

    def action_page(self, step: int) -> None:
        """Go on by what the screen holds."""
        if self.current <= 0 and step < 0:
            self.post_message(self.StartPassed())
            return
        height = max(1, self.scrollable_content_region.height - 1)
        row = min(max(self._row_of(self.current) + step * height, 0), len(self._rows) - 1)
        at = self._rows[row][0] if self._rows else 0
        self.go_to(at if at != self.current else at + step)

    def action_go(self, line: int) -> None:
        """Go to the first line, or to the last (-1)."""
        if line == 0 and self.current <= 0:
            self.post_message(self.StartPassed())
        self.go_to(line if line >= 0 else len(self.lines) - 1)

    def on_resize(self) -> None:
        """Break the lines anew."""
        self._reflow()

    def on_click(self, event: events.Click) -> None:
        """Mark the line under the mouse."""
        row = event.y + self.scroll_offset.y
        if 0 <= row < len(self._rows):
            self.go_to(self._rows[row][0])

    def render_line(self, y: int) -> Strip:
        """A row of the screen."""
        width, row = self.scrollable_content_region.width, y + self.scroll_offset.y
        if row >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        at, text = self._rows[row]
        name = "current" if at == self.current else self._level_of(at)
        style = self.rich_style + self.get_component_rich_style(f"log--{name}", partial=True)
        return Strip(self._segments(text, style)).adjust_cell_length(width, style)

    def _level_of(self, at: int) -> str:
        return Level(self.lines[at].level).name.lower()

    def _segments(self, text: str, style: Style) -> list[Segment]:
        if self._needle is None:
            return [Segment(text, style)]
        found = style + self.get_component_rich_style("log--found", partial=True)
        segments, end = [], 0
        for match in self._needle.finditer(text):
            segments += [Segment(text[end : match.start()], style), Segment(match[0], found)]
            end = match.end()
        return [*segments, Segment(text[end:], style)]

    def _reflow(self) -> None:
        width = self.scrollable_content_region.width
        self._rows, self._first_rows = [], []
        for at, line in enumerate(self.lines if width > 0 else ()):
            self._first_rows.append(len(self._rows))
            self._rows += [(at, part) for part in _broken(line.brief, width)]
        self.virtual_size = Size(width, len(self._rows))
        self._reveal()
        self.refresh()

    def _row_of(self, line: int) -> int:
        return self._first_rows[line] if 0 <= line < len(self._first_rows) else 0

    def _reveal(self) -> None:
        if 0 <= self.current < len(self._first_rows):
            first = self._row_of(self.current)
            rows = sum(1 for at, _ in self._rows[first : first + 100] if at == self.current)
            region = Region(0, first, 1, max(1, rows))
            self.scroll_to_region(region, animate=False, force=True, immediate=True)


def _broken(text: str, width: int) -> list[str]:
    """The text in parts of at most this many cells."""
    if text.isascii():
        return [text[at : at + width] for at in range(0, len(text), width)] or [""]
    return chop_cells(text, width)
