"""One provider in the sidebar: its place, name, and state as a glyph and a word."""

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from llmtui.core.models import ProviderInfo
from llmtui.services.health import Health, HealthState

_GLYPHS = {
    HealthState.READY: ("●", "$text-success"),
    HealthState.UP: ("●", "$text-success"),
    HealthState.SLOW: ("◐", "$text-warning"),
    HealthState.DOWN: ("✕", "$text-error"),
    HealthState.KEY_REFUSED: ("✕", "$text-error"),
    HealthState.NO_KEY: ("○", "$foreground-muted"),
    HealthState.UNCHECKED: ("·", "$foreground-muted"),
    HealthState.OFF: ("-", "$foreground-muted"),
}


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
    words: reactive[tuple[HealthState, str]] = reactive((HealthState.UNCHECKED, str(HealthState.UNCHECKED)))
    """What of the health is shown."""
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
            self.words = health.state, _words(health)

    def render(self) -> Content:
        """The row, its state word at the right edge."""
        state, words = self.words
        glyph, color = _GLYPHS[state]
        digit = str(self.place) if self.place < 10 else " "
        left = Content("▸" if self.current else " ") + Content.styled(glyph, color)
        left += Content.styled(digit, "$foreground-muted")
        if self.rail:
            return left
        left += Content(f" {self.info.name}{_badge(self.info)}")
        word = Content.styled(words, "$foreground-muted")
        width = self.size.width
        room = width - word.cell_length - 1
        if room < 8:
            return left.truncate(width, ellipsis=True)
        return left.truncate(room, ellipsis=True, pad=True) + Content(" ") + word


def _badge(info: ProviderInfo) -> str:
    return " ↗" if info.type == "hybrid" else ""


def _words(health: Health) -> str:
    """`up 142ms`, `key not tried`, `no key`: never colour alone."""
    if health.untried:
        return health.detail
    if health.state not in (HealthState.UP, HealthState.SLOW):
        return str(health.state)
    facts = [str(health.state)]
    if health.latency_s is not None:
        facts.append(f"{health.latency_s * 1000:.0f}ms")
    return " ".join(facts)
