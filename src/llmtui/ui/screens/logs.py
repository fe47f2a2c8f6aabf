"""What a key does to the log."""

from textual.screen import Screen

from llmtui.services.services import Services


class LogScreen(Screen[None]):
    """The part of the main screen that shows the log."""

    services: Services

    def action_show_log(self) -> None:
        """Show the log."""
        from llmtui.ui.modals.log_viewer import LogViewer

        self.app.push_screen(LogViewer(self.services.logs))
