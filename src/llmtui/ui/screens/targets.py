"""What the keys do to where messages go: providers, models, and how full their context is."""

import time
from datetime import UTC, datetime, timedelta

from textual import on
from textual.getters import query_one

from llmtui.core.conversation import ImagePart
from llmtui.core.history import Target
from llmtui.services.health import FAILING, Health, HealthState
from llmtui.services.thread import Thread
from llmtui.ui.ages import age
from llmtui.ui.messages import ProviderProbed
from llmtui.ui.screens.conversations import ConversationScreen
from llmtui.ui.widgets.sidebar import Sidebar
from llmtui.ui.widgets.status_bar import StatusBar

BADGES = {"local": "local", "cloud": "cloud", "hybrid": "may leave this machine"}


OLD_AFTER_S = 60.0
"""When a check is so old that its age is told."""


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
        self._tell_health(self.services.health.of(self.target.provider))
        self.jobs.probe_chosen(self.target.provider)
        await self.show_context()

    def _tell_health(self, health: Health) -> None:
        """Say what a person who turns to a provider should know first."""
        if health.state in (HealthState.NO_KEY, *FAILING):
            facts = dict.fromkeys(filter(None, (health.state, health.detail, health.hint, _age(health))))
            self.flash(f"{health.provider}: {' · '.join(facts)}", "warning")
        elif health.untried:
            way_on = "your next message is the first to send it"
            self.flash(f"{health.provider}: {health.state} · {health.detail}: {way_on}")

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
        picker = ModelPicker(
            infos, self.target, models, models.memory, reason=reason, needed=self.needed_capabilities()
        )
        self.app.push_screen(picker, use)

    def needed_capabilities(self) -> set[str]:
        """What a model has to be able to do for this chat, by the names that `Capabilities` has for it."""
        messages = self.services.chat.thread(self.chat_id).messages
        seen = any(isinstance(part, ImagePart) for message in messages for part in message.message.parts)
        return {"image"} if seen else set()

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


def _age(health: Health) -> str:
    """When a state was found out, where that is a while ago."""
    if health.checked_at_s is None or (seconds := time.monotonic() - health.checked_at_s) < OLD_AFTER_S:
        return ""
    return f"checked {age(datetime.now(UTC) - timedelta(seconds=seconds))} ago"
