"""What the keys do to conversations: asking, stopping, branching, finding.

Dialogs are imported when they open, so that the first frame does not wait for them.
"""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from textual.getters import query_one
from textual.screen import Screen

from llmtui.core.conversation import Role
from llmtui.core.errors import LlmtuiError
from llmtui.core.history import SearchHit, StoredMessage, Target
from llmtui.services.reply import Reply
from llmtui.services.services import Services
from llmtui.services.targets import Targets
from llmtui.services.thread import Thread
from llmtui.ui.editor import edit
from llmtui.ui.jobs import JobOwner
from llmtui.ui.widgets.attachments import Attachments
from llmtui.ui.widgets.chat_pane import ChatPane
from llmtui.ui.widgets.flash import Flash
from llmtui.ui.widgets.prompt import Prompt
from llmtui.ui.widgets.sidebar import Sidebar


@dataclass(frozen=True, slots=True)
class _Editing:
    """An earlier message that stands in the prompt, and the draft that waits for its place."""

    message_id: str
    draft: str


class ConversationScreen(Screen[None]):
    """The half of the main screen that acts on conversations; `MainScreen` lays out and routes."""

    pane = query_one(ChatPane)
    prompt = query_one(Prompt)
    sidebar = query_one(Sidebar)
    attachments = query_one(Attachments)

    def __init__(self, services: Services, jobs: JobOwner) -> None:
        super().__init__()
        self.services = services
        self.jobs = jobs
        self.targets = Targets(services.health.infos, services.default_target)
        self._editing: _Editing | None = None
        self._deleted: str | None = None

    @property
    def target(self) -> Target:
        """Where the next message goes."""
        return self.targets.current

    @property
    def chat_id(self) -> str:
        """The conversation that is shown."""
        return self.pane.conversation_id or ""

    def flash(self, text: str, severity: str = "information") -> None:
        """Say something in a word, for some seconds."""
        self.query_one(Flash).show(text, severity)

    def flash_error(self, error: LlmtuiError) -> None:
        """Say what went wrong and what to do."""
        self.flash(" · ".join(filter(None, (str(error), error.hint))), "error")

    def key(self, action_id: str) -> str:
        """The key to name for an action."""
        return self.jobs.keymap.hint(action_id)

    # Asking

    async def ask(self, text: str) -> None:
        """Send a message, or the edited form of an earlier one, and run the reply."""
        if self._is_busy():
            self.prompt.put_back(text)
            return
        chat, target = self.services.chat, self.target
        if self._editing:
            try:
                await chat.whole(self.chat_id)
            except LlmtuiError as error:
                # The edited message may stand in what is not read yet.
                self.prompt.put_back(text)
                self.flash_error(error)
                return
            attached = self.attachments.take()
            thread = await chat.edit(self.chat_id, self._editing.message_id, text, target, attached)
            self._end_editing()
            self.show_branch(thread)
        else:
            thread = await chat.send(self.chat_id, text, target, attached=self.attachments.take())
            self.pane.add_message(thread, thread.messages[-1])
        try:
            reply = await chat.reply(self.chat_id, target)
        except LlmtuiError as error:
            self.flash_error(error)
            return
        await self.start(reply)

    async def start(self, reply: Reply) -> None:
        """Run a reply as a job of the app."""
        self.jobs.run_reply(reply)
        await self.refresh_chats()

    def action_stop(self) -> None:
        """Stop the reply, else give up editing, else go to the prompt."""
        if self.services.chat.stop(self.chat_id):
            self.flash("stopped")
        else:
            self._end_editing()
        self.prompt.focus()

    async def action_regenerate(self) -> None:
        """Ask the last question again; the earlier reply stays as a variant."""
        await self._reply_anew(self.services.chat.regenerate)

    async def action_continue_reply(self) -> None:
        """Carry on a reply that was cut."""
        if not self._is_busy():
            await self._reply_anew(self.services.chat.resume)

    def action_edit_message(self) -> None:
        """Take an earlier message of the person's into the prompt, to ask it differently."""
        message = self._own_message()
        if message is None:
            self.flash("there is no message of yours to edit", "warning")
            return
        self._end_editing()
        self._editing = _Editing(message.id, self.prompt.text)
        self.prompt.text = message.message.text
        self.prompt.focus()
        send, stop = self.key("send"), self.key("stop")
        self.flash(f"editing: {send} asks anew beside the old one, {stop} gives up")

    async def action_edit_prompt(self) -> None:
        """Write the prompt in `$EDITOR`."""
        # A job, so that the app hears of replies and signals while the editor is open.
        self.jobs.run_worker(self._edit_prompt(), name="editor", group="editor", exit_on_error=False)

    async def _edit_prompt(self) -> None:
        try:
            self.prompt.text = await edit(self.app, self.prompt.text)
            self.prompt.move_cursor(self.prompt.document.end)
        except LlmtuiError as error:
            self.flash_error(error)
        self.prompt.focus()

    def _is_busy(self) -> bool:
        """Whether a reply streams here, which the person is told."""
        busy = self.services.chat.running(self.chat_id) is not None
        if busy:
            self.flash(f"a reply is still being written here · {self.key('stop')} stops it", "warning")
        return busy

    def _end_editing(self) -> None:
        """Leave the earlier message alone; the draft takes its place again."""
        if self._editing is not None:
            self.prompt.text, self._editing = self._editing.draft, None

    async def _reply_anew(self, make: Callable[[str, Target], Awaitable[Reply]]) -> None:
        self._end_editing()
        await self.services.chat.settle(self.chat_id)
        try:
            reply = await make(self.chat_id, self.target)
        except LlmtuiError as error:
            self.flash_error(error)
            return
        self.show_branch(self.services.chat.thread(self.chat_id))
        await self.start(reply)

    def _own_message(self) -> StoredMessage | None:
        own = [m for m in self.services.chat.thread(self.chat_id).messages if m.message.role is Role.USER]
        selected = [message for message in own if message.id == self.pane.transcript.selected]
        return next(reversed(selected or own), None)

    async def action_new_chat(self) -> None:
        """Start an empty chat with the same provider and model, and without an agent."""
        await self.show(self.services.chat.new(self.target))
        self.prompt.focus()

    def action_search_history(self) -> None:
        """Find a message in all chats and open its chat there."""
        from llmtui.ui.modals.history_search import HistorySearch

        async def open_hit(hit: SearchHit | None) -> None:
            if hit is not None:
                try:
                    thread = await self.services.chat.show_message(hit.conversation_id, hit.message_id)
                except LlmtuiError as error:
                    self.flash_error(error)
                    return
                await self.show(thread)
                await self.show_earlier()
                self.pane.transcript.reveal(hit.message_id)

        self.app.push_screen(HistorySearch(self.services.chat.search), open_hit)

    async def action_show_chats(self) -> None:
        """Open or delete a chat of the list."""
        from llmtui.ui.modals.chat_list import ChatChoice, ChatList

        async def act(choice: ChatChoice | None) -> None:
            if choice is not None:
                do = self.delete_chat if choice.delete else self.open_chat
                await do(choice.conversation_id)

        chat = self.services.chat
        chats = ChatList(await chat.recent(), current=self.chat_id, streaming=chat.streaming)
        self.app.push_screen(chats, act)

    def action_rename_chat(self) -> None:
        """Give the chat another title."""
        from llmtui.ui.modals.ask_text import AskText

        async def rename(title: str | None) -> None:
            if title is not None:
                await self.services.chat.rename(self.chat_id, title)
                self.pane.retitle(self.services.chat.thread(self.chat_id))
                await self.refresh_chats()

        title = self.services.chat.thread(self.chat_id).conversation.title
        self.app.push_screen(AskText("Title of this chat", title), rename)

    async def action_fork(self) -> None:
        """Go on in a copy of the chat, as far as the selected message."""
        try:
            fork = await self.services.chat.fork(self.chat_id, self.pane.transcript.selected)
        except LlmtuiError as error:
            self.flash_error(error)
            return
        await self.show(fork)
        self.flash("this is a copy; the chat that it comes from is unchanged")

    async def action_delete_chat(self) -> None:
        """Delete the chat that is shown."""
        await self.delete_chat(self.chat_id)

    async def delete_chat(self, conversation_id: str) -> None:
        """Delete a chat; if it is the one shown, show the one before."""
        self._deleted = conversation_id
        await self.services.chat.delete(conversation_id)
        if conversation_id == self.chat_id:
            await self.show(await self.services.chat.latest() or self.services.chat.new(self.target))
        await self.refresh_chats()
        self.flash(f"chat deleted · {self.key('restore-chat')} brings it back")

    async def action_restore_chat(self) -> None:
        """Bring back the chat that was deleted last."""
        if self._deleted is None:
            self.flash("no chat was deleted in this session", "warning")
            return
        deleted, self._deleted = self._deleted, None
        await self.services.chat.restore(deleted)
        await self.open_chat(deleted)

    async def action_show_variant(self, step: int) -> None:
        """Show another variant of the selected message, or of the last one that has any."""
        try:
            messages = (await self.services.chat.whole(self.chat_id)).messages
        except LlmtuiError as error:
            self.flash_error(error)
            return
        selected = [m for m in messages if m.id == self.pane.transcript.selected]
        varied = [m for m in selected or messages if len(m.siblings) > 1]
        if not varied:
            self.flash("there is only one variant", "warning")
            return
        self._end_editing()
        self.show_branch(await self.services.chat.show_sibling(self.chat_id, varied[-1].id, step))

    async def open_chat(self, conversation_id: str) -> None:
        """Show a conversation; a reply that streams into the one left goes on."""
        await self.show(await self.services.chat.load(conversation_id))

    async def show(self, thread: Thread) -> None:
        """Show a conversation instead of the one that is there, whose draft is kept."""
        await self.save_draft()
        self.place(thread)
        await self.refresh_chats()

    def place(self, thread: Thread) -> None:
        """Put a conversation, its draft and its target on the screen."""
        self._editing = None
        self.show_branch(thread)
        self.prompt.text = thread.conversation.draft
        self.show_target(thread.conversation.target or self.target)

    def show_branch(self, thread: Thread) -> None:
        """Show the end of a branch now, and what stands before it once that is painted."""
        self.pane.show_thread(thread)
        self.call_after_refresh(self._begin_earlier)

    async def show_earlier(self) -> None:
        """Put what stands before the shown messages above them, a slice at a time."""
        chat_id, chat = self.chat_id, self.services.chat
        while self.chat_id == chat_id:
            if self.pane.show_earlier(thread := chat.thread(chat_id)):
                # Keys and frames come between two slices.
                await asyncio.sleep(0)
            elif thread.whole:
                return
            else:
                await chat.earlier(chat_id)
                # Kept as long as the program runs: the collector, for which all waits, need not walk it.
                gc.freeze()

    def _begin_earlier(self) -> None:
        # The app's worker, like every job: what goes wrong comes back as `JobFailed`.
        self.jobs.run_worker(self._show_earlier_aloud(), group="earlier", exclusive=True, exit_on_error=False)

    async def _show_earlier_aloud(self) -> None:
        try:
            await self.show_earlier()
        except LlmtuiError as error:
            self.flash_error(error)

    def show_target(self, target: Target) -> None:
        """Show where the next message goes."""
        self.targets.use(target)

    async def save_draft(self) -> None:
        """Keep what is typed but not sent; an earlier message that is edited is kept already."""
        if self.pane.conversation_id:
            draft = (self._editing and self._editing.draft) or self.prompt.text
            await self.services.chat.save_draft(self.chat_id, draft)

    async def refresh_chats(self) -> None:
        """Show the newest chats in the sidebar."""
        chat = self.services.chat
        self.sidebar.show_chats(await chat.recent(), self.chat_id, chat.streaming)
