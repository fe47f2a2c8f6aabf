"""Messages that wait for the end of a reply."""

from llmtui.core.events import FinishReason
from llmtui.core.history import MessageState, StoredMessage, Target
from llmtui.core.text import sanitise
from llmtui.services.chat import ChatService
from llmtui.services.reply import Reply

_UNFINISHED = {
    FinishReason.LENGTH,
    FinishReason.CONTENT_FILTER,
    FinishReason.REFUSAL,
    FinishReason.CONTEXT_FULL,
}
"""Ends that a person has to look at before anything follows."""


class QueueService:
    """Sends a conversation's queue message by message, each when the reply before it has ended well.

    What follows any other end was written for an answer that never came: then the queue is held until a
    person sends it on. The messages are stored with their conversation; after a start they are held.
    """

    def __init__(self, chat: ChatService) -> None:
        self._chat = chat
        self._flowing: set[str] = set()
        """The conversations whose queue goes on by itself."""

    def texts(self, conversation_id: str) -> tuple[str, ...]:
        """What waits, in the order of sending; nothing in a chat that was deleted."""
        thread = self._chat.opened.get(conversation_id)
        return thread.conversation.queued if thread else ()

    def is_held(self, conversation_id: str) -> bool:
        """Whether what waits does so for a person."""
        return bool(self.texts(conversation_id)) and conversation_id not in self._flowing

    def takes(self, conversation_id: str) -> bool:
        """Whether a message has to wait: a reply streams, or one is about to follow the last."""
        flowing = conversation_id in self._flowing and bool(self.texts(conversation_id))
        return flowing or self._chat.running(conversation_id) is not None

    async def add(self, conversation_id: str, text: str) -> None:
        """Put a message at the end of the queue; behind one that is held it is held too."""
        queued = self.texts(conversation_id)
        if not queued:
            self._flowing.add(conversation_id)
        await self._chat.save_queue(conversation_id, (*queued, sanitise(text)), draft="")

    async def take_back(self, conversation_id: str, draft: str) -> None:
        """Take the last message out again, now that it stands in what is typed."""
        await self._chat.save_queue(conversation_id, self.texts(conversation_id)[:-1], draft)

    async def drop(self, conversation_id: str) -> None:
        """Forget all that waits."""
        await self._chat.save_queue(conversation_id, (), self._draft(conversation_id))

    async def send_on(self, conversation_id: str, target: Target) -> Reply | None:
        """Hold the queue no longer; returns the reply to its first message unless another one streams.

        Raises StorageError.
        """
        self._flowing.add(conversation_id)
        if not self.texts(conversation_id) or self._chat.running(conversation_id) is not None:
            return None
        return await self._send_first(conversation_id, target)

    async def follow(self, ended: StoredMessage, target: Target) -> Reply | None:
        """The reply, not yet running, to the message that waited for the end of this one.

        `target` is for a chat that has none of its own. Raises StorageError.
        """
        conversation_id = ended.conversation_id
        if not _is_whole(ended) or self._chat.running(conversation_id) is not None:
            self._flowing.discard(conversation_id)
        if conversation_id not in self._flowing or not self.texts(conversation_id):
            return None
        return await self._send_first(conversation_id, target)

    async def _send_first(self, conversation_id: str, target: Target) -> Reply | None:
        # What cannot be answered is not sent.
        await self._chat.whole(conversation_id)
        first = self.texts(conversation_id)[0]
        target = self._chat.thread(conversation_id).conversation.target or target
        await self._chat.send(conversation_id, first, target, draft=self._draft(conversation_id))
        # Only now: if the program ends in between, a message that is there twice is better than none.
        if self.texts(conversation_id)[:1] == (first,):
            rest = self.texts(conversation_id)[1:]
            await self._chat.save_queue(conversation_id, rest, self._draft(conversation_id))
        # Regenerating may have been faster.
        if self._chat.running(conversation_id) is not None:
            return None
        return await self._chat.reply(conversation_id, target)

    def _draft(self, conversation_id: str) -> str:
        return self._chat.thread(conversation_id).conversation.draft


def _is_whole(reply: StoredMessage) -> bool:
    reason = reply.request.finish_reason if reply.request else ""
    return reply.state is MessageState.COMPLETE and reason not in _UNFINISHED
