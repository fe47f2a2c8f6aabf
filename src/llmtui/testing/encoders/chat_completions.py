"""The OpenAI chat completions wire: server-sent events that end in `[DONE]`."""

from collections.abc import Iterator
from typing import Any

from llmtui.core.events import (
    Finish,
    FinishReason,
    ReasoningDelta,
    Start,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
    UsageUpdate,
)
from llmtui.core.usage import Usage
from llmtui.testing.encoders.base import Vocabulary, dump, without_none
from llmtui.testing.scenarios import FailureKind, Scenario, StreamFailure

FINISH_REASONS = Vocabulary(
    {
        FinishReason.STOP: "stop",
        FinishReason.LENGTH: "length",
        FinishReason.TOOL_CALLS: "tool_calls",
        FinishReason.CONTENT_FILTER: "content_filter",
    }
)
FAILURES = {
    "overloaded": ("overloaded_error", 503),
    "rate_limited": ("rate_limit_error", 429),
    "server": ("server_error", 500),
}


class ChatCompletionsEncoder:
    """Renders into `chat.completion.chunk` objects; a vendor's subclass renders what it does otherwise."""

    content_type = "text/event-stream"
    usage_fields = frozenset({"input", "output", "cache_read", "reasoning"})
    blank = b": keep-alive\n\n"

    def encode(self, scenario: Scenario) -> list[bytes]:
        """The scenario's bytes, one item per server-sent event."""
        return [b"data: " + data + b"\n\n" for data in self._payloads(scenario)]

    def failure(self, status: int, message: str) -> bytes:
        """The body of a refused request."""
        return dump({"error": {"message": message, "type": "error", "param": None, "code": None}})

    def reasoning(self, text: str) -> dict[str, Any]:
        """The delta of a piece of reasoning."""
        return {"reasoning_content": text}

    def counts(self, usage: Usage) -> dict[str, Any]:
        """The `usage` object."""
        return _counts(usage)

    def broken(self, kind: FailureKind, message: str) -> dict[str, Any]:
        """The chunk that reports an error after the reply has begun."""
        error_type, code = FAILURES[kind]
        return {"error": {"message": message, "type": error_type, "code": code}}

    def ending(self, last: dict[str, Any], usage: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
        """The chunks of the end: the finish reason, then the usage."""
        yield last
        if usage is not None:
            yield {**last, "choices": [], "usage": usage}

    def _payloads(self, scenario: Scenario) -> Iterator[bytes]:
        model = next((event.model for event in scenario if isinstance(event, Start)), "")
        base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}
        usage: Usage | None = None
        indices: dict[str, int] = {}
        for event in scenario:
            match event:
                case UsageUpdate(usage):
                    pass
                case StreamFailure(kind, message):
                    yield dump({**base, **self.broken(kind, message)})
                case Finish(reason):
                    last = {**base, "choices": [choice({}, FINISH_REASONS[reason])]}
                    yield from map(dump, self.ending(last, self.counts(usage) if usage else None))
                    yield b"[DONE]"
                case _ if (delta := self._delta(event, indices)) is not None:
                    yield dump({**base, "choices": [choice(delta)]})

    def _delta(self, event: StreamEvent, indices: dict[str, int]) -> dict[str, Any] | None:
        match event:
            case Start():
                return {"role": "assistant", "content": ""}
            case TextDelta(text):
                return {"content": text}
            case ReasoningDelta(text):
                return self.reasoning(text)
            case ToolCallStart(id=call_id, name=name):
                index = indices.setdefault(call_id, len(indices))
                function = {"name": name, "arguments": ""}
                return {
                    "tool_calls": [{"index": index, "id": call_id, "type": "function", "function": function}]
                }
            case ToolCallDelta(id=call_id, fragment=fragment):
                return {"tool_calls": [{"index": indices[call_id], "function": {"arguments": fragment}}]}
        return None


def choice(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    """The one choice of a chunk."""
    return {"index": 0, "delta": delta, "finish_reason": finish_reason}


def _counts(usage: Usage) -> dict[str, Any]:
    return without_none(
        prompt_tokens=usage.input,
        completion_tokens=usage.output,
        total_tokens=(usage.input or 0) + (usage.output or 0),
        prompt_tokens_details=None if usage.cache_read is None else {"cached_tokens": usage.cache_read},
        completion_tokens_details=(
            None if usage.reasoning is None else {"reasoning_tokens": usage.reasoning}
        ),
    )
