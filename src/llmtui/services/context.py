"""What a model is sent of a conversation."""

from collections.abc import Iterable, Sequence

from llmtui.core.conversation import Message, Part, Role, ToolCallPart, ToolResultPart, assistant, user
from llmtui.core.history import StoredMessage

CONTINUE_INSTRUCTION = (
    "Your last message was cut off. Go on exactly where it stopped, in the middle of the sentence if "
    "need be. Do not repeat anything and do not comment on the interruption."
)


def context_of(branch: Sequence[StoredMessage]) -> tuple[Message, ...]:
    """The branch as a request's messages.

    A reply that failed before its first word leaves nothing: errors are no part of a conversation. Turns of
    one role in a row become one, since some chat templates insist on alternation.
    """
    return tuple(_alternating(_answered(stored.message for stored in branch)))


def continuation_of(branch: Sequence[StoredMessage], *, prefill: bool) -> tuple[Message, ...]:
    """The messages that make a model go on writing the last reply of the branch.

    With `prefill` the reply itself is the last message and the model writes on; without, a user's turn asks.
    """
    before, partial = context_of(branch[:-1]), branch[-1].message.text
    if prefill:
        # A trailing space makes most tokenizers stumble, and Claude refuses it.
        return (*before, assistant(partial.rstrip()))
    return (*before, assistant(partial), user(CONTINUE_INSTRUCTION))


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
