"""What the keys do to where messages go: providers, models, and how full their context is."""

from textual import on
from textual.getters import query_one

from llmtui.core.history import Target
from llmtui.services.health import HealthState
from llmtui.services.thread import Thread
from llmtui.ui.messages import ProviderProbed
from llmtui.ui.screens.conversations import ConversationScreen
from llmtui.ui.widgets.sidebar import Sidebar
from llmtui.ui.widgets.status_bar import StatusBar

BADGES = {"local": "local", "cloud": "cloud", "hybrid": "may leave this machine"}


class TargetScreen(ConversationScreen):
    """The part of the main screen that acts on providers and models."""

    status = query_one(StatusBar)

    @on(ProviderProbed)
    def show_health(self, event: ProviderProbed) -> None:
        """Show news of a provider."""
        self.sidebar.show_health(event.health)

    @on(Sidebar.ProviderChosen)
    async def choose_provider(self, event: Sidebar.ProviderChosen) -> None:
        """Talk to a provider from now on, by the model last used there."""
        await self.switch(Target(event.provider_id))

    async def switch(self, target: Target) -> None:
        """Send the next message elsewhere; draft and scroll stay as they are."""
        self.show_target(target)
        await self.services.chat.retarget(self.chat_id, self.target)
        self.prompt.focus()
        health = self.services.health.of(self.target.provider)
        if health.state in (HealthState.NO_KEY, HealthState.DOWN):
            facts = dict.fromkeys(filter(None, (health.state, health.detail, health.hint)))
            self.flash(f"{self.target.provider}: {' · '.join(facts)}", "warning")
        self.jobs.probe(self.target.provider)
        await self.show_context()

    async def show(self, thread: Thread) -> None:
        """Show a conversation, and how full it is."""
        await super().show(thread)
        await self.show_context()

    def show_target(self, target: Target) -> None:
        """Show where the next message goes."""
        self.targets.use(target)
        self.sidebar.show_current(self.target.provider)
        info = self.services.health.info(self.target.provider)
        self.status.target = self.target
        self.status.badge = BADGES[info.type] if info else "not configured"

    async def show_context(self) -> None:
        """Show how full the model's context is, after the last reply."""
        shown, messages = self.chat_id, self.services.chat.thread(self.chat_id).messages
        fullness = await self.services.models.fullness(messages, self.target)
        if shown == self.chat_id:
            self.status.context = fullness

    def action_pick_model(self, reason: str = "") -> None:
        """Pick a model of any provider, or type its name; `reason` says why that is needed."""
        from llmtui.ui.modals.model_picker import ModelPicker

        async def use(target: Target | None) -> None:
            if target is not None:
                await self.switch(target)

        infos, models = self.services.health.infos, self.services.models
        picker = ModelPicker(infos, self.target, models, models.memory, reason=reason)
        self.app.push_screen(picker, use)

    async def action_select_provider(self, place: int) -> None:
        """Talk to the provider with this digit."""
        providers = self.sidebar.providers
        if place > len(providers):
            self.flash(f"there are only {len(providers)} providers", "warning")
            return
        await self.switch(Target(providers[place - 1].id))

    async def action_next_provider(self) -> None:
        """Talk to the next provider of the sidebar."""
        await self.switch(self.targets.next_provider([info.id for info in self.sidebar.providers]))

    async def action_previous_model(self) -> None:
        """Talk to the provider and model used before."""
        if (before := self.targets.previous()) is None:
            self.flash("no other model was used before", "warning")
            return
        await self.switch(before)
