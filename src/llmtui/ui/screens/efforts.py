"""What a key does to how much a model thinks."""

from llmtui.core.models import Effort
from llmtui.services.thread import Thread
from llmtui.ui.screens.targets import TargetScreen

CYCLE: tuple[Effort | None, ...] = (None, "off", "low", "medium", "high", "max")
"""None is the provider's own."""


class EffortScreen(TargetScreen):
    """The part of the main screen that acts on the reasoning effort of the shown chat."""

    def place(self, thread: Thread) -> None:
        """Put a conversation on the screen, with the effort that was chosen for it."""
        super().place(thread)
        self._show_effort()

    def action_next_effort(self) -> None:
        """Let this chat's models think more from now on, and after the most as the provider has it."""
        efforts = self.services.chat.efforts
        chosen = CYCLE[(CYCLE.index(efforts.pop(self.chat_id, None)) + 1) % len(CYCLE)]
        if chosen is not None:
            efforts[self.chat_id] = chosen
        self._show_effort()
        self.flash(f"reasoning effort of this chat: {chosen or 'as the provider has it'}")

    def _show_effort(self) -> None:
        self.status.effort = self.services.chat.efforts.get(self.chat_id, "")
