"""A question that is answered with yes or no."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList, Static

from llmtui.ui.modals.dialog import Dialog


class Confirm(Dialog[bool]):
    """Asks before something is done; closing it means no."""

    AUTO_FOCUS = "OptionList"
    KEYS: ClassVar[str] = "y yes · n no"

    DEFAULT_CSS = """
    Confirm {
        & > .frame { width: 60; }
        & OptionList {
            height: auto;
            margin: 1 0 0 0;
            padding: 0;
            border: none;
            background: transparent;
            background-tint: 0%;
        }
        & OptionList:focus { border: none; background-tint: 0%; }
        &:nocolor OptionList > .option-list--option-highlighted { text-style: bold underline; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", show=False),
        Binding("n", "answer(False)", "No", show=False),
    ]

    def __init__(self, title: str, question: str, *, yes: str = "yes", no: str = "no") -> None:
        super().__init__(title)
        self._question = question
        self._answers = (no, yes)

    def compose_body(self) -> ComposeResult:
        """The question and the two answers, the harmless one first."""
        yield Static(Content(self._question), markup=False)
        yield OptionList(*map(Content, self._answers), markup=False)

    @on(OptionList.OptionSelected)
    def take(self, event: OptionList.OptionSelected) -> None:
        """Take the highlighted answer."""
        self.dismiss(event.option_index == 1)

    def action_answer(self, answer: bool) -> None:
        """Take the answer of a key."""
        self.dismiss(answer)

    def action_close(self) -> None:
        """Closing is a no."""
        self.dismiss(False)
