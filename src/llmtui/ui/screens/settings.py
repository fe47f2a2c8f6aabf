"""What the keys do to providers' settings: one by one in a drawer, or all of the config file."""

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual import on

from llmtui.core.errors import LlmtuiError
from llmtui.ui.messages import ConfigReloaded, SettingsSaved
from llmtui.ui.screens.agents import AgentScreen
from llmtui.ui.widgets.sidebar import Sidebar

if TYPE_CHECKING:
    from llmtui.services.reload import Reloaded


class SettingsScreen(AgentScreen):
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
        saved = event.saved
        await self._follow(saved.reloaded)
        self.flash(" · ".join((f"{saved.info.name}: saved", *saved.notes)))
        self.jobs.probe_chosen(saved.info.id)

    def action_reload_config(self) -> None:
        """Use the providers and agents that the config file names by now."""
        # The app's worker: whoever goes on meanwhile waits for no key that is being fetched.
        self.jobs.run_worker(self._reload(), name="reload", group="reload", exit_on_error=False)

    async def _reload(self) -> None:
        try:
            reloading = await asyncio.to_thread(self.services.reloading)
            reloaded = await reloading.reload()
        except LlmtuiError as error:
            self.flash("\n".join((str(error), "the config is as it was before")), "error")
            return
        self.post_message(ConfigReloaded(reloaded))

    @on(ConfigReloaded)
    async def use_config(self, event: ConfigReloaded) -> None:
        """Show what there is by now; where the provider in use is gone, the default takes its place."""
        reloaded, here = event.reloaded, self.target.provider
        await self._follow(reloaded)
        thread = self.services.chat.thread(self.chat_id)
        if here in reloaded.gone or (reloaded.default_moved and not thread.messages):
            self.show_target(reloaded.default)
            await self.services.chat.retarget(self.chat_id, self.target)
            await self.show_context()
        self.flash("\n".join(_news(reloaded, here)), "warning" if reloaded.warnings else "information")
        self.jobs.probe_due()

    async def _follow(self, reloaded: "Reloaded") -> None:
        """Have everything that shows providers show those that there are."""
        health, target = self.services.health, self.target
        await self.sidebar.show_providers(health.infos)
        for info in health.infos:
            self.sidebar.show_health(health.of(info.id))
        self.show_target(self.targets.configure(reloaded.before, reloaded.now))
        if self.target != target:
            await self.services.chat.retarget(self.chat_id, self.target)
        self.show_agent()
        await self.refresh_chats()
        await self.show_context()


def _news(reloaded: "Reloaded", here: str) -> Iterator[str]:
    was = {info.id for info in reloaded.before}
    counts = {
        "new": len(reloaded.changed - was),
        "changed": len(reloaded.changed & was),
        "gone": len(reloaded.gone),
    }
    words = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    yield f"config reloaded · providers: {words or 'as they were'}"
    if here in reloaded.gone:
        yield f"'{here}' is gone: from now on {reloaded.default.provider} is asked"
    if broken := [info for info in reloaded.now if info.error and info.id in reloaded.changed]:
        yield from (f"{info.id}: {info.error}" for info in broken)
    if reloaded.waiting:
        yield f"from the next start on: {', '.join(reloaded.waiting)}"
    yield from reloaded.warnings
