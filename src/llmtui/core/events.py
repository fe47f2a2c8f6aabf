"""What a provider's stream yields.

The grammar, enforced by `core.guard`: `Status` and `Warning` may come at any time before the end; exactly
one `Start` comes before the first delta; the stream ends with exactly one of `Finish`, a raised
`ProviderError`, or cancellation, and nothing follows.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from llmtui.core.conversation import Opaque
from llmtui.core.usage import Usage


class FinishReason(StrEnum):
    """Why a reply ended, in one vocabulary for all wires."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"
    REFUSAL = "refusal"
    CONTEXT_FULL = "context_full"
    PAUSE = "pause"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Start:
    """The server has begun to answer; `model` is the one that it reports."""

    provider: str
    model: str
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """More of the model's reasoning."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningEnd:
    """One block of reasoning is complete; `opaque` is what the vendor wants back with it."""

    opaque: Opaque | None = None


@dataclass(frozen=True, slots=True)
class ToolCallStart:
    """The model begins to call a tool; `id` is unique in this reply."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A fragment of the arguments' JSON text."""

    id: str
    fragment: str


@dataclass(frozen=True, slots=True)
class ToolCallEnd:
    """The call is complete; `arguments` is the whole JSON text, `parse_error` says why it is no object."""

    id: str
    name: str
    arguments: str
    parse_error: str | None = None


@dataclass(frozen=True, slots=True)
class OpaqueBlock:
    """A whole block to keep with the message and give back to the same model."""

    opaque: Opaque


@dataclass(frozen=True, slots=True)
class UsageUpdate:
    """The usage so far: replaces what came before."""

    usage: Usage


StatusKind = Literal["connecting", "loading", "queued", "retrying", "failover"]


@dataclass(frozen=True, slots=True)
class Status:
    """What a person waits for."""

    kind: StatusKind
    detail: str = ""
    attempt: int = 1
    delay_s: float | None = None


@dataclass(frozen=True, slots=True)
class Warning:
    """Something that the request lost or risked: a dropped parameter, a truncated prompt."""

    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The wire's own terminal signal was seen."""

    reason: FinishReason
    raw_reason: str = ""


Delta: TypeAlias = (
    TextDelta | ReasoningDelta | ReasoningEnd | ToolCallStart | ToolCallDelta | ToolCallEnd | OpaqueBlock
)
StreamEvent: TypeAlias = Start | Delta | UsageUpdate | Status | Warning | Finish
DELTAS = (TextDelta, ReasoningDelta, ReasoningEnd, ToolCallStart, ToolCallDelta, ToolCallEnd, OpaqueBlock)
