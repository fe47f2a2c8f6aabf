"""Painting the viewport: no more than the rows that changed, and no screen layout."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.segment import Segment
from textual.geometry import Region, Size
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar
from textual.strip import Strip
from textual.widget import Widget

from llmtui.ui.transcript.ink import MARGIN, Ink
from llmtui.ui.transcript.look import appearance, ink_for
from llmtui.ui.transcript.scroll_bar import LeanScrollBar
from llmtui.ui.transcript.selection import line_key, marked
from llmtui.ui.transcript.viewport import Viewport

_WIDEST = 100
_NARROWEST = 8
_BLANK = Strip([])

PaintedRow = tuple[Strip, tuple[int, int] | None, int]
"""A line, the span of it that is selected, and what Textual's selection calls it."""


class Canvas(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows a viewport, with the message cursor, the selection and what arrived below."""

    lines_below: var[int] = var(0)
    """New lines below the view since the reader left the end; 0 while following."""
    selected: var[str | None] = var(None)
    """The id of the message under the cursor."""

    def __init__(
        self,
        viewport: Viewport,
        *,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
        disabled: bool = False,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes, disabled=disabled)
        self._viewport = viewport
        self._look: tuple[object, ...] = ()
        self._ink: Ink
        self._restyled = True
        self._scrolling = False
        self._painted: list[PaintedRow] = []
        self._drawn: dict[tuple[int, tuple[int, int] | None], tuple[Strip, Strip]] = {}
        """The finished lines in view, each with what it was made of."""
        self._drawn_look: tuple[object, ...] = ()

    def notify_style_update(self) -> None:
        """Note that colours may have changed; asked for when the next line is drawn."""
        super().notify_style_update()
        self._restyled = True

    def on_resize(self) -> None:
        """Render what is in view at the new size."""
        self._restyled = True
        self._sync()

    def watch_selected(self) -> None:
        """Draw the cursor's bar."""
        self._repaint()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Draw the cursor's bar only while keys come here."""
        super().watch_has_focus(has_focus)
        self._repaint()

    @property
    def vertical_scrollbar(self) -> ScrollBar:
        """The scroll bar, made when it is first asked for (as Textual makes its own)."""
        if self._vertical_scrollbar is None:
            self._vertical_scrollbar = LeanScrollBar(thickness=self.scrollbar_size_vertical)
            self._vertical_scrollbar.display = False
            self.app._start_widget(self, self._vertical_scrollbar)
        return self._vertical_scrollbar

    def _scroll_update(self, virtual_size: Size) -> None:
        """Fit the scroll bar; the clamping that a layout does here is not the reader's scrolling."""
        with self._own_scrolling():
            super()._scroll_update(virtual_size)

    @contextmanager
    def _own_scrolling(self) -> Iterator[None]:
        before, self._scrolling = self._scrolling, True
        try:
            yield
        finally:
            self._scrolling = before

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follow the scroll bar and the wheel; only lines that differ are painted again."""
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = new_value
        if not self._scrolling and round(old_value) != round(new_value):
            self._scroll(round(new_value))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Lines of the view; those that only moved are the same objects as before.

        Textual's own way makes them anew, to put a border and more around each that there is none of here.
        """
        self._restyle()
        if len(self._painted) != self.size.height:
            self._painted = self._rows()
        width, (_, background) = self.size.width, self.background_colors
        look = (width, background, *self.get_line_filters())
        if look != self._drawn_look:
            self._drawn_look, self._drawn = look, {}
        before, self._drawn = self._drawn, {}
        lines: list[Strip] = []
        for row in self._painted:
            strip, span, _ = row
            name = (id(strip), span)
            # With its source beside it, whose `id` is nobody else's for as long as it is kept.
            _, line = self._drawn[name] = before.get(name) or (strip, self._finished(row))
            lines.append(line)
        if crop.height == 1 and crop.y < len(lines):
            # Textual asks what is under the mouse; a frame asks for the whole view.
            lines[crop.y] = lines[crop.y].apply_offsets(0, self._painted[crop.y][2])
        lines = lines[crop.y : crop.bottom]
        lines += [Strip.blank(width, self.visual_style.rich_style)] * (crop.height - len(lines))
        whole = crop.column_span == (0, width)
        return lines if whole else [line.crop(*crop.column_span) for line in lines]

    def render_line(self, y: int) -> Strip:
        """One line of the view."""
        return self.render_lines(Region(0, y, self.size.width, 1))[0]

    def _finished(self, row: PaintedRow) -> Strip:
        """A line as wide as the view, with what is selected of it, in the colours that the terminal has."""
        strip, span, _ = row
        strip = strip.crop_extend(0, self.size.width, self.visual_style.rich_style)
        if span is not None:
            strip = marked(strip, span, self.selection_style)
        _, background = self.background_colors
        for line_filter in self.get_line_filters():
            strip = strip.apply_filter(line_filter, background)
        return strip

    def _rows(self) -> list[PaintedRow]:
        """All lines of the view."""
        rows: list[PaintedRow] = []
        selection, stack = self.text_selection, self._viewport.stack
        selected = stack.place(self.selected) if self.selected and self.has_focus else None
        key = 0
        for row in self._viewport.rows():
            key = line_key(row.place, row.spot)
            strip = self._with_bar(row.strip) if row.place == selected and not row.is_below else row.strip
            rows.append((strip, selection.get_span(key) if selection else None, key))
        rows += [(_BLANK, None, key)] * (self.size.height - len(rows))
        if self.lines_below and rows:
            strip, span, key = rows[-1]
            rows[-1] = self._with_arrivals(strip), span, key
        return rows

    def _with_bar(self, strip: Strip) -> Strip:
        bar = Segment("▌".ljust(MARGIN), self._ink.on(".cursor").rich_style)
        return Strip([bar, *strip.crop(MARGIN)])

    def _with_arrivals(self, strip: Strip) -> Strip:
        text = f" {self.lines_below} new line{'s' * (self.lines_below != 1)} ↓ "
        label = Segment(text, self._ink.on(".arrived").rich_style)
        room = max(0, self.size.width - len(text))
        return Strip([*strip.crop_extend(0, room, self.visual_style.rich_style), label])

    def _scroll(self, top: int) -> None:
        self._viewport.scroll(top)
        self._sync()

    def _sync(self) -> None:
        """Bring size, scroll position and rows in line with the viewport, without a screen layout."""
        self._restyle()
        size = Size(self.size.width, self._viewport.end)
        if size != self.virtual_size:
            # Our own box never depends on it, so the screen's layout need not run.
            self.set_reactive(Widget.virtual_size, size)
            if self.show_vertical_scrollbar and size.height > self.size.height:
                # Textual's own way paints all of the bar.
                self.vertical_scrollbar.window_virtual_size = size.height
            else:
                self._scroll_update(size)
        with self._own_scrolling():
            self.scroll_target_y = self.scroll_y = self._viewport.top
        self.lines_below = self._viewport.arrived
        self._repaint()

    def _repaint(self) -> None:
        """Refresh the rows that differ from what was painted last."""
        if not self.is_mounted or not self._look:
            return
        width, rows = self.size.width, self._rows()
        same_size = len(rows) == len(self._painted)
        changed = [y for y, row in enumerate(rows) if not same_size or row != self._painted[y]]
        self._painted = rows
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def _restyle(self) -> None:
        """Take a new width, height or theme."""
        if not self._restyled or not self.is_mounted or not self.size:
            return
        self._restyled = False
        width = min(_WIDEST, max(_NARROWEST, self.size.width - MARGIN - 1))
        if (look := (width, *appearance(self))) != self._look:
            self._look, self._painted = look, []
            self._ink = ink_for(self, width)
        self._viewport.resize(self._ink, self.size.height)
