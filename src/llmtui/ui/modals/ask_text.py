"""A dialog that asks for one line of text."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input

from llmtui.ui.modals.dialog import Dialog
from llmtui.ui.widgets.line_input import LineInput


class AskText(Dialog[str | None]):
    """One line, with what it is now to begin with; an empty one is not taken."""

    AUTO_FOCUS = "Input"
    KEYS: ClassVar[str] = "enter take · esc close"

    DEFAULT_CSS = """
    AskText > .frame { width: 64; }
    """

    def __init__(self, title: str, value: str = "", *, placeholder: str = "") -> None:
        super().__init__(title)
        self._value = value
        self._placeholder = placeholder

    def compose_body(self) -> ComposeResult:
        """The line."""
        yield LineInput(self._value, self._placeholder)

    @on(Input.Submitted)
    def take(self, event: Input.Submitted) -> None:
        """Close with the text."""
        if text := event.value.strip():
            self.dismiss(text)
