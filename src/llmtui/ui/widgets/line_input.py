"""The one-line input of the dialogs."""

from textual import events
from textual.widgets import Input

from llmtui.ui.widgets.keys_in_order import act_at_once


class LineInput(Input):
    """A bare line without a frame, whose cursor does not blink."""

    DEFAULT_CSS = """
    LineInput {
        height: 1;
        border: none;
        padding: 0;
        background: transparent;
        &:focus { border: none; background-tint: 0%; }
        & > .input--placeholder { color: $foreground 50%; }
        &:ansi > .input--placeholder { color: ansi_default; text-style: dim; }
        &:ansi > .input--cursor { color: ansi_default; background: ansi_default; text-style: reverse; }
    }
    """

    def __init__(self, value: str = "", placeholder: str = "", *, password: bool = False) -> None:
        super().__init__(value, placeholder=placeholder, password=password, select_on_focus=False)
        # A blinking cursor writes to the terminal for as long as the dialog is open.
        self.cursor_blink = False

    async def _on_key(self, event: events.Key) -> None:
        """Take keys in the order in which they were typed."""
        await act_at_once(self, event)
