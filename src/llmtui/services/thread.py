"""A conversation with the branch of it that is shown, as a value."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from llmtui.core.conversation import Message, Part, Role, user
from llmtui.core.history import Conversation, MessageState, StoredMessage, new_id, now
from llmtui.core.text import sanitise_line

TITLE_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation with the branch of it that is shown."""

    conversation: Conversation
    messages: tuple[StoredMessage, ...] = ()
    whole: bool = True
    """Whether the messages begin with the branch's first one; else only its end was read so far."""

    @property
    def last(self) -> StoredMessage | None:
        """The newest message of the branch."""
        return self.messages[-1] if self.messages else None

    def upto(self, message_id: str) -> "Thread":
        """The branch as far as this message, included."""
        ids = [message.id for message in self.messages]
        return replace(self, messages=self.messages[: ids.index(message_id) + 1])

    def before(self, message_id: str) -> "Thread":
        """The branch as far as this message, excluded."""
        ids = [message.id for message in self.messages]
        return replace(self, messages=self.messages[: ids.index(message_id)])

    def question(
        self, text: str, instead_of: StoredMessage | None = None, attached: Sequence[Part] = ()
    ) -> StoredMessage:
        """What a person asks at the end of the branch; `instead_of` is the variant that it joins."""
        return self._next(instead_of, Message(Role.USER, (*attached, *user(text).parts)))

    def answer(self, prefix: str = "", instead_of: StoredMessage | None = None) -> StoredMessage:
        """A reply that streams at the end of the branch; it begins with the text that it carries on."""
        message = self._next(instead_of, Message(Role.ASSISTANT, user(prefix).parts if prefix else ()))
        return replace(
            message,
            state=MessageState.STREAMING,
            continues_id=instead_of.id if instead_of and prefix else None,
            seam=len(prefix) if prefix else None,
        )

    def forked(self) -> "Thread":
        """A new conversation with a copy of this branch, without a reply that still streams."""
        title = f"{self.conversation.title} (fork)"[: TITLE_LENGTH + 7]
        conversation = replace(
            self.conversation, id=new_id(), title=title, draft="", queued=(), updated_at=now()
        )
        copies: list[StoredMessage] = []
        for message in self.messages:
            if message.state is not MessageState.STREAMING:
                copies.append(_copy(message, conversation.id, copies[-1].id if copies else None))
        return Thread(conversation, tuple(copies))

    def _next(self, instead_of: StoredMessage | None, message: Message) -> StoredMessage:
        own = new_id()
        older = (instead_of.siblings or (instead_of.id,)) if instead_of else ()
        parent_id = self.last.id if self.last else None
        return StoredMessage(own, self.conversation.id, parent_id, message, siblings=(*older, own))


def _copy(message: StoredMessage, conversation_id: str, parent_id: str | None) -> StoredMessage:
    return replace(
        message,
        id=new_id(),
        conversation_id=conversation_id,
        parent_id=parent_id,
        continues_id=None,
        siblings=(),
    )


def name_of(conversation: Conversation) -> str:
    """What a list calls a conversation: a draft that was never sent goes by its own words."""
    name = conversation.title or f"draft: {title_of(conversation.draft)}"
    return f"private: {name}" if conversation.private else name


def title_of(text: str) -> str:
    """A conversation's title from its first message: the first line, shortened at a word."""
    line = sanitise_line(text)
    if len(line) <= TITLE_LENGTH:
        return line
    return line[:TITLE_LENGTH].rsplit(" ", 1)[0] + "…"
