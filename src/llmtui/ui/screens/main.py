"""The screen: providers and chats at the left, the chat and the prompt at the right."""

import asyncio
import gc
import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import TextArea

from llmtui.core.errors import ModelNotFound
from llmtui.core.history import StoreReport
from llmtui.core.logs import logfmt
from llmtui.services.services import Services
from llmtui.ui.actions import perform
from llmtui.ui.clipboard import copy
from llmtui.ui.compositor import LeanCompositor
from llmtui.ui.jobs import JobOwner
from llmtui.ui.keymap import bindings
from llmtui.ui.messages import (
    JobFailed,
    ReplyEnded,
    ReplyGrew,
    ReplyNamed,
    ReplyNoted,
    ReplyOpened,
)
from llmtui.ui.notify import end_of, notify
from llmtui.ui.screens.agents import AgentScreen
from llmtui.ui.screens.attachments import AttachmentScreen
from llmtui.ui.screens.efforts import EffortScreen
from llmtui.ui.screens.health import HealthScreen
from llmtui.ui.screens.logs import LogScreen
from llmtui.ui.screens.model_room import ModelRoomScreen
from llmtui.ui.screens.private import PrivateScreen
from llmtui.ui.screens.queue import QueueScreen
from llmtui.ui.screens.settings import SettingsScreen
from llmtui.ui.transcript import Transcript
from llmtui.ui.widgets.attachments import Attachments
from llmtui.ui.widgets.blank import Columns, Rows
from llmtui.ui.widgets.chat_pane import ChatPane
from llmtui.ui.widgets.flash import Flash
from llmtui.ui.widgets.leader import LeaderPanel
from llmtui.ui.widgets.prompt import Prompt
from llmtui.ui.widgets.queue_lines import QueueLines
from llmtui.ui.widgets.sidebar import Sidebar
from llmtui.ui.widgets.status_bar import StatusBar

_log = logging.getLogger(__name__)
DRAFT_AFTER_S = 1.0
FIRST_FRAME_WITHIN_S = 0.5
RAIL_BELOW = 100
"""Columns below which the sidebar folds to a rail."""
HIDDEN_BELOW = 60
LOW_BELOW = 14
"""Rows below which title and status make way for the conversation."""


