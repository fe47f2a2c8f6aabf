"""What all dialogs share: a quiet frame with its title and keys in the border, and a way out."""

from typing import ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

Result = TypeVar("Result")


class Dialog(ModalScreen[Result]):
    """A framed screen that returns a value, or None when it is closed."""

    KEYS: ClassVar[str] = "esc close"
    """The footer."""

    # The screen below is neither dimmed nor repainted: over a slow line that would be the whole screen.
    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        background: transparent;
        & > .frame {
            width: 76;
            max-width: 100%;
            height: auto;
            max-height: 80%;
            padding: 0 1;
            border: round $border;
            border-title-color: $accent;
            border-title-style: bold;
            border-subtitle-color: $foreground 60%;
            background: $panel;
            color: $foreground;
            & * {
                scrollbar-background: $panel;
                scrollbar-background-hover: $panel;
                scrollbar-background-active: $panel;
            }
        }
        &.-low > .frame { max-height: 100%; }
        &:ansi > .frame { background: ansi_default; border-subtitle-color: ansi_default; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "close", "Close", show=False),
    ]

    def __init__(self, title: str) -> None:
        super().__init__()
        self._dialog_title = title

    def compose(self) -> ComposeResult:
        """The frame with the body in it."""
        with Vertical(classes="frame") as frame:
            frame.border_title = Content(self._dialog_title)
            frame.border_subtitle = Content(self.KEYS)
            yield from self.compose_body()

    def compose_body(self) -> ComposeResult:
        """What stands in the frame."""
        yield from ()

    def on_resize(self) -> None:
        """Use every row of a low screen."""
        self.set_class(self.app.size.height < 16, "-low")

    def on_key(self, event: events.Key) -> None:
        """Give the input what was typed before it had the focus."""
        if self.focused is None and event.character and event.is_printable:
            for line in self.query(Input):
                line.insert_text_at_cursor(event.character)
                event.stop()

    def action_close(self) -> None:
        """Return nothing."""
        self.dismiss(None)
