"""What the keys do to the providers' health."""

from llmtui.ui.messages import ProviderProbed
from llmtui.ui.screens.targets import TargetScreen


class HealthScreen(TargetScreen):
    """The part of the main screen that shows how all providers are."""

    def action_show_health_room(self) -> None:
        """Show how all providers are."""
        from llmtui.ui.modals.health import HealthRoom

        room = HealthRoom(
            self.services.health,
            self.sidebar.providers,
            current=self.target.provider,
            report=lambda health: self.post_message(ProviderProbed(health)),
        )
        self.app.push_screen(room)
