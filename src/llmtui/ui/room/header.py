"""The head of the room: which server it is about, and its tabs."""

from collections.abc import Mapping
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from llmtui.core.models import ProviderInfo
from llmtui.core.text import sanitise_line
from llmtui.ui.columns import apart
from llmtui.ui.room.actions import ROOM_BY_ID, Tab


class RoomTab(Widget):
    """A tab with its key; the current one is set off by more than colour."""

    DEFAULT_CSS = """
    RoomTab { width: auto; height: 1; margin: 0 1 0 0; }
    """

    @dataclass
    class Chosen(Message):
        """The person clicked on it."""

        tab: Tab

    current: reactive[bool] = reactive(False)
    count: reactive[str] = reactive("", layout=True)

    def __init__(self, tab: Tab) -> None:
        super().__init__()
        self.tab = tab
        self._key = ROOM_BY_ID[f"show-{tab}"].key

    def render(self) -> Content:
        """Key, name and count."""
        words = f" {self.tab.capitalize()}{self.count} "
        name = Content.styled(words, "bold reverse") if self.current else Content(words)
        return Content.styled(self._key, "$foreground 60%") + name

    def on_click(self) -> None:
        """Ask to be shown."""
        self.post_message(self.Chosen(self.tab))


class RoomHeader(Vertical):
    """Two lines."""

    DEFAULT_CSS = """
    RoomHeader {
        height: auto;
        margin: 0 0 1 0;
        & .host { height: 1; }
        & Horizontal { height: 1; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._line: tuple[Content, Content] = (Content(""), Content(""))

    def compose(self) -> ComposeResult:
        """The server, the tabs."""
        yield Static(classes="host", markup=False)
        with Horizontal():
            for tab in ("test", "pull", "models"):
                yield RoomTab(tab)

    def on_resize(self) -> None:
        """Align the right end anew."""
        self._draw()

    def show_host(self, info: ProviderInfo, place: int, of: int) -> None:
        """Show which server it is, and how to come to the next one."""
        facts = (info.base_url, info.type if info.type == "local" else "may leave this machine")
        left = Content.assemble(
            (sanitise_line(info.name), "bold"),
            (f"  {sanitise_line(' · '.join(filter(None, facts)))}", "$foreground 60%"),
        )
        right = f"{place} of {of} · {ROOM_BY_ID['next-host'].key} next" if of > 1 else ""
        self._line = left, Content.styled(right, "$foreground 60%")
        self._draw()

    def show_tab(self, current: Tab) -> None:
        """Mark a tab."""
        for tab in self.query(RoomTab):
            tab.current = tab.tab == current

    def show_counts(self, counts: Mapping[Tab, str]) -> None:
        """Show how much there is behind the tabs."""
        for tab in self.query(RoomTab):
            tab.count = f" {counts[tab.tab]}" if counts.get(tab.tab) else ""

    def _draw(self) -> None:
        host = self.query_one(".host", Static)
        host.update(apart(*self._line, max(1, host.size.width)))
