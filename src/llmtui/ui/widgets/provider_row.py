"""One provider in the sidebar: its place, name, and state as a glyph and a word."""

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from llmtui.core.models import ProviderInfo
from llmtui.services.health import Health, HealthState
from llmtui.ui.health_words import glyph, words


class ProviderRow(Widget):
    """A row that repaints only when what it shows changes."""

    DEFAULT_CSS = """
    ProviderRow { height: 1; width: 1fr; padding: 0 1 0 0; }
    ProviderRow.-current { text-style: bold; background: $primary 25%; }
    ProviderRow.-cursor { background: $accent 30%; }
    ProviderRow:ansi.-current { background: ansi_default; text-style: bold; }
    ProviderRow:ansi.-cursor { background: ansi_default; text-style: reverse; }
    """

    health: reactive[Health | None] = reactive(None, repaint=False)
    shown: reactive[tuple[HealthState, str]] = reactive((HealthState.UNCHECKED, str(HealthState.UNCHECKED)))
    """What of the health is shown."""
    transfer: reactive[str] = reactive("")
    """What is on the way there, such as `pull 43%`; takes the place of the state's word."""
    rail: reactive[bool] = reactive(False)
    current: reactive[bool] = reactive(False, toggle_class="-current")
    """Whether the next message goes there."""

    def __init__(self, info: ProviderInfo, place: int) -> None:
        super().__init__(classes="row")
        self.info = info
        self.place = place
        """The digit that picks it after the leader; from 1."""

    @property
    def key(self) -> str:
        """What the row stands for."""
        return self.info.id

    def watch_health(self, health: Health | None) -> None:
        """Show what is new of it."""
        if health is not None:
            self.shown = health.state, words(health)

    def render(self) -> Content:
        """The row, its state word at the right edge."""
        state, said = self.shown
        digit = str(self.place) if self.place < 10 else " "
        # Where there is room for one glyph only, what is on the way is the news.
        mark = Content.styled("↓", "$accent") if self.rail and self.transfer else glyph(state)
        left = Content("▸" if self.current else " ") + mark
        left += Content.styled(digit, "$foreground-muted")
        if self.rail:
            return left
        left += Content(f" {self.info.name}{_badge(self.info)}")
        word = Content.styled(self.transfer or said, "$accent" if self.transfer else "$foreground-muted")
        width = self.size.width
        room = width - word.cell_length - 1
        if room < 8:
            return left.truncate(width, ellipsis=True)
        return left.truncate(room, ellipsis=True, pad=True) + Content(" ") + word


def _badge(info: ProviderInfo) -> str:
    return " ↗" if info.type == "hybrid" else ""
