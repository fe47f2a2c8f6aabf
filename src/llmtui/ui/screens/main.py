"""The screen: providers and chats at the left, the chat and the prompt at the right."""

import asyncio
import gc
from collections.abc import Sequence
from importlib import import_module
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.getters import query_one
from textual.timer import Timer
from textual.widgets import TextArea

from llmtui.core.errors import ModelNotFound
from llmtui.core.history import StoreReport, Target
from llmtui.services.chat import Thread
from llmtui.services.health import HealthState
from llmtui.services.services import Services
from llmtui.ui.actions import perform
from llmtui.ui.clipboard import copy
from llmtui.ui.jobs import JobOwner
from llmtui.ui.keymap import bindings
from llmtui.ui.messages import (
    JobFailed,
    ProviderProbed,
    ReplyEnded,
    ReplyGrew,
    ReplyNamed,
    ReplyNoted,
    ReplyOpened,
)
from llmtui.ui.screens.conversations import ConversationScreen
from llmtui.ui.transcript import Transcript
from llmtui.ui.widgets.chat_pane import ChatPane
from llmtui.ui.widgets.flash import Flash
from llmtui.ui.widgets.leader import LeaderPanel
from llmtui.ui.widgets.prompt import Prompt
from llmtui.ui.widgets.sidebar import Sidebar
from llmtui.ui.widgets.status_bar import StatusBar

DRAFT_AFTER_S = 1.0
RAIL_BELOW = 100
"""Columns below which the sidebar folds to a rail."""
HIDDEN_BELOW = 60
LOW_BELOW = 14
"""Rows below which title and status make way for the conversation."""
BADGES = {"local": "local", "cloud": "cloud", "hybrid": "may leave this machine"}


