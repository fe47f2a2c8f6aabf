"""What a model is sent of a conversation."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from llmtui.core.conversation import (
    Message,
    OpaquePart,
    Part,
    ReasoningPart,
    Role,
    ToolCallPart,
    ToolResultPart,
    assistant,
    user,
)
from llmtui.core.history import StoredMessage

CONTINUE_INSTRUCTION = (
    "Your last message was cut off. Go on exactly where it stopped, in the middle of the sentence if "
    "need be. Do not repeat anything and do not comment on the interruption."
)


def context_of(branch: Sequence[StoredMessage], host: str = "") -> tuple[Message, ...]:
    """The branch as a request's messages, for the server at `host`.

    A reply that failed before its first word leaves nothing: errors are no part of a conversation. Turns of
    one role in a row become one, since some chat templates insist on alternation.
    """
    return tuple(_alternating(_answered(_understood(stored, host) for stored in branch)))


def continuation_of(branch: Sequence[StoredMessage], host: str = "", *, prefill: bool) -> tuple[Message, ...]:
    """The messages that make a model go on writing the last reply of the branch.

    With `prefill` the reply itself is the last message and the model writes on; without, a user's turn asks.
    """
    before, partial = context_of(branch[:-1], host), branch[-1].message.text
    if prefill:
        # A trailing space makes most tokenizers stumble, and Claude refuses it.
        return (*before, assistant(partial.rstrip()))
    return (*before, assistant(partial), user(CONTINUE_INSTRUCTION))


def _understood(stored: StoredMessage, host: str) -> Message:
    """The message, without what only the other server understands that it came from."""
    came_from = stored.request.host if stored.request else ""
    if not came_from or not host or came_from == host:
        return stored.message
    parts = (part for part in stored.message.parts if not isinstance(part, OpaquePart))
    plain = (replace(part, opaque=None) if isinstance(part, ReasoningPart) else part for part in parts)
    return replace(stored.message, parts=tuple(plain))


def _answered(messages: Iterable[Message]) -> list[Message]:
    """The messages without tool calls that nobody answered and without empty ones."""
    messages = list(messages)
    answered = {
        part.call_id for message in messages for part in message.parts if isinstance(part, ToolResultPart)
    }

    def kept(part: Part) -> bool:
        return not isinstance(part, ToolCallPart) or part.id in answered

    stripped = [Message(message.role, tuple(filter(kept, message.parts))) for message in messages]
    return [message for message in stripped if message.parts]


def _alternating(messages: Iterable[Message]) -> list[Message]:
    merged: list[Message] = []
    for message in messages:
        if merged and merged[-1].role is message.role is Role.USER:
            parts = (*merged[-1].parts, *user("\n\n").parts, *message.parts)
            merged[-1] = Message(Role.USER, parts)
        else:
            merged.append(message)
    return merged
