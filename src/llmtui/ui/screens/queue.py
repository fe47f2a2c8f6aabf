"""What the keys do to messages that wait for the end of a reply."""

from collections.abc import Awaitable

from textual import on
from textual.getters import query_one

from llmtui.core.errors import LlmtuiError
from llmtui.core.history import StoredMessage
from llmtui.services.reply import Reply
from llmtui.services.thread import Thread
from llmtui.ui.screens.conversations import ConversationScreen
from llmtui.ui.widgets.prompt import Prompt
from llmtui.ui.widgets.queue_lines import QueueLines, held_hint


class QueueScreen(ConversationScreen):
    """The part of the main screen that queues messages and sends them on."""

    queue_lines = query_one(QueueLines)

    async def ask(self, text: str) -> None:
        """Send a message, or queue it where a reply streams; an edited one has its place and cannot wait."""
        queue = self.services.queue
        if self._editing is not None or not queue.takes(self.chat_id):
            await super().ask(text)
            return
        # It is no earlier prompt before it is sent; until then `up` takes it out of the queue.
        self.prompt.forget(text)
        if self.attachments.waiting:
            self.prompt.put_back(text)
            drop = self.key("drop-images")
            self.flash(
                f"images cannot be queued: send when the reply has ended, or {drop} drops them", "warning"
            )
            return
        await queue.add(self.chat_id, text)
        self.show_queue()
        if queue.is_held(self.chat_id):
            self.flash(f"queued behind what is held · {held_hint(self.jobs.keymap)}")
        else:
            self.flash(f"queued · {self.key('earlier-prompt')} takes it back")

    async def follow(self, ended: StoredMessage) -> bool:
        """Send what waited for the end of a reply, wherever it streamed; False when nothing follows."""
        return await self._run_next(self.services.queue.follow(ended, self.target))

    def place(self, thread: Thread) -> None:
        """Put a conversation on the screen, with what waits in it."""
        super().place(thread)
        self.show_queue()

    def show_queue(self) -> None:
        """Show what waits in the chat that is shown."""
        queue = self.services.queue
        texts = queue.texts(self.chat_id)
        self.queue_lines.show(texts, held=queue.is_held(self.chat_id))
        self.prompt.has_queue = bool(texts)

    @on(Prompt.SendOnRequested)
    async def send_on(self) -> None:
        """Hold the queue no longer."""
        if self._editing is None:
            await self._run_next(self.services.queue.send_on(self.chat_id, self.target))

    @on(Prompt.TakeBackRequested)
    async def take_back(self) -> None:
        """Put the last queued message into the prompt."""
        if self._editing is None and (queued := self.services.queue.texts(self.chat_id)):
            self.prompt.put_back(queued[-1])
            await self.services.queue.take_back(self.chat_id, self.prompt.text)
            self.show_queue()

    async def action_drop_queue(self) -> None:
        """Forget the queued messages; the prompt's history still has them."""
        texts = self.services.queue.texts(self.chat_id)
        if not texts:
            self.flash("nothing is queued here", "warning")
            return
        await self.services.queue.drop(self.chat_id)
        self._remember(self.chat_id, *texts)
        self.show_queue()
        self.flash(f"{len(texts)} dropped · {self.key('earlier-prompt')} finds them again")

    async def _run_next(self, sending: Awaitable[Reply | None]) -> bool:
        """Run the reply to what is sent from the queue; False when there is none."""
        try:
            reply = await sending
        except LlmtuiError as error:
            self.flash_error(error)
            reply = None
        if reply is not None:
            thread = self.services.chat.thread(reply.conversation_id)
            self._remember(reply.conversation_id, thread.messages[-1].message.text)
            if reply.conversation_id == self.chat_id:
                self.pane.add_message(thread, thread.messages[-1])
            await self.start(reply)
        self.show_queue()
        return reply is not None

    def _remember(self, conversation_id: str, *texts: str) -> None:
        """Make earlier prompts of what left the queue; a private chat finds its own when it is shown."""
        private = self.services.chat.thread(conversation_id).conversation.private
        if not private or conversation_id == self.chat_id:
            for text in texts:
                self.prompt.remember(text, shared=not private)
