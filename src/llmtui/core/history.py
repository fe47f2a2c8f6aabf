"""What is kept: conversations, their message trees, and a ledger row for every request."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from uuid import uuid4

from llmtui.core.conversation import Message
from llmtui.core.usage import Usage


def new_id() -> str:
    """A fresh id for a conversation, a message or a request."""
    return uuid4().hex


def now() -> datetime:
    """The current time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes: a provider's id, and a model or None for the provider's own."""

    provider: str
    model: str | None = None


class MessageState(StrEnum):
    """How a message came to its end."""

    COMPLETE = "complete"
    STREAMING = "streaming"
    STOPPED = "stopped"
    """The person stopped it."""
    FAILED = "failed"
    """An error ended it; whatever arrived is kept."""
    INTERRUPTED = "interrupted"
    """The program ended while it streamed."""


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One row of the ledger. Times are UTC; a cost without a known price stays None, never zero."""

    id: str
    provider: str
    model: str
    started_at: datetime
    conversation_id: str | None = None
    message_id: str | None = None
    first_token_at: datetime | None = None
    ended_at: datetime | None = None
    usage: Usage | None = None
    cost: str | None = None
    """A decimal number of US dollars."""
    price_source: str | None = None
    price_date: str | None = None
    outcome: str = "running"
    """`running`, `complete`, `stopped`, `interrupted`, or the error class's name."""
    error: str = ""
    """The error's words, and its hint on a second line."""
    attempts: int = 1
    finish_reason: str = ""
    host: str = ""
    """Where it went: the host of the provider's address, empty for a model on this machine."""
    requested: str = ""
    """The model that was asked for by name; `model` is the one that the server says answered."""

    @classmethod
    def begun(cls, target: Target, reply: "StoredMessage", host: str) -> "RequestRecord":
        """The row of a request that is sent now."""
        return cls(
            id=new_id(),
            provider=target.provider,
            model=target.model or "",
            requested=target.model or "",
            started_at=now(),
            conversation_id=reply.conversation_id,
            message_id=reply.id,
            host=host,
        )


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message at its place in a conversation's tree."""

    id: str
    conversation_id: str
    parent_id: str | None
    message: Message
    state: MessageState = MessageState.COMPLETE
    created_at: datetime = field(default_factory=now)
    continues_id: str | None = None
    """The sibling whose text this reply carries on; its own parts begin with that text."""
    seam: int | None = None
    """Where in the text the continuation begins, in characters."""
    request: RequestRecord | None = None
    """The ledger row of the request that produced it."""
    siblings: tuple[str, ...] = ()
    """Ids of all children of the same parent and role, oldest first, this one included."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A chat as the list shows it."""

    id: str
    title: str = ""
    created_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)
    target: Target | None = None
    leaf_id: str | None = None
    """The last message of the branch that is shown."""
    draft: str = ""
    queued: tuple[str, ...] = ()
    """Messages that wait for the end of a reply, in the order in which they are sent."""
    agent: str | None = None
    """The name of the agent that answers here."""
    private: bool = False
    """Never stored: it ends with the program."""


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A message that a search found; `excerpt` marks the found words with U+0002 and U+0003."""

    conversation_id: str
    message_id: str
    title: str
    excerpt: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoreReport:
    """What opening the database found."""

    path: str
    set_aside: str | None = None
    """Where a damaged database was moved."""
    recovered: Sequence[str] = ()
    """Ids of the messages whose streaming was interrupted."""
    problem: str = ""
    """Why nothing can be recorded; empty when all is well."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """Text that arrived since the last entry of a streaming message."""

    kind: str
    """`text` or `reasoning`."""
    text: str
