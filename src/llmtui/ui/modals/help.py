"""All keys, by what they are for."""

from collections.abc import Iterator
from itertools import groupby
from typing import ClassVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from llmtui.ui.actions import ACTIONS, Action
from llmtui.ui.keymap import Keymap, rows
from llmtui.ui.modals.dialog import Dialog
from llmtui.ui.room.actions import help_rows
from llmtui.ui.widgets.line_input import LineInput

_INDENT = 2


class Help(Dialog[None]):
    """The keys as they are now, narrowed by what is typed."""

    AUTO_FOCUS = "Input"
    KEYS: ClassVar[str] = "↑↓ scroll · esc close"

    DEFAULT_CSS = """
    Help {
        & VerticalScroll {
            height: auto;
            max-height: 1fr;
            margin: 1 0 0 0;
            scrollbar-size-vertical: 1;
            scrollbar-gutter: stable;
        }
        &.-low VerticalScroll { margin: 0; }
        & Static { height: auto; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "scroll('down')", "Down", show=False),
        Binding("up", "scroll('up')", "Up", show=False),
        Binding("pagedown", "scroll('page_down')", "Page down", show=False),
        Binding("pageup", "scroll('page_up')", "Page up", show=False),
    ]

    def __init__(self, keymap: Keymap) -> None:
        super().__init__("Keys")
        self._keymap = keymap

    def compose_body(self) -> ComposeResult:
        """The filter line and the keys."""
        yield LineInput(placeholder="type to narrow")
        with VerticalScroll(can_focus=False):
            yield Static(markup=False)

    def on_resize(self) -> None:
        """Break the lines anew."""
        self.call_after_refresh(self.show_keys)

    @on(Input.Changed)
    def show_keys(self) -> None:
        """Show the keys that fit what is typed."""
        query = self.query_one(Input).value.casefold().split()
        shown = [
            (keys, action)
            for keys, action in [*rows(ACTIONS, self._keymap.labels), *help_rows()]
            if all(word in f"{keys} {action.description} {action.group}".casefold() for word in query)
        ]
        lines = list(self._lines(shown)) or [Content.styled("no key fits", "dim")]
        self.query_one(Static).update(Content("\n").join(lines))

    def action_scroll(self, step: str) -> None:
        """Scroll the keys."""
        getattr(self.query_one(VerticalScroll), f"scroll_{step}")(animate=False)

    def _lines(self, shown: list[tuple[str, Action]]) -> Iterator[Content]:
        width = self.query_one(VerticalScroll).scrollable_content_region.width
        keys_width = min(max((cell_len(keys) for keys, _ in shown), default=0), 24, max(10, width // 2 - 4))
        for group, members in groupby(shown, key=lambda row: row[1].group):
            yield Content.styled(group, "bold $accent")
            for keys, action in members:
                yield from self._entry(keys, action, keys_width, width)
            yield Content("")

    @staticmethod
    def _entry(keys: str, action: Action, keys_width: int, width: int) -> Iterator[Content]:
        """A key with its description, each broken within its own column."""
        room = max(8, width - keys_width - 2 * _INDENT)
        left = Content(keys).wrap(keys_width) if keys else [Content("no key")]
        does = f"{action.family} of that number" if action.family else action.description
        right = Content(does).wrap(room)
        for y in range(max(len(left), len(right))):
            key = left[y] if y < len(left) else Content("")
            text = right[y] if y < len(right) else Content("")
            pad = " " * (keys_width - key.cell_length + _INDENT)
            yield Content.assemble(" " * _INDENT, key.stylize("bold"), pad, text)
