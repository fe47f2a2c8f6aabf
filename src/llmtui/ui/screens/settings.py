"""What the keys do to providers' settings."""

from textual import on

from llmtui.ui.messages import SettingsSaved
from llmtui.ui.screens.targets import TargetScreen
from llmtui.ui.widgets.sidebar import Sidebar


class SettingsScreen(TargetScreen):
    """The part of the main screen that opens the settings drawer and takes what comes of it."""

    def action_edit_settings(self) -> None:
        """Show the settings of the provider in use."""
        self.edit_settings(self.target.provider)

    @on(Sidebar.SettingsRequested)
    def edit_chosen(self, event: Sidebar.SettingsRequested) -> None:
        """Show the settings of a provider of the sidebar."""
        self.edit_settings(event.provider_id)

    def edit_settings(self, provider_id: str) -> None:
        """Show a provider's settings."""
        from llmtui.ui.modals.settings_drawer import SettingsDrawer

        if self.services.health.info(provider_id) is None:
            self.flash(f"the provider '{provider_id}' is not configured", "warning")
            return
        drawer = SettingsDrawer(
            provider_id, self.services.settings, lambda saved: self.post_message(SettingsSaved(saved))
        )
        self.app.push_screen(drawer)

    @on(SettingsSaved)
    async def use_settings(self, event: SettingsSaved) -> None:
        """Show a provider as it is from now on, and ask it how it is."""
        saved, health = event.saved, self.services.health
        await self.sidebar.show_providers(health.infos)
        for info in health.infos:
            self.sidebar.show_health(health.of(info.id))
        target, before = self.target, saved.before.model if saved.before else None
        self.show_target(self.targets.configure(saved.info, before))
        if self.target != target:
            await self.services.chat.retarget(self.chat_id, self.target)
        await self.refresh_chats()
        await self.show_context()
        self.flash(" · ".join((f"{saved.info.name}: saved", *saved.notes)))
        self.jobs.probe_chosen(saved.info.id)
