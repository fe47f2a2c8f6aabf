"""What can be pulled, found as one types, and what is on the way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.getters import query_one
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from llmtui.core.model_admin import OfferedModel
from llmtui.core.text import sanitise_line
from llmtui.services.transfer_job import TransferJob
from llmtui.ui.columns import apart
from llmtui.ui.fuzzy import match
from llmtui.ui.modals.pick_list import marked
from llmtui.ui.room.transfer_list import TransferList
from llmtui.ui.transfer_words import amount
from llmtui.ui.widgets.bare_options import BareOptions
from llmtui.ui.widgets.line_input import LineInput

MOST_ROWS = 100


class PullPane(Vertical):
    """A line that takes any name, suggestions below it, and the transfers below those."""

    DEFAULT_CSS = """
    PullPane {
        & #offered { max-height: 40%; margin: 0 0 1 0; }
        & .note { height: auto; color: $foreground 60%; }
        & .section { height: 1; color: $foreground 60%; text-style: bold; }
        &:ansi .note, &:ansi .section { color: ansi_default; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "walk('cursor_down')", "Down", show=False),
        Binding("up", "walk('cursor_up')", "Up", show=False),
        Binding("pagedown", "walk('page_down')", "Page down", show=False),
        Binding("pageup", "walk('page_up')", "Page up", show=False),
    ]

    line = query_one(LineInput)
    options = query_one("#offered", BareOptions)
    transfers = query_one(TransferList)

    @dataclass
    class PullRequested(Message):
        """The person wants this model; empty where none is named."""

        model: str

    def __init__(self, jobs: Callable[[], Sequence[TransferJob]]) -> None:
        super().__init__(id="pull")
        self._jobs = jobs
        self._offered: Sequence[OfferedModel] = ()
        self._names: list[str] = []

    def compose(self) -> ComposeResult:
        """From what is asked for to what has come."""
        yield LineInput(placeholder="the name of a model to pull, or some letters of it")
        yield Static(classes="note", markup=False)
        options = BareOptions(id="offered")
        options.can_focus = False
        yield options
        yield Static("ON THE WAY", classes="section", markup=False)
        yield TransferList(self._jobs)

    def on_resize(self) -> None:
        """Align the right ends anew."""
        self.call_after_refresh(self.narrow)

    def offer(self, models: Sequence[OfferedModel], note: str = "") -> None:
        """Suggest these; `note` says why there are none."""
        self._offered = models
        below = self.query_one(".note", Static)
        below.update(Content(sanitise_line(note)))
        below.display = bool(note)
        self.narrow()

    @on(Input.Changed)
    def narrow(self) -> None:
        """Suggest what fits; the name as typed is the first, so that enter pulls what stands there."""
        typed = self.line.value.strip()
        found = [(fit.score, one) for one in self._offered if (fit := match(typed, one.name))]
        models = [one for _, one in sorted(found, key=lambda pair: -pair[0])][:MOST_ROWS]
        same = [one for one in models if one.name == typed]
        rows = [self._row(one, typed) for one in models if one not in same]
        self._names = [one.name for one in models if one not in same]
        if typed:
            rows.insert(0, self._row(same[0], typed) if same else self._as_typed(typed))
            self._names.insert(0, typed)
        self.options.set_options(map(Option, rows))
        self.options.highlighted = 0 if typed else None
        self.options.display = bool(rows)

    @on(Input.Submitted)
    def pull_highlighted(self) -> None:
        """Ask for the highlighted model, and make room for the next name."""
        at = self.options.highlighted
        self._request(self._names[at] if at is not None and at < len(self._names) else "")

    @on(OptionList.OptionSelected, "#offered")
    def pull_clicked(self, event: OptionList.OptionSelected) -> None:
        """Ask for the model under the mouse."""
        event.stop()
        self._request(self._names[event.option_index])

    def action_walk(self, step: str) -> None:
        """Move the highlight of the suggestions."""
        getattr(self.options, f"action_{step}")()

    @property
    def _room(self) -> int:
        """Columns of a suggestion, beside the scroll bar: the list itself may not be laid out yet."""
        return max(1, self.size.width - 1)

    def _request(self, name: str) -> None:
        self.line.value = ""
        self.post_message(self.PullRequested(name))

    def _row(self, model: OfferedModel, typed: str) -> Content:
        fit = match(typed, model.name)
        name = marked(sanitise_line(model.name), fit.positions if fit else ())
        left = name + Content.styled(f"  {sanitise_line(model.description)}", "dim")
        facts = ["installed" if model.installed else "", amount(model.size) if model.size else ""]
        return apart(left, Content.styled(" · ".join(filter(None, facts)), "dim"), self._room)

    def _as_typed(self, typed: str) -> Content:
        left = Content.assemble("pull “", (sanitise_line(typed), "bold"), "”")
        return apart(left, Content.styled("as typed", "dim"), self._room)
