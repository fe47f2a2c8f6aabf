"""The transcript widget: its keys, its messages, and painting no more than what changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from llmtui.ui.transcript.entry import Entry
from llmtui.ui.transcript.ink import MARGIN, Ink
from llmtui.ui.transcript.look import COMPONENT_CLASSES, CSS, appearance, ink_for
from llmtui.ui.transcript.selection import copied, line_key, marked, moved, whole_card
from llmtui.ui.transcript.viewport import Viewport

_WIDEST = 100
_NARROWEST = 8


class Transcript(ScrollView, can_focus=True, inherit_bindings=False):
    """A whole conversation in one widget; replies stream into it."""

    DEFAULT_CSS = CSS
    COMPONENT_CLASSES: ClassVar[set[str]] = COMPONENT_CLASSES
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k,alt+up", "walk(-1)", "Previous message", show=False, id="transcript.previous"),
        Binding("down,j,alt+down", "walk(1)", "Next message", show=False, id="transcript.next"),
        Binding("enter,space", "fold", "Reasoning", show=False, id="transcript.fold"),
        Binding("c", "copy_message", "Copy message", id="transcript.copy"),
        Binding("y", "copy_code", "Copy code", id="transcript.copy-code"),
        Binding("pageup", "scroll_rows(-1)", "Page up", show=False, id="transcript.page-up"),
        Binding("pagedown", "scroll_rows(1)", "Page down", show=False, id="transcript.page-down"),
        Binding("home", "start", "Start", show=False, id="transcript.start"),
        Binding("end", "end", "End", show=False, id="transcript.end"),
    ]

    lines_below: var[int] = var(0)
    """New lines below the view since the reader left the end; 0 while following."""
    selected: var[str | None] = var(None)
    """The id of the message under the cursor."""

    @dataclass
    class EntrySelected(Message):
        """The cursor moved to a message."""

        transcript: Transcript
        entry_id: str

    @dataclass
    class EndPassed(Message):
        """The cursor was sent on past the last message."""

        transcript: Transcript

    @dataclass
    class CopyRequested(Message):
        """The reader wants this text on the clipboard."""

        transcript: Transcript
        text: str

    @dataclass
    class LinkRequested(Message):
        """The reader clicked a web link; nothing has been opened."""

        transcript: Transcript
        url: str

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
        disabled: bool = False,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes, disabled=disabled)
        self._viewport = Viewport()
        self._look: tuple[object, ...] = ()
        self._ink: Ink
        self._restyled = True
        self._scrolling = False
        self._painted: list[tuple[Strip, tuple[int, int] | None]] = []

    # --- the conversation ------------------------------------------------------------------

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries, with what has been streamed into them."""
        return tuple(card.entry for card in self._viewport.stack)

    @property
    def following(self) -> bool:
        """Whether the view is at the end and stays there as text comes in."""
        return self._viewport.following

    def entry(self, entry_id: str) -> Entry | None:
        """The entry of that id as it is now, or None."""
        place = self._viewport.stack.place(entry_id)
        return None if place is None else self._viewport.stack[place].entry

    def show(self, entries: Iterable[Entry]) -> None:
        """Replace the whole conversation and go to its end."""
        self.selected = None
        self._viewport.show(entries)
        self._sync()

    def prepend(self, entries: Sequence[Entry]) -> None:
        """Add earlier entries before the first one; what is in view, and what is selected, stays."""
        selection = self.text_selection
        self._viewport.prepend(entries)
        if selection is not None:
            self.screen.selections = {**self.screen.selections, self: moved(selection, len(entries))}
        self._sync()

    def append(self, entry: Entry) -> None:
        """Add a finished entry at the end."""
        self._viewport.put(entry)
        self._sync()

    def update(self, entry: Entry) -> None:
        """Show a new state of the entry of that id; an unknown id is ignored."""
        self._viewport.replace(entry)
        self._sync()

    def begin(self, entry: Entry) -> None:
        """Add a reply that `feed` will grow, or let an existing entry grow again."""
        self._viewport.put(entry, streaming=True)
        self._sync()

    def feed(self, entry_id: str, text: str = "", reasoning: str = "") -> None:
        """Add text to a reply; an id that has been removed is ignored."""
        entry = self.entry(entry_id)
        if entry is not None and (text or reasoning):
            grown = replace(entry, text=entry.text + text, reasoning=entry.reasoning + reasoning)
            self._viewport.replace(grown, arriving=True)
            self._sync()

    def close(self, entry: Entry) -> None:
        """End a streaming reply: from now on it is exactly what its source says."""
        self._viewport.close(entry)
        self._sync()

    def discard(self, entry_id: str) -> None:
        """Take an entry out of the conversation."""
        place = self._viewport.stack.place(entry_id)
        if place is not None:
            if self.selected == entry_id:
                self.selected = None
            self._viewport.remove(place)
            self._sync()

    def reveal(self, entry_id: str) -> None:
        """Put the message cursor on an entry and bring it into view; an unknown id is ignored."""
        place = self._viewport.stack.place(entry_id)
        if place is not None:
            self._select(place)
            self._viewport.reveal(place)
            self._sync()

    def show_cursor(self) -> None:
        """Put the message cursor on the last message in view, if it is nowhere yet."""
        if self.selected is None and (visible := self._viewport.visible()):
            self._select(visible[-1])

    def follow(self) -> None:
        """Go to the end and follow what comes in."""
        self._viewport.follow()
        self._sync()

    # --- keys and mouse --------------------------------------------------------------------

    def action_walk(self, step: int) -> None:
        """Move the message cursor; before the first message the key is left to others."""
        stack = self._viewport.stack
        here = stack.place(self.selected) if self.selected else None
        place = self._viewport.visible()[-1] if here is None and stack else (here or 0) + step
        if place >= len(stack):
            self.post_message(self.EndPassed(self))
        elif place < 0:
            raise SkipAction
        else:
            self._select(place)
            self._viewport.reveal(place)
            self._sync()

    def action_fold(self) -> None:
        """Show or hide the selected message's reasoning."""
        place = self._viewport.stack.place(self.selected) if self.selected else None
        if place is None:
            raise SkipAction
        self._fold(place)

    def action_copy_message(self) -> None:
        """Ask for the source of the selected message, or of the last one."""
        if (entry := self._chosen()) is not None:
            self.post_message(self.CopyRequested(self, entry.text))

    def action_copy_code(self) -> None:
        """Ask for the last code block of the selected message, or of the last one."""
        from llmtui.ui.transcript.markdown import code_blocks

        entry = self._chosen()
        if entry is not None and (blocks := code_blocks(entry.text)):
            self.post_message(self.CopyRequested(self, blocks[-1]))

    def action_scroll_rows(self, pages: int) -> None:
        """Scroll by pages, one line of overlap."""
        step = max(1, self.size.height - 1)
        self._scroll(self._viewport.top + pages * step)

    def action_start(self) -> None:
        """Go to the first message."""
        if self._viewport.stack:
            self._viewport.reveal(0, at_top=True)
            self._sync()

    def action_end(self) -> None:
        """Go to the end and follow."""
        self.follow()

    def on_click(self, event: events.Click) -> None:
        """Ask for a link, unfold reasoning, or move the message cursor."""
        line = self._viewport.line(event.y)
        if event.style.link:
            self.post_message(self.LinkRequested(self, event.style.link))
        elif line is not None and not self.text_selection:
            place, row = line
            self._select(place)
            if self._viewport.stack[place].fold_row == row:
                self._fold(place)

    def _chosen(self) -> Entry | None:
        stack = self._viewport.stack
        if self.selected is not None:
            return self.entry(self.selected)
        return stack[len(stack) - 1].entry if stack else None

    def _select(self, place: int) -> None:
        self.selected = self._viewport.stack[place].entry.id
        self.post_message(self.EntrySelected(self, self.selected))

    def _fold(self, place: int) -> None:
        self._viewport.fold(place)
        self._sync()

    def _scroll(self, top: int) -> None:
        self._viewport.scroll(top)
        self._sync()

    # --- text selection --------------------------------------------------------------------

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text, without bars and rules."""
        return copied(self._viewport.stack, selection), "\n"

    def text_select_all(self) -> None:
        """Select the message under the cursor (a double click), not the whole conversation."""
        place = self._viewport.stack.place(self.selected) if self.selected else None
        if place is not None:
            self.screen.selections = {self: whole_card(self._viewport.stack, place)}

    def selection_updated(self, selection: Selection | None) -> None:
        """Repaint the lines whose selected part changed."""
        self._repaint()

    # --- painting --------------------------------------------------------------------------

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

    def render_line(self, y: int) -> Strip:
        """One line of the view."""
        self._restyle()
        strip, span = self._row(y)
        width, base = self.size.width, self.visual_style.rich_style
        if span is not None:
            strip = marked(strip.crop_extend(0, width, base), span, self.selection_style)
        return strip.crop_extend(0, width, base).apply_offsets(0, line_key(*self._viewport.nearest(y)))

    def _row(self, y: int) -> tuple[Strip, tuple[int, int] | None]:
        """What stands in a row, and the span of it that is selected."""
        line = self._viewport.line(y)
        if line is None:
            return Strip.blank(0), None
        place, row = line
        strip = self._viewport.strip(place, row)
        card = self._viewport.stack[place]
        if self.has_focus and card.entry.id == self.selected and row < card.height - 1:
            strip = self._with_bar(strip)
        if y == self.size.height - 1 and self.lines_below:
            strip = self._with_arrivals(strip)
        selection = self.text_selection
        return strip, selection.get_span(line_key(place, row)) if selection else None

    def _with_bar(self, strip: Strip) -> Strip:
        bar = Segment("▌".ljust(MARGIN), self._ink.on(".cursor").rich_style)
        return Strip([bar, *strip.crop(MARGIN)])

    def _with_arrivals(self, strip: Strip) -> Strip:
        text = f" {self.lines_below} new line{'s' * (self.lines_below != 1)} ↓ "
        label = Segment(text, self._ink.on(".arrived").rich_style)
        room = max(0, self.size.width - len(text))
        return Strip([*strip.crop_extend(0, room, self.visual_style.rich_style), label])

    def _sync(self) -> None:
        """Bring size, scroll position and rows in line with the viewport, without a screen layout."""
        self._restyle()
        size = Size(self.size.width, self._viewport.stack.height)
        if size != self.virtual_size:
            # Our own box never depends on it, so the screen's layout need not run.
            self.set_reactive(Widget.virtual_size, size)
            self._scroll_update(size)
        with self._own_scrolling():
            self.scroll_target_y = self.scroll_y = self._viewport.top
        self.lines_below = self._viewport.arrived
        self._repaint()

    def _repaint(self) -> None:
        """Refresh the rows that differ from what was painted last."""
        if not self.is_mounted or not self._look:
            return
        width = self.size.width
        rows = [self._row(y) for y in range(self.size.height)]
        same_size = len(rows) == len(self._painted)
        for y, row in enumerate(rows):
            if not same_size or row != self._painted[y]:
                self.refresh(Region(0, y, width, 1))
        self._painted = rows

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
