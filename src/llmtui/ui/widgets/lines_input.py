"""The multi-line input of the dialogs."""

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import TextArea

from llmtui.core.text import sanitise
from llmtui.ui.widgets.keys_in_order import act_at_once


class LinesInput(TextArea):
    """A few bare lines without a frame, whose cursor does not blink; tab leaves it."""

    DEFAULT_CSS = """
    LinesInput {
        height: auto;
        min-height: 1;
        max-height: 6;
        border: none;
        padding: 0;
        background: transparent;
        scrollbar-size-vertical: 1;
        &:focus { border: none; background-tint: 0%; }
        & .text-area--placeholder { color: $foreground 50%; }
        &:ansi .text-area--placeholder { color: ansi_default; text-style: dim; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+j", "break_line", "New line", show=False),
    ]

    def __init__(self, text: str = "", placeholder: str = "") -> None:
        super().__init__(text, placeholder=placeholder, highlight_cursor_line=False)
        # A blinking cursor writes to the terminal for as long as the dialog is open.
        self.cursor_blink = False
        self.match_cursor_bracket = False

    def action_break_line(self) -> None:
        """Break the line, as enter does."""
        self.replace("\n", *self.selection, maintain_selection_offset=False)

    async def _on_key(self, event: events.Key) -> None:
        """Take keys in the order in which they were typed."""
        await act_at_once(self, event)

    async def _on_paste(self, event: events.Paste) -> None:
        """Take what is pasted as harmless text."""
        event.stop()
        event.prevent_default()
        result = self.replace(sanitise(event.text), *self.selection, maintain_selection_offset=False)
        self.move_cursor(result.end_location)
