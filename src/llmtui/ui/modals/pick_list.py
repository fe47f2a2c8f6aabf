"""A dialog with a list that narrows as one types."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.getters import query_one
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from llmtui.ui.modals.dialog import Dialog
from llmtui.ui.widgets.line_input import LineInput

Value = TypeVar("Value")
Result = TypeVar("Result")

MOST_ROWS = 200
"""Rows that are laid out; who wants another one types more of its name."""


_NOTHING = Content("")


@dataclass(frozen=True, slots=True)
class Row(Generic[Value]):
    """A line of the list; without a value it cannot be chosen."""

    left: Content
    right: Content = _NOTHING
    below: Content | None = None
    """A second line."""
    value: Value | None = None


class PickList(Dialog[Result], Generic[Result, Value]):
    """A filter line over a list; up and down walk the list, enter takes a row."""

    AUTO_FOCUS = "Input"
    KEYS = "enter take · esc close"

    DEFAULT_CSS = """
    PickList {
        & OptionList {
            height: auto;
            max-height: 1fr;
            margin: 1 0 0 0;
            padding: 0;
            border: none;
            background: transparent;
            scrollbar-size-vertical: 1;
            scrollbar-gutter: stable;
            text-wrap: nowrap;
            text-overflow: ellipsis;
        }
        &.-low OptionList { margin: 0; }
        & OptionList > .option-list--option-highlighted {
            color: $block-cursor-foreground;
            background: $block-cursor-background;
            text-style: $block-cursor-text-style;
        }
        & OptionList > .option-list--option-disabled { color: $foreground 60%; }
        &:ansi OptionList > .option-list--option-disabled { color: ansi_default; }
        /* Not `reverse`: Textual leaves that out of an option's style. */
        &:nocolor OptionList > .option-list--option-highlighted { text-style: bold underline; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "walk('cursor_down')", "Down", show=False),
        Binding("up", "walk('cursor_up')", "Up", show=False),
        Binding("pagedown", "walk('page_down')", "Page down", show=False),
        Binding("pageup", "walk('page_up')", "Page up", show=False),
    ]

    filter = query_one(Input)
    options = query_one(OptionList)

    def __init__(self, title: str, placeholder: str = "type to narrow") -> None:
        super().__init__(title)
        self._placeholder = placeholder
        self._rows: Sequence[Row[Value]] = ()
        self.moved = False
        """Whether a key has moved the highlight since the last character was typed."""

    def compose_body(self) -> ComposeResult:
        """The filter line and the list."""
        yield LineInput(placeholder=self._placeholder)
        options = OptionList(markup=False)
        options.can_focus = False
        yield options

    def on_resize(self) -> None:
        """Align the right ends anew."""
        self.call_after_refresh(self._lay_out)

    @on(Input.Changed)
    def note_typing(self) -> None:
        """Narrow the list."""
        self.narrow()

    @on(Input.Submitted)
    def take_highlighted(self) -> None:
        """Take the highlighted row."""
        if (value := self.highlighted) is not None:
            self.take(value)

    @on(OptionList.OptionSelected)
    def take_clicked(self, event: OptionList.OptionSelected) -> None:
        """Take the row under the mouse."""
        if (value := self._rows[event.option_index].value) is not None:
            self.take(value)

    def narrow(self) -> None:
        """Show what fits the filter."""
        self.moved = False
        self.show_rows(self.rows(self.typed))

    def action_walk(self, step: str) -> None:
        """Move the highlight."""
        self.moved = True
        getattr(self.options, f"action_{step}")()

    @property
    def typed(self) -> str:
        """What the list is narrowed by."""
        return self.filter.value.strip()

    @property
    def highlighted(self) -> Value | None:
        """The value of the highlighted row."""
        at = self.options.highlighted
        return self._rows[at].value if at is not None and at < len(self._rows) else None

    @abstractmethod
    def rows(self, query: str) -> Iterable[Row[Value]]:
        """The rows that fit what is typed."""

    @abstractmethod
    def take(self, value: Value) -> None:
        """Close with a row's value."""

    def show_rows(self, rows: Iterable[Row[Value]], *wanted: Value | None) -> None:
        """Show these rows, and highlight the first wanted value that is there, else the first row."""
        rows = list(rows)
        left_out = len(rows) - MOST_ROWS
        if left_out > 0:
            rows[MOST_ROWS:] = [Row(Content(f"… {left_out} more; type more of the name"))]
        self._rows = rows
        self._lay_out()
        choices = [at for at, row in enumerate(rows) if row.value is not None]
        found = [at for value in wanted for at in choices if rows[at].value == value]
        self.options.highlighted = next(iter(found or choices), None)

    def _lay_out(self) -> None:
        at = self.options.highlighted
        width = self.options.scrollable_content_region.width
        self.options.set_options(Option(_line(row, width), disabled=row.value is None) for row in self._rows)
        if at is not None and at < len(self._rows):
            self.options.highlighted = at


def _line(row: Row[Value], width: int) -> Content:
    """A row with its right part at the right edge, cut where it is too long."""
    room = max(0, width - row.right.cell_length - (1 if row.right else 0))
    left = row.left.truncate(room, ellipsis=True) if row.left.cell_length > room else row.left
    gap = " " * max(1, width - left.cell_length - row.right.cell_length) if row.right else ""
    line = left + gap + row.right
    return line if row.below is None else Content("\n").join([line, row.below])


def marked(text: str, positions: Iterable[int]) -> Content:
    """A text with some characters set off."""
    content = Content(text)
    for at in positions:
        if at < len(text):
            content = content.stylize("bold $accent", at, at + 1)
    return content
