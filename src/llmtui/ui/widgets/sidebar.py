"""The sidebar: providers by where they run, and the newest chats."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from llmtui.core.history import Conversation
from llmtui.core.models import ProviderInfo
from llmtui.services.health import Health
from llmtui.services.thread import name_of
from llmtui.ui.widgets.blank import Blank
from llmtui.ui.widgets.chat_row import ChatRow
from llmtui.ui.widgets.provider_row import ProviderRow

_SECTIONS = {"cloud": "CLOUD", "local": "LOCAL", "hybrid": "LOCAL"}
_ORDER = ("CLOUD", "LOCAL", "GROUPS")
CHATS_SHOWN = 30


class Sidebar(VerticalScroll, Blank, can_focus=True):
    """One stop of the tab key; up and down move a cursor over its rows, enter chooses."""

    DEFAULT_CSS = """
    Sidebar { width: 30; height: 1fr; background: $surface; scrollbar-size-vertical: 0; }
    Sidebar .section { height: 1; padding: 0 1; color: $text-muted; text-style: bold; }
    Sidebar .gap { height: 1; }
    Sidebar #chats { height: auto; }
    Sidebar.-rail { width: 4; }
    Sidebar.-rail .section, Sidebar.-rail #chats, Sidebar.-rail .chats-title { display: none; }
    Sidebar.-hidden { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("enter,space", "choose", "Choose", show=False),
        Binding("e", "edit", "Settings", show=False),
        Binding("o", "show_models", "Models", show=False),
    ]

    rail: reactive[bool] = reactive(False, toggle_class="-rail")
    """Folded to the providers' glyphs and digits."""

    @dataclass
    class ProviderChosen(Message):
        """The person wants to talk to this provider."""

        provider_id: str

    @dataclass
    class SettingsRequested(Message):
        """The person wants to see this provider's settings."""

        provider_id: str

    @dataclass
    class ModelsRequested(Message):
        """The person wants to see this provider's models, and what is pulled there."""

        provider_id: str

    @dataclass
    class ChatChosen(Message):
        """The person wants to see this conversation."""

        conversation_id: str

    def __init__(self, providers: Sequence[ProviderInfo]) -> None:
        super().__init__()
        self._sections = _by_section(providers)
        self._cursor = 0

    @property
    def providers(self) -> list[ProviderInfo]:
        """The providers in the order of their digits."""
        return [info for _, infos in self._sections for info in infos]

    def compose(self) -> ComposeResult:
        """Sections of provider rows, then the chats."""
        place = 0
        for title, infos in self._sections:
            yield Static(title, classes="section", markup=False)
            for info in infos:
                place += 1
                row = ProviderRow(info, place)
                row.rail = self.rail
                yield row
            yield Static("", classes="gap section", markup=False)
        yield Static("CHATS", classes="section chats-title", markup=False)
        yield Vertical(id="chats")

    async def show_providers(self, providers: Sequence[ProviderInfo]) -> None:
        """Show other providers; their health, the current one and the chats are to be shown anew."""
        self._sections = _by_section(providers)
        await self.recompose()

    def show_health(self, health: Health) -> None:
        """Show news of one provider."""
        for row in self.query(ProviderRow):
            if row.info.id == health.provider:
                row.health = health

    def show_transfers(self, words: Mapping[str, str]) -> None:
        """Show what is on the way at providers, by their ids."""
        for row in self.query(ProviderRow):
            row.transfer = words.get(row.info.id, "")

    def show_current(self, provider_id: str) -> None:
        """Mark the provider that the next message goes to."""
        for row in self.query(ProviderRow):
            row.current = row.info.id == provider_id

    def show_chats(self, chats: Sequence[Conversation], current: str, streaming: Iterable[str]) -> None:
        """Show the newest chats; those that a reply streams into are marked."""
        box, busy, shown = self.query_one("#chats", Vertical), set(streaming), chats[:CHATS_SHOWN]
        rows = list(box.query(ChatRow))
        fresh = [ChatRow(chat) for chat in shown[len(rows) :]]
        if fresh:
            box.mount_all(fresh)
        for row, chat in zip(rows + fresh, shown, strict=False):
            row.title, row.key = name_of(chat), chat.id
            row.busy, row.current = chat.id in busy, chat.id == current
        for place, row in enumerate(rows):
            # Rows are reused, so that nothing is awaited and no two calls can get between each other.
            row.display = place < len(shown)

    @on(events.Focus)
    def start_at_current(self) -> None:
        """Put the cursor on the provider in use."""
        rows = self._rows
        current = [index for index, row in enumerate(rows) if row.current]
        self._move_to(current[0] if current else 0)

    @on(events.Blur)
    def hide_cursor(self) -> None:
        """Show no cursor where keys do not go."""
        for row in self._rows:
            row.remove_class("-cursor")

    @on(events.Click)
    def choose_clicked(self, event: events.Click) -> None:
        """Choose the row under the mouse."""
        row = event.widget
        if isinstance(row, ProviderRow | ChatRow):
            self._move_to(self._rows.index(row))
            self.action_choose()

    def watch_rail(self, rail: bool) -> None:
        """Tell the rows how much room they have."""
        for row in self.query(ProviderRow):
            row.rail = rail

    def action_move(self, step: int) -> None:
        """Move the cursor by rows."""
        self._move_to(self._cursor + step)

    def action_choose(self) -> None:
        """Choose what the cursor stands on."""
        rows = self._rows
        if not rows:
            return
        row = rows[min(self._cursor, len(rows) - 1)]
        chosen = self.ProviderChosen if isinstance(row, ProviderRow) else self.ChatChosen
        self.post_message(chosen(row.key))

    def action_edit(self) -> None:
        """Ask for the settings of the provider that the cursor stands on."""
        if (row := self._provider_row) is not None:
            self.post_message(self.SettingsRequested(row.key))

    def action_show_models(self) -> None:
        """Ask for the models of the provider that the cursor stands on."""
        if (row := self._provider_row) is not None:
            self.post_message(self.ModelsRequested(row.key))

    @property
    def _provider_row(self) -> ProviderRow | None:
        row = self._rows[min(self._cursor, len(self._rows) - 1)] if self._rows else None
        return row if isinstance(row, ProviderRow) else None

    @property
    def _rows(self) -> list[ProviderRow | ChatRow]:
        rows: list[ProviderRow | ChatRow] = list(self.query(ProviderRow))
        return rows if self.rail else rows + [row for row in self.query(ChatRow) if row.display]

    def _move_to(self, index: int) -> None:
        rows = self._rows
        if not rows:
            return
        self._cursor = max(0, min(index, len(rows) - 1))
        for place, row in enumerate(rows):
            row.set_class(place == self._cursor, "-cursor")
        self.scroll_to_widget(rows[self._cursor], animate=False)


def _by_section(providers: Sequence[ProviderInfo]) -> list[tuple[str, list[ProviderInfo]]]:
    sections: dict[str, list[ProviderInfo]] = {title: [] for title in _ORDER}
    for info in providers:
        sections[_SECTIONS[info.type]].append(info)
    return [(title, infos) for title, infos in sections.items() if infos]
