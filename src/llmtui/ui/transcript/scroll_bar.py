"""A scroll bar that paints the rows that changed, which Textual's own does not."""

from __future__ import annotations

from math import ceil

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.reactive import Reactive
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.strip import Strip

_ABOVE, _BELOW, _THUMB, _HEAD, _TAIL = "above", "below", "thumb", "head", "tail"
_DOES = {_ABOVE: "scroll_up", _BELOW: "scroll_down", _THUMB: "grab", _HEAD: "grab", _TAIL: "grab"}
"""Part of the bar -> Textual's action when it is clicked."""
_BARS = ScrollBarRender.VERTICAL_BARS
_STEPS = len(_BARS)

Row = tuple[str, str]
"""A row's part of the bar, and the character it is drawn with."""


def rows_of(size: int, window: int, whole: int, position: float) -> list[Row]:
    """A vertical bar of so many rows, for a window at a position of a whole (as Textual draws it)."""
    if not (size and window and window < whole and size != whole):
        return [(_ABOVE, " ")] * size
    thumb = max(1, window / (whole / size))
    first = max(0, int((size - thumb) * (position / (whole - window)) * _STEPS))
    end = first + ceil(thumb * _STEPS)
    first_row, first_step = divmod(first, _STEPS)
    end_row, end_step = divmod(end, _STEPS)
    rows = [(_ABOVE, " ") if row < first_row else (_THUMB, " ") for row in range(min(end_row, size))]
    rows += [(_BELOW, " ")] * (size - len(rows))
    if first_step and first_row < size:
        rows[first_row] = (_HEAD, _BARS[_STEPS - 1 - first_step])
    if end_row < size and _BARS[_STEPS - 1 - end_step] != " ":
        rows[end_row] = (_TAIL, _BARS[_STEPS - 1 - end_step])
    return rows


class LeanScrollBar(ScrollBar):
    """Textual's vertical scroll bar, drawn row by row: that of a reply that grows changes in a row or two."""

    window_virtual_size: Reactive[int] = Reactive(100, repaint=False)
    window_size: Reactive[int] = Reactive(0, repaint=False)
    position: Reactive[float] = Reactive(0, repaint=False)

    def __init__(self, *, thickness: int) -> None:
        super().__init__(vertical=True, name="vertical", thickness=thickness)
        self._rows: list[Row] = []

    def watch_window_virtual_size(self) -> None:
        """Paint what changed."""
        self._reshape()

    def watch_window_size(self) -> None:
        """Paint what changed."""
        self._reshape()

    def watch_position(self) -> None:
        """Paint what changed."""
        self._reshape()

    def on_resize(self) -> None:
        """Fit the bar into another height."""
        self._reshape()

    def render_line(self, y: int) -> Strip:
        """One row of the bar."""
        part, character = self._rows[y] if y < len(self._rows) else (_ABOVE, " ")
        style = self._style + Style(reverse=part in (_THUMB, _TAIL), meta={"@mouse.down": _DOES[part]})
        width = self.size.width
        return Strip([Segment(character * width, style)], width)

    def _reshape(self) -> None:
        rows = rows_of(self.size.height, self.window_size, ceil(self.window_virtual_size), self.position)
        same_size = len(rows) == len(self._rows)
        for y, row in enumerate(rows):
            if not same_size or row != self._rows[y]:
                self.refresh(Region(0, y, self.size.width, 1))
        self._rows = rows

    @property
    def _style(self) -> Style:
        """The colours of the bar, by what the mouse does with it."""
        assert self.parent is not None
        styles = self.parent.styles
        if self.grabbed:
            background, colour = styles.scrollbar_background_active, styles.scrollbar_color_active
        elif self.mouse_over:
            background, colour = styles.scrollbar_background_hover, styles.scrollbar_color_hover
        else:
            background, colour = styles.scrollbar_background, styles.scrollbar_color
        if background.a < 1:
            background = self.parent.background_colors[0] + background
        return Style.from_color((background + colour).rich_color, background.rich_color)
