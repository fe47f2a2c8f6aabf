"""One request to a model and its whole answer."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from types import MappingProxyType

from llmtui.core.conversation import (
    JSON,
    Message,
    OpaquePart,
    Part,
    ReasoningPart,
    Role,
    TextPart,
    ToolCallPart,
    ToolDefinition,
)
from llmtui.core.events import (
    Finish,
    OpaqueBlock,
    ReasoningDelta,
    ReasoningEnd,
    Start,
    StreamEvent,
    TextDelta,
    ToolCallEnd,
    UsageUpdate,
    Warning,
)
from llmtui.core.models import Effort
from llmtui.core.usage import Usage


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What to ask; None means the provider's configured value, else the vendor's default."""

    messages: tuple[Message, ...]
    model: str | None = None
    system: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    reasoning_effort: Effort | None = None
    tools: tuple[ToolDefinition, ...] = ()
    options: Mapping[str, JSON] = field(default_factory=lambda: MappingProxyType({}))
    """Vendor parameters for this request; they go over the provider's configured `options`."""
    private: bool = False
    """Not even that it was asked is to be written down."""


@dataclass(frozen=True, slots=True)
class ChatResponse:
    """A whole reply."""

    message: Message
    provider: str
    model: str
    finish: Finish
    usage: Usage | None = None
    warnings: tuple[Warning, ...] = ()


class ReplyBuilder:
    """Folds events into a message; `parts` can be read at any point for the partial reply."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self.start: Start | None = None
        self.usage: Usage | None = None
        self.finish: Finish | None = None
        self.warnings: list[Warning] = []

    def add(self, event: StreamEvent) -> None:
        """Take the next event of the stream."""
        match event:
            case TextDelta(text):
                self._close_reasoning(ReasoningEnd())
                self._text.append(text)
            case ReasoningDelta(text):
                self._close_text()
                self._reasoning.append(text)
            case ReasoningEnd():
                self._close_text()
                self._close_reasoning(event)
            case ToolCallEnd(id=call_id, name=name, arguments=arguments):
                self._close_text()
                self._close_reasoning(ReasoningEnd())
                self._parts.append(ToolCallPart(call_id, name, arguments))
            case OpaqueBlock(opaque):
                self._close_text()
                self._close_reasoning(ReasoningEnd())
                self._parts.append(OpaquePart(opaque))
            case Start():
                self.start = event
            case UsageUpdate(usage):
                self.usage = usage
            case Warning():
                self.warnings.append(event)
            case Finish():
                self.finish = event

    @property
    def parts(self) -> tuple[Part, ...]:
        """Everything so far, the open text or reasoning included."""
        parts = list(self._parts)
        if self._reasoning:
            parts.append(ReasoningPart("".join(self._reasoning)))
        if self._text:
            parts.append(TextPart("".join(self._text)))
        return tuple(parts)

    def response(self) -> ChatResponse:
        """The whole reply, once `Finish` has come."""
        if self.start is None or self.finish is None:
            raise ValueError("the reply has not ended")
        return ChatResponse(
            message=Message(Role.ASSISTANT, self.parts),
            provider=self.start.provider,
            model=self.start.model,
            finish=self.finish,
            usage=self.usage,
            warnings=tuple(self.warnings),
        )

    def _close_text(self) -> None:
        if self._text:
            self._parts.append(TextPart("".join(self._text)))
            self._text.clear()

    def _close_reasoning(self, end: ReasoningEnd) -> None:
        if self._reasoning or end.opaque is not None:
            self._parts.append(ReasoningPart("".join(self._reasoning), end.opaque))
            self._reasoning.clear()


async def fold(stream: AsyncGenerator[StreamEvent, None]) -> ChatResponse:
    """Drain a guarded stream into the whole reply, closing it in every case."""
    builder = ReplyBuilder()
    async with aclosing(stream) as events:
        async for event in events:
            builder.add(event)
    return builder.response()
