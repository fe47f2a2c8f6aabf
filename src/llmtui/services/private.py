"""Where private conversations live: in memory, so that none of them reaches the disk."""

from collections.abc import Awaitable, Generator, Sequence
from dataclasses import replace

from llmtui.core.conversation import Message, Part
from llmtui.core.history import (
    Conversation,
    JournalEntry,
    MessageState,
    RequestRecord,
    SearchHit,
    StoredMessage,
    StoreReport,
)
from llmtui.core.ports import ConversationStore


class _InMemory(Awaitable[None]):
    """A write that is done already and says nothing of the disk."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


IN_MEMORY = _InMemory()


class PrivateStore:
    """Stands before the store of all conversations and keeps back what belongs to a private one.

    Every write passes here, so none can forget to ask. A private request leaves no ledger row either.
    """

    def __init__(self, stored: ConversationStore) -> None:
        self._stored = stored
        self._conversations: dict[str, Conversation] = {}
        self._deleted: set[str] = set()
        self._messages: dict[str, StoredMessage] = {}
        """In the order in which they came, so that parents stand before their children."""

    async def open(self) -> StoreReport:
        """Open the store of the others."""
        return await self._stored.open()

    async def close(self) -> None:
        """Close the store of the others."""
        await self._stored.close()

    async def conversations(self, limit: int = 200) -> list[Conversation]:
        """The newest conversations, private and stored."""
        private = [known for known in self._conversations.values() if known.id not in self._deleted]
        both = [*private, *await self._stored.conversations(limit)]
        return sorted(both, key=lambda conversation: conversation.updated_at, reverse=True)

    async def conversation(self, conversation_id: str) -> Conversation | None:
        """One conversation."""
        if conversation_id in self._deleted:
            return None
        return self._conversations.get(conversation_id) or await self._stored.conversation(conversation_id)

    def save_conversation(self, conversation: Conversation) -> Awaitable[None]:
        """Insert or replace a conversation; what is known as private stays so."""
        if not conversation.private and conversation.id not in self._conversations:
            return self._stored.save_conversation(conversation)
        self._conversations[conversation.id] = conversation
        return IN_MEMORY

    def delete_conversation(self, conversation_id: str) -> Awaitable[None]:
        """Take it from the list."""
        if conversation_id not in self._conversations:
            return self._stored.delete_conversation(conversation_id)
        self._deleted.add(conversation_id)
        return IN_MEMORY

    def restore_conversation(self, conversation_id: str) -> Awaitable[None]:
        """Undo a deletion."""
        if conversation_id not in self._conversations:
            return self._stored.restore_conversation(conversation_id)
        self._deleted.discard(conversation_id)
        return IN_MEMORY

    async def branch(
        self, conversation_id: str, leaf_id: str | None = None, limit: int | None = None
    ) -> list[StoredMessage]:
        """The last `limit` messages (None: all) from the root to a leaf (None: the shown one)."""
        if conversation_id not in self._conversations:
            return await self._stored.branch(conversation_id, leaf_id, limit)
        chain: list[StoredMessage] = []
        next_id = leaf_id or self._conversations[conversation_id].leaf_id
        while next_id in self._messages and len(chain) != limit:
            chain.append(self._messages[next_id])
            next_id = chain[-1].parent_id
        return [replace(message, siblings=self._siblings(message)) for message in reversed(chain)]

    async def newest_leaf(self, message_id: str) -> str:
        """The last message of the newest branch below a message."""
        if message_id not in self._messages:
            return await self._stored.newest_leaf(message_id)
        below = {message_id: None}
        for message in self._messages.values():
            if message.parent_id in below:
                below[message.id] = None
        return next(reversed(below))

    def add_message(self, message: StoredMessage) -> Awaitable[None]:
        """Append a message and make it its conversation's leaf."""
        conversation = self._conversations.get(message.conversation_id)
        if conversation is None:
            return self._stored.add_message(message)
        self._messages[message.id] = message
        self._conversations[conversation.id] = replace(conversation, leaf_id=message.id)
        return IN_MEMORY

    def add_messages(self, messages: Sequence[StoredMessage]) -> Awaitable[None]:
        """Append messages of one conversation."""
        if not messages or messages[0].conversation_id not in self._conversations:
            return self._stored.add_messages(messages)
        for message in messages:
            self.add_message(message)
        return IN_MEMORY

    def begin_reply(self, message: StoredMessage, request: RequestRecord) -> Awaitable[None]:
        """Append a streaming reply."""
        if message.conversation_id not in self._conversations:
            return self._stored.begin_reply(message, request)
        return self.add_message(replace(message, request=request))

    def journal(self, message_id: str, entries: Sequence[JournalEntry]) -> Awaitable[None]:
        """Nothing for a private reply: its end brings it whole."""
        return IN_MEMORY if message_id in self._messages else self._stored.journal(message_id, entries)

    def end_reply(
        self, message_id: str, parts: Sequence[Part], state: MessageState, request: RequestRecord
    ) -> Awaitable[None]:
        """Give a reply its final parts."""
        if message_id not in self._messages:
            return self._stored.end_reply(message_id, parts, state, request)
        message = self._messages[message_id]
        whole = Message(message.message.role, tuple(parts))
        self._messages[message_id] = replace(message, message=whole, state=state, request=request)
        return IN_MEMORY

    async def search(self, query: str, limit: int = 50) -> list[SearchHit]:
        """Full-text search over what is stored."""
        return await self._stored.search(query, limit)

    async def prompts(self, limit: int = 200) -> list[str]:
        """What the person sent before, as far as it is stored."""
        return await self._stored.prompts(limit)

    async def hosts(self) -> frozenset[str]:
        """The hosts that requests went to, as far as it is stored."""
        return await self._stored.hosts()

    def _siblings(self, message: StoredMessage) -> tuple[str, ...]:
        return tuple(
            known.id
            for known in self._messages.values()
            if (known.conversation_id, known.parent_id, known.message.role)
            == (message.conversation_id, message.parent_id, message.message.role)
        )
