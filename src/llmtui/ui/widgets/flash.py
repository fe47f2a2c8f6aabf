"""Short confirmations: the newest is shown for some seconds and then goes."""

from typing import Literal

from textual import events
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from llmtui.core.text import sanitise

Severity = Literal["information", "warning", "error"]

_WORDS: dict[str, str] = {"information": "", "warning": "warning: ", "error": "error: "}
_SHOWN_S = 3.0
_S_PER_CHARACTER = 0.04
"""A long text stays long enough to be read."""


class Flash(Static):
    """A text that hides itself; a newer one takes its place, they do not stack up."""

    DEFAULT_CSS = """
    Flash {
        height: auto;
        max-height: 40%;
        width: 1fr;
        padding: 0 1;
        display: none;
        background: $panel;
        color: $foreground;
        &.-warning { color: $warning; }
        &.-error { color: $error; text-style: bold; }
        &.-shown { display: block; }
        &.-tall { margin-bottom: 2; }
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(markup=False, id=id, classes=classes)
        self._timer: Timer | None = None

    def show(self, text: str, severity: str = "information") -> None:
        """Show a text for some seconds."""
        for name in _WORDS:
            self.set_class(name == severity, f"-{name}")
        self.update(Content(_WORDS.get(severity, "") + sanitise(text).strip()))
        self.add_class("-shown")
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(max(_SHOWN_S, len(text) * _S_PER_CHARACTER), self.hide)

    def on_resize(self, event: events.Resize) -> None:
        """Cover the status line alone: what takes more stands above the line that is typed on."""
        self.set_class(event.size.height > 1, "-tall")

    def hide(self) -> None:
        """Show nothing."""
        self.remove_class("-shown")
        self.update(Content(""))
