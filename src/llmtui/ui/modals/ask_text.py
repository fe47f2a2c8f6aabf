"""A dialog that asks for one line of text."""

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from llmtui.ui.modals.dialog import Dialog
from llmtui.ui.widgets.line_input import LineInput


class AskText(Dialog[str | None]):
    """One line, with what it is now to begin with; an empty one is not taken."""

    AUTO_FOCUS = "Input"
    DEFAULT_CSS = """
    AskText > .frame { width: 64; }
    AskText Static { height: auto; margin: 0 0 1 0; }
    """

    def __init__(
        self, title: str, value: str = "", *, text: str = "", placeholder: str = "", does: str = "take"
    ) -> None:
        """`text` is what is asked, where the title has no room for it; `does` what enter does, in a word."""
        super().__init__(title)
        self._text = text
        self._does = does
        self._value = value
        self._placeholder = placeholder

    def compose_body(self) -> ComposeResult:
        """What is asked, and the line."""
        if self._text:
            yield Static(self._text, markup=False)
        yield LineInput(self._value, self._placeholder)

    def on_mount(self) -> None:
        """Say what enter does."""
        self.query_one(".frame").border_subtitle = Content(f"enter {self._does} · esc close")

    @on(Input.Submitted)
    def take(self, event: Input.Submitted) -> None:
        """Close with the text."""
        if text := event.value.strip():
            self.dismiss(text)