class MainScreen(ConversationScreen):
    """Lays the parts out and routes between them; siblings never touch each other."""

    AUTO_FOCUS = "Prompt"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]
    DEFAULT_CSS = """
    MainScreen { layout: vertical; layers: base flash; }
    MainScreen Flash { layer: flash; dock: bottom; }
    MainScreen #body { height: 1fr; }
    MainScreen #right { width: 1fr; height: 1fr; }
    MainScreen.-low #title, MainScreen.-low StatusBar { display: none; }
    MainScreen.-low Transcript { margin: 0; }
    """

    status = query_one(StatusBar)

    def __init__(self, services: Services, jobs: JobOwner) -> None:
        super().__init__(services, jobs)
        self.problems: Sequence[str] = ()
        """What config, keys and themes have to say at the start."""
        self._draft_timer: Timer | None = None
        self._sidebar_folded: bool | None = None
        """What the person chose; None: the width decides."""

    def compose(self) -> ComposeResult:
        """Sidebar, chat, prompt, status."""
        with Horizontal(id="body"):
            yield Sidebar(self.services.health.infos)
            with Vertical(id="right"):
                yield ChatPane(self.services.chat.running)
                yield Prompt(keymap=self.jobs.keymap)
        yield Flash()
        yield StatusBar()

    # Starting

    def on_mount(self) -> None:
        """Show an empty chat; the database opens after the first frame."""
        for info in self.services.health.infos:
            self.sidebar.show_health(self.services.health.of(info.id))
        self.services.chat.recorder.on_change = self._show_problem
        self.place(self.services.chat.new(self.target))
        self.call_after_refresh(self.begin)

    @work(group="begin", exit_on_error=False)
    async def begin(self) -> None:
        """Open the database, show the last chat, and ask the providers how they are."""
        gc.freeze()
        gc.enable()
        # A reply's first word shall not wait for the parser that shows it.
        await asyncio.to_thread(import_module, "llmtui.ui.transcript.markdown")
        report = await self.services.chat.open()
        self._show_report(report)
        thread = await self.services.chat.latest()
        # Whoever was faster than the database goes on in the chat that stands there.
        if thread is not None and not self.prompt.text and not self.pane.transcript.entries:
            await self.show(thread)
        self.prompt.set_history(await self.services.chat.prompts())
        self.jobs.probe_all()
        for problem in self.problems:
            self.flash(problem, "warning")

    # Replies

    @on(Prompt.Submitted)
    async def send(self, event: Prompt.Submitted) -> None:
        """Ask what was typed."""
        await self.ask(event.text)

    @on(Prompt.Rejected)
    def explain_rejection(self, event: Prompt.Rejected) -> None:
        """Say why the prompt did not take something."""
        self.flash(event.reason, "warning")

    @on(ReplyOpened)
    async def open_reply(self, event: ReplyOpened) -> None:
        """Make room for a reply."""
        self.pane.open_reply(event)
        await self.refresh_chats()

    @on(ReplyGrew)
    def grow_reply(self, event: ReplyGrew) -> None:
        """Show what arrived."""
        self.pane.grow_reply(event)

    @on(ReplyNoted)
    def note_reply(self, event: ReplyNoted) -> None:
        """Show what a reply waits for."""
        self.pane.note_reply(event)

    @on(ReplyNamed)
    def name_reply(self, event: ReplyNamed) -> None:
        """Show which model answers."""
        self.pane.name_reply(event)

    @on(ReplyEnded)
    async def end_reply(self, event: ReplyEnded) -> None:
        """Show how a reply ended, and what that says of its provider."""
        self.pane.end_reply(event)
        request = event.message.request
        if request is not None:
            health = self.services.health
            news = (
                health.note_failure(request.provider, event.error)
                if event.error
                else health.note_success(request.provider)
            )
            self.sidebar.show_health(news)
        if event.message.conversation_id != self.chat_id:
            title = self.services.chat.thread(event.message.conversation_id).conversation.title
            self.flash(f"reply ended in “{title}”")
        elif isinstance(event.error, ModelNotFound):
            self.action_pick_model()
        await self.show_context()
        await self.refresh_chats()

    @on(JobFailed)
    def show_bug(self, event: JobFailed) -> None:
        """Show an error that nobody expected."""
        self.log.error(event.job, event.error)
        self.flash(f"{event.job}: {type(event.error).__name__}: {event.error}", "error")

    # Providers and models

    @on(ProviderProbed)
    def show_health(self, event: ProviderProbed) -> None:
        """Show news of a provider."""
        self.sidebar.show_health(event.health)

    @on(Sidebar.ProviderChosen)
    async def choose_provider(self, event: Sidebar.ProviderChosen) -> None:
        """Talk to a provider from now on, by the model last used there."""
        await self.switch(Target(event.provider_id))

    @on(Sidebar.ChatChosen)
    async def choose_chat(self, event: Sidebar.ChatChosen) -> None:
        """Show a chat."""
        await self.open_chat(event.conversation_id)
        self.prompt.focus()

    async def switch(self, target: Target) -> None:
        """Send the next message elsewhere; draft and scroll stay as they are."""
        self.show_target(target)
        await self.services.chat.retarget(self.chat_id, self.target)
        self.prompt.focus()
        health = self.services.health.of(self.target.provider)
        if health.state in (HealthState.NO_KEY, HealthState.DOWN):
            words = f"{self.target.provider}: {health.state} · {health.hint or health.detail}"
            self.flash(words, "warning")
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
        thread = self.services.chat.thread(self.chat_id)
        usage = next((m.request.usage for m in reversed(thread.messages) if m.request), None)
        if usage is None or usage.input is None:
            self.status.context = None
            return
        window = await self.services.models.context_window(self.target)
        self.status.context = (usage.input + (usage.output or 0), window)

    def action_pick_model(self) -> None:
        """Pick a model of any provider, or type its name."""
        from llmtui.ui.modals.model_picker import ModelPicker

        async def use(target: Target | None) -> None:
            if target is not None:
                await self.switch(target)

        picker = ModelPicker(self.services.health.infos, self.target, self.services.models)
        self.app.push_screen(picker, use)

    async def action_select_provider(self, place: int) -> None:
        """Talk to the provider with this digit."""
        providers = self.sidebar.providers
        if place <= len(providers):
            await self.switch(Target(providers[place - 1].id))

    async def action_next_provider(self) -> None:
        """Talk to the next provider of the sidebar."""
        await self.switch(self.targets.next_provider())

    async def action_previous_model(self) -> None:
        """Talk to the provider and model used before."""
        if (before := self.targets.previous()) is not None:
            await self.switch(before)

    # Keys, layout, drafts

    def action_leader(self) -> None:
        """Wait for the second key, showing what it can be."""

        async def act(action: str | None) -> None:
            if action is not None:
                await perform(self, action)

        # Pushed at once and not by a worker, so that a second key typed fast finds the panel there.
        self.app.push_screen(LeaderPanel(self.jobs.keymap), act)

    def action_show_help(self) -> None:
        """Show all keys."""
        from llmtui.ui.modals.help import Help

        self.app.push_screen(Help(self.jobs.keymap))

    async def action_copy_or_stop(self) -> None:
        """Copy what is selected; with nothing selected, stop the reply."""
        text = self.get_selected_text() or self.prompt.selected_text
        if text:
            self.flash(await copy(self.app, text))
            self.clear_selection()
        elif self.services.chat.stop(self.chat_id):
            self.flash("stopped")
        else:
            self.flash("nothing is selected and nothing runs · ctrl+g q quits")

    @on(Transcript.CopyRequested)
    async def copy_from_transcript(self, event: Transcript.CopyRequested) -> None:
        """Copy a message or its code."""
        self.flash(await copy(self.app, event.text))

    @on(Transcript.LinkRequested)
    async def copy_link(self, event: Transcript.LinkRequested) -> None:
        """Copy a link's target: a browser here would open on the server, not before the person."""
        self.flash(f"{event.url}: {await copy(self.app, event.url)}")

    def action_toggle_sidebar(self) -> None:
        """Fold or unfold the sidebar, whatever the width."""
        self._sidebar_folded = not self.sidebar.rail
        self._fold()

    def action_repaint(self) -> None:
        """Draw everything again, in case another program wrote on the terminal."""
        self.app.refresh(layout=True)

    def on_resize(self, event: events.Resize) -> None:
        """Fold the sidebar where it is narrow, drop what can be spared where it is low."""
        self._fold()
        self.set_class(event.size.height < LOW_BELOW, "-low")

    def _fold(self) -> None:
        width = self.size.width
        narrow = width < RAIL_BELOW
        self.sidebar.rail = narrow if self._sidebar_folded is None else self._sidebar_folded
        self.sidebar.set_class(width < HIDDEN_BELOW and self._sidebar_folded is not False, "-hidden")

    @on(TextArea.Changed)
    def save_draft_soon(self) -> None:
        """Keep the draft on disk, at most a second behind the keys."""
        if self._draft_timer is None:
            self._draft_timer = self.set_timer(DRAFT_AFTER_S, self._save_draft_now)

    async def _save_draft_now(self) -> None:
        self._draft_timer = None
        await self.save_draft()

    def _show_problem(self) -> None:
        problem = self.services.chat.recorder.problem
        self.pane.show_banner(f"not recorded: {problem}" if problem else "")

    def _show_report(self, report: StoreReport) -> None:
        if report.set_aside:
            self.flash(f"the database was damaged; it is kept as {report.set_aside}", "warning")
