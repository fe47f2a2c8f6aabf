"""A question with a few answers, each a key."""

from collections.abc import Mapping
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from llmtui.ui.modals.dialog import Dialog


class Question(Dialog[str | None]):
    """Returns the key of the answer, or None when it is closed."""

    # The answers say it all.
    KEYS: ClassVar[str] = ""

    DEFAULT_CSS = """
    Question > .frame { width: 46; }
    Question Static { height: auto; }
    """

    def __init__(self, title: str, text: str, answers: Mapping[str, str]) -> None:
        """`answers` maps keys to what they do, in words."""
        super().__init__(title)
        self._text = text
        self._answers = answers

    def compose_body(self) -> ComposeResult:
        """What is asked, and the answers below."""
        lines = [Content(self._text), Content("")]
        keys = {**self._answers, "esc": "go back"}
        lines += [Content.assemble((key.rjust(4), "bold $accent"), f"  {does}") for key, does in keys.items()]
        yield Static(Content("\n").join(lines), markup=False)

    def on_key(self, event: events.Key) -> None:
        """Take an answer."""
        if event.key in self._answers:
            event.stop()
            self.dismiss(event.key)
