"""The line at the bottom: what answers, how full its context is, and what is on the way."""

from typing import ClassVar

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from llmtui.core.history import Target
from llmtui.services.models import Fullness
from llmtui.ui.keymap import Keymap


class StatusBar(Widget):
    """Model and provider at the left, keys at the right."""

    DEFAULT_CSS = """
    StatusBar { height: 1; width: 1fr; padding: 0 1; background: $panel; color: $text-muted; }
    """
    HINTS: ClassVar = {"pick-model": "model", "leader": "more", "help": "help"}

    target: reactive[Target | None] = reactive(None)
    badge: reactive[str] = reactive("")
    """Where text goes: `local`, `cloud`, or `may leave this machine`."""
    effort: reactive[str] = reactive("")
    """How much the model shall think; empty is the provider's own."""
    context: reactive[Fullness | None] = reactive(None)
    """How full the model's context is; None: nothing has been asked."""

    transfers: reactive[str] = reactive("")
    """What is on the way, such as `pull llama3 43%`."""

    def __init__(self, keymap: Keymap) -> None:
        super().__init__()
        self._hints = tuple(f"{keymap.hint(action)} {word}" for action, word in self.HINTS.items())

    def render(self) -> Content:
        """The line, hints dropped from the left where it is narrow."""
        parts = (self._model(), self._effort(), self._fullness(), Content.styled(self.transfers, "$accent"))
        left = Content("  ").join(part for part in parts if part)
        width = self.size.width
        for first in range(len(self._hints) + 1):
            right = Content.styled(" · ".join(self._hints[first:]), "$foreground-muted")
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

    def _effort(self) -> Content:
        return Content.styled(f"effort {self.effort}", "$foreground-muted") if self.effort else Content("")

    def _fullness(self) -> Content:
        if self.context is None:
            return Content("")
        mark = "~" if self.context.estimated else ""
        if self.context.window:
            share = 100 * self.context.used / self.context.window
            color = "$text-error" if share >= 80 else "$text-warning" if share >= 50 else "$foreground-muted"
            return Content.styled(f"ctx {mark}{share:.0f}%", color)
        return Content.styled(f"ctx {mark}{self.context.used} tok", "$foreground-muted")
