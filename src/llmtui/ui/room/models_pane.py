"""The models of a server: a list to sort and to narrow, what is in memory, and all of the marked one."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.getters import query_one
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from llmtui.core.model_admin import StoredModel
from llmtui.core.text import sanitise_line
from llmtui.services.shelf import ORDERS, Shelf
from llmtui.ui.fuzzy import match
from llmtui.ui.model_facts import packed
from llmtui.ui.room.actions import of_place, refusal, room_bindings
from llmtui.ui.room.shelf_words import about, tabulated
from llmtui.ui.widgets.bare_options import BareOptions
from llmtui.ui.widgets.line_input import LineInput

TICK_S = 1.0


class ModelTable(BareOptions):
    """The list itself; its keys are the actions on the marked model."""

    BINDINGS: ClassVar[list[BindingType]] = [*room_bindings("models")]


class ModelsPane(Vertical):
    """Shows what the room gives it, and draws what of it is new."""

    DEFAULT_CSS = """
    ModelsPane {
        & LineInput { display: none; }
        & LineInput.-shown { display: block; }
        & .heading { height: 1; color: $foreground 60%; }
        & .note { height: auto; color: $foreground 60%; }
        & ModelTable { height: 1fr; }
        & .about { height: auto; max-height: 3; color: $foreground 60%; }
        & .keys { height: auto; max-height: 3; color: $foreground 60%; margin: 1 0 0 0; }
        &:ansi .heading, &:ansi .note, &:ansi .about, &:ansi .keys { color: ansi_default; }
    }
    """

    @dataclass
    class Expired(Message):
        """A model's time in memory has run out."""

    table = query_one(ModelTable)
    line = query_one(LineInput)

    def __init__(self) -> None:
        super().__init__(id="models")
        self.order = "name"
        self._shelf = Shelf()
        self._host = ""
        self._note = ""
        self._models: list[StoredModel] = []
        self._drawn: list[Content] = []
        self._expires_at: datetime | None = None
        """When the first of the models in memory leaves it."""

    @property
    def marked(self) -> StoredModel | None:
        """The model under the mark."""
        at = self.table.highlighted
        return self._models[at] if at is not None and at < len(self._models) else None

    def compose(self) -> ComposeResult:
        """The filter, the list below its titles, what is known of one, and the keys."""
        yield LineInput(placeholder="part of a name")
        yield Static(classes="heading", markup=False)
        yield Static(classes="note", markup=False)
        yield ModelTable(id="table")
        yield Static(classes="about", markup=False)
        yield Static(classes="keys", markup=False)

    def on_mount(self) -> None:
        """Let the time that models stay in memory run down."""
        self.set_interval(TICK_S, self.tick)

    def on_resize(self) -> None:
        """Arrange the columns anew."""
        self.call_after_refresh(self._lay_out)

    def show_shelf(self, shelf: Shelf, host: str) -> None:
        """Show what a server has now; the mark stays with its model."""
        self._shelf, self._host, self._note = shelf, host, ""
        times = [one.expires_at for one in shelf.running if one.expires_at is not None]
        self._expires_at = min(times, default=None)
        self._lay_out()

    def show_note(self, note: str) -> None:
        """Say why there is nothing."""
        self._shelf, self._note = Shelf(), note
        self._lay_out()

    def sort_by_next(self) -> str:
        """Sort by something else; returns what."""
        orders = list(ORDERS)
        self.order = orders[(orders.index(self.order) + 1) % len(orders)]
        self._lay_out()
        return self.order

    def begin_filter(self) -> None:
        """Let the person type part of a name."""
        self.line.add_class("-shown")
        self.line.focus()

    def end_filter(self) -> bool:
        """Show all again; False when all were shown."""
        was_shown = self.line.has_class("-shown")
        self.line.value = ""
        self.line.remove_class("-shown")
        if was_shown:
            self.table.focus()
        return was_shown

    @on(Input.Changed)
    def narrow(self) -> None:
        """Show what fits."""
        self._lay_out()

    @on(Input.Submitted)
    def go_to_table(self) -> None:
        """Go on to what was found."""
        self.table.focus()

    @on(OptionList.OptionHighlighted)
    def show_about(self) -> None:
        """Show all that is known of the marked model."""
        self._draw_about()

    def tick(self) -> None:
        """Draw what a second has changed; whatever has left the memory, only the server knows."""
        self.draw()
        if self._expires_at is not None and datetime.now(UTC) > self._expires_at:
            self._expires_at = None
            self.post_message(self.Expired())

    def draw(self) -> None:
        """Draw the lines that are not what they were."""
        for at, line in enumerate(self._table()[1]):
            if at < len(self._drawn) and not line.is_same(self._drawn[at]):
                self._drawn[at] = line
                self.table.replace_option_prompt_at_index(at, line)

    def _lay_out(self) -> None:
        marked, at = self.marked, self.table.highlighted or 0
        typed = self.line.value.strip()
        self._models = [one for one in self._shelf.in_order(self.order) if match(typed, one.name)]
        titles, self._drawn = self._table()
        self._show_instead_of_models(titles)
        self.table.set_options(map(Option, self._drawn))
        names = [one.name for one in self._models]
        if names:
            kept = names.index(marked.name) if marked and marked.name in names else at
            self.table.highlighted = min(kept, len(names) - 1)
        self._draw_about()
        self.query_one(".keys", Static).update(self._keys())

    def _show_instead_of_models(self, titles: Content) -> None:
        """The titles, or why there is nothing below them."""
        heading, note = self.query_one(".heading", Static), self.query_one(".note", Static)
        heading.display, note.display = bool(self._drawn), not self._drawn
        heading.update(titles)
        note.update(Content(sanitise_line(self._nothing())))

    def _nothing(self) -> str:
        if self._note:
            return self._note
        return "no model has that in its name" if self._shelf.stored else "no models here yet: f3 pulls one"

    def _table(self) -> tuple[Content, list[Content]]:
        return tabulated(self._models, self._shelf, self.order, self.table.room, datetime.now(UTC))

    def _draw_about(self) -> None:
        model = self.marked
        words = "\n".join(about(model, self._shelf)) if model else ""
        self.query_one(".about", Static).update(Content(words))

    def _keys(self) -> Content:
        """The keys of the actions; one that the server cannot do is struck out, and named behind."""
        parts: list[Content] = []
        cannot: list[str] = []
        for action in of_place("models"):
            refused = bool(self._shelf.actions and refusal(action, self._shelf.actions, self._host))
            style = "$foreground 40% strike" if refused else "bold $accent"
            parts.append(Content.assemble((action.key, style), f" {action.label}"))
            if refused and action.needs is not None:
                cannot.append(str(action.needs))
        if cannot:
            names = ", ".join(dict.fromkeys(cannot))
            parts.append(Content(f"not at this server: {names}"))
        return packed(parts, max(1, self.size.width - 1))