class MainScreen(
    QueueScreen,
    PrivateScreen,
    LogScreen,
    EffortScreen,
    AttachmentScreen,
    SettingsScreen,
    AgentScreen,
    HealthScreen,
    ModelRoomScreen,
):
    """Lays the parts out and routes between them; siblings never touch each other."""

    AUTO_FOCUS = "Prompt"
    BLANK: ClassVar[bool] = True
    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]
    DEFAULT_CSS = """
    MainScreen { layout: vertical; layers: base flash; }
    MainScreen Flash { layer: flash; dock: bottom; }
    MainScreen #body { height: 1fr; }
    MainScreen #right { width: 1fr; height: 1fr; }
    MainScreen.-low #title, MainScreen.-low StatusBar { display: none; }
    MainScreen.-low .-private #title { display: block; }
    MainScreen.-low Transcript { margin: 0; }
    MainScreen:nocolor > .screen--selection { text-style: reverse; }
    """

    def __init__(self, services: Services, jobs: JobOwner) -> None:
        super().__init__(services, jobs)
        self._compositor = LeanCompositor()
        self.problems: Sequence[str] = ()
        """What config, keys and themes have to say at the start."""
        self._painted = asyncio.Event()
        self._draft_timer: Timer | None = None
        self._sidebar_folded: bool | None = None
        """What the person chose; None: the width decides."""

    def compose(self) -> ComposeResult:
        """Sidebar, chat, prompt, status."""
        with Columns(id="body"):
            yield Sidebar(self.services.health.infos)
            with Rows(id="right"):
                jump_lines = self.services.terminal.jump_lines
                yield ChatPane(self.services.chat.running, self.jobs.keymap, jump_lines=jump_lines)
                yield QueueLines(self.jobs.keymap)
                yield Attachments(self.jobs.keymap)
                yield Prompt(keymap=self.jobs.keymap)
        yield Flash()
        yield StatusBar(self.jobs.keymap)

    @property
    def focus_chain(self) -> list[Widget]:
        """Prompt, transcript, sidebar: from the bottom right, the reverse of how they are laid out."""
        return super().focus_chain[::-1]

    # Starting

    def on_mount(self) -> None:
        """Show an empty chat; the database opens after the first frame."""
        for info in self.services.health.infos:
            self.sidebar.show_health(self.services.health.of(info.id))
        self.services.chat.recorder.on_change = self._show_problem
        self.place(self.services.chat.new(self.target))
        self.call_after_refresh(self._painted.set)
        # The app's worker: what goes wrong there comes back as `JobFailed`.
        self.jobs.run_worker(self.begin(), name="begin", group="begin", exit_on_error=False)

    async def begin(self) -> None:
        """Open the database, show the last chat, and ask the providers how they are."""
        # A key pressed before the first frame waits for the database, and the frame for the key.
        with suppress(TimeoutError):
            await asyncio.wait_for(self._painted.wait(), FIRST_FRAME_WITHIN_S)
        gc.freeze()
        gc.enable()
        _log.info(logfmt("shown", textual=await asyncio.to_thread(_version_of_textual)))
        # A reply's first word shall not wait for the parser that shows it.
        await asyncio.to_thread(import_module, "llmtui.ui.transcript.markdown")
        report = await self.services.chat.open()
        thread = await self.services.chat.latest()
        # Whoever was faster than the database goes on in the chat that stands there.
        begun = self.prompt.text or not self.pane.transcript.is_empty or self.is_private
        if thread is not None and not begun:
            await self.show(thread)
        self.prompt.set_history(await self.services.chat.prompts())
        for problem in self.problems:
            _log.warning(logfmt("config", problem=problem))
        await self.services.health.recall()
        self.jobs.start_probing()
        if notices := [*_notices(report), *self.problems]:
            self.flash("\n".join(notices), "warning")
        # The first reply shall not wait for an SDK, of which only the one that is asked is worth its memory.
        await self.services.chat.prepare(self.target)
        gc.freeze()

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
            self.sidebar.show_health(self.services.health.note_reply(request, event.error))
        if event.message.conversation_id != self.chat_id:
            if title := self.services.chat.title(event.message.conversation_id):
                self.flash(f"reply ended in “{title}”")
        elif isinstance(event.error, ModelNotFound) and self.is_current and not self.prompt.text:
            # Never under the fingers of somebody who types: enter would take a model.
            self.action_pick_model(str(event.error))
        thread = self.services.chat.opened.get(event.message.conversation_id)
        if not await self.follow(event.message) and thread is not None:
            notify(self.app, self.services.notify, end_of(event.message, thread.conversation))
        await self.show_context()
        await self.refresh_chats()

    @on(JobFailed)
    def show_bug(self, event: JobFailed) -> None:
        """Show an error that nobody expected."""
        _log.error(logfmt("job failed", job=event.job), exc_info=event.error)
        self.flash(f"{event.job}: {type(event.error).__name__}: {event.error}", "error")

    @on(Sidebar.ChatChosen)
    async def choose_chat(self, event: Sidebar.ChatChosen) -> None:
        """Show a chat."""
        await self.open_chat(event.conversation_id)
        self.prompt.focus()

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
            self.prompt.deselect()
        elif self.services.chat.stop(self.chat_id):
            self.flash("stopped")
        else:
            self.flash(f"nothing is selected and nothing runs · {self.key('quit')} quits")

    @on(Transcript.CopyRequested)
    async def copy_from_transcript(self, event: Transcript.CopyRequested) -> None:
        """Copy a message or its code."""
        self.flash(await copy(self.app, event.text))

    @on(Transcript.LinkRequested)
    async def copy_link(self, event: Transcript.LinkRequested) -> None:
        """Copy a link's target: a browser here would open on the server, not before the person."""
        self.flash(f"{event.url}: {await copy(self.app, event.url)}")

    @on(events.DescendantFocus)
    def show_focus(self, event: events.DescendantFocus) -> None:
        """Show where the keys go."""
        if event.widget is self.pane.transcript:
            self.pane.transcript.show_cursor()

    @on(Transcript.EndPassed)
    def leave_transcript(self) -> None:
        """Go on from the last message to the prompt."""
        self.prompt.focus()

    def on_paste(self, event: events.Paste) -> None:
        """Take what is pasted while another part has the keys."""
        event.stop()
        self.prompt.focus()
        self.prompt.post_message(events.Paste(event.text))

    def action_toggle_sidebar(self) -> None:
        """Fold or unfold the sidebar, whatever the width."""
        self._sidebar_folded = not self.sidebar.rail
        self._fold()

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


def _version_of_textual() -> str:
    from importlib.metadata import version

    return version("textual")


def _notices(report: StoreReport) -> Iterator[str]:
    if report.set_aside:
        yield f"the database was damaged; it is kept as {report.set_aside}"
