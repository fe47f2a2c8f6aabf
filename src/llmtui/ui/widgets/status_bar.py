"""The line at the bottom: what answers, and how full its context is."""

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from llmtui.core.history import Target


class StatusBar(Widget):
    """Model and provider at the left, keys at the right."""

    DEFAULT_CSS = """
    StatusBar { height: 1; width: 1fr; padding: 0 1; background: $panel; color: $text-muted; }
    """
    HINTS = ("ctrl+o model", "ctrl+g more", "F1 help")

    target: reactive[Target | None] = reactive(None)
    badge: reactive[str] = reactive("")
    """Where text goes: `local`, `cloud`, or `may leave this machine`."""
    context: reactive[tuple[int, int | None] | None] = reactive(None)
    """Tokens in the context, and the model's window where it is known."""

    def render(self) -> Content:
        """The line, hints dropped from the left where it is narrow."""
        left = Content("  ").join(part for part in (self._model(), self._fullness()) if part)
        width = self.size.width
        for first in range(len(self.HINTS) + 1):
            right = Content.styled(" · ".join(self.HINTS[first:]), "$foreground-muted")
            gap = width - left.cell_length - right.cell_length
            if gap >= 1:
                return left + Content(" " * gap) + right
        return left.truncate(width, ellipsis=True)

    def _model(self) -> Content:
        if self.target is None:
            return Content("")
        name = f"{self.target.model or 'default model'} · {self.target.provider}"
        badge = Content.styled(f" {self.badge}", "$foreground-muted")
        return Content.styled(name, "bold") + badge

    def _fullness(self) -> Content:
        if self.context is None:
            return Content("")
        used, window = self.context
        if window:
            share = 100 * used / window
            color = "$text-error" if share >= 80 else "$text-warning" if share >= 50 else "$foreground-muted"
            return Content.styled(f"ctx {share:.0f}%", color)
        return Content.styled(f"ctx {used} tok", "$foreground-muted")
