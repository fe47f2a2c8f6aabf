"""The transcript widget: the conversation it shows, its keys, its messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.selection import Selection

from llmtui.ui.transcript.canvas import Canvas
from llmtui.ui.transcript.entry import Entry
from llmtui.ui.transcript.face import markdown
from llmtui.ui.transcript.look import COMPONENT_CLASSES, CSS
from llmtui.ui.transcript.pace import Pace
from llmtui.ui.transcript.selection import copied, moved, whole_card
from llmtui.ui.transcript.viewport import Viewport


class Transcript(Canvas, inherit_bindings=False):
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
        jump_lines: int = 1,
        rest: float = 4.0,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
        disabled: bool = False,
    ) -> None:
        """While the end is followed, it moves by `jump_lines` at once: fewer rows change on a slow line.

        After a frame, `rest` times what it cost passes before the next one.
        """
        super().__init__(Viewport(jump_lines), name=name, id=id, classes=classes, disabled=disabled)
        self._pace = Pace(self._show_arrived, self.set_timer, self._is_covered, rest)
        self._unsettled: list[str] = []
        self._is_warm = False

    def on_mount(self) -> None:
        """Hear of what comes in front of the screen and goes."""
        self.watch(self.screen, "stack_updates", self._pace.hurry, init=False)

    # --- the conversation ------------------------------------------------------------------

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries, with what has been streamed into them."""
        return tuple(card.entry for card in self._viewport.stack)

    @property
    def following(self) -> bool:
        """Whether the view is at the end and stays there as text comes in."""
        return self._viewport.following

    @property
    def is_empty(self) -> bool:
        """Whether there is no entry."""
        return not self._viewport.stack

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
        if self.is_mounted and not self._is_warm:
            # The parser's import would hold up the first words; nothing waits for it now.
            self._is_warm = True
            self.run_worker(markdown, thread=True, exit_on_error=False)
        self._viewport.put(entry, streaming=True)
        self._sync()

    def amend(self, entry_id: str, **changes: str) -> None:
        """Change fields of an entry other than its text, such as its title; an unknown id is ignored."""
        self._viewport.amend(entry_id, **changes)
        self._sync()

    def feed(self, entry_id: str, text: str = "", reasoning: str = "") -> None:
        """Add text to a reply; an id that has been removed is ignored."""
        if (text or reasoning) and self._viewport.feed(entry_id, text, reasoning):
            self._pace.ask()

    def close(self, entry: Entry) -> None:
        """End a streaming reply: from now on it is exactly what its source says."""
        if self._viewport.holding:
            # Selected lines stay what they are until they are let go.
            self._unsettled.append(entry.id)
        self._viewport.close(entry)
        self._sync()

    def _is_covered(self) -> bool:
        return self.is_mounted and not self.screen.is_active

    def _show_arrived(self) -> None:
        self._viewport.grow()
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
        from llmtui.ui.transcript.document import code_blocks

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
            face = self._viewport.stack[place].face
            if face is not None and face.fold_row == row:
                self._fold(place)

    def _chosen(self) -> Entry | None:
        stack = self._viewport.stack
        if self.selected is not None:
            return self.entry(self.selected)
        return stack[len(stack) - 1].entry if stack else None

    def _select(self, place: int) -> None:
        self.selected = self._viewport.stack[place].id
        self.post_message(self.EntrySelected(self, self.selected))

    def _fold(self, place: int) -> None:
        self._viewport.fold(place)
        self._sync()

    # --- text selection --------------------------------------------------------------------

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text, without bars and rules."""
        return copied(self._viewport.stack, selection, self._ink), "\n"

    def text_select_all(self) -> None:
        """Select the message under the cursor (a double click), not the whole conversation."""
        place = self._viewport.stack.place(self.selected) if self.selected else None
        if place is not None:
            self.screen.selections = {self: whole_card(place)}

    def selection_updated(self, selection: Selection | None) -> None:
        """Repaint the lines whose selected part changed."""
        self._viewport.holding = selection is not None
        if selection is None:
            self._settle()
        self._repaint()

    def _settle(self) -> None:
        """Make replies exact that ended while some of their text was selected."""
        ended, self._unsettled = self._unsettled, []
        for entry_id in ended:
            if (entry := self.entry(entry_id)) is not None:
                self._viewport.close(entry)
        if ended:
            self._sync()
