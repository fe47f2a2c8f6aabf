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
from llmtui.testing.scenarios import Scenario, StreamFailure

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
    """Renders into `chat.completion.chunk` objects; `reasoning_field` is the vendor's name for reasoning."""

    content_type = "text/event-stream"
    usage_fields = frozenset({"input", "output", "cache_read", "reasoning"})
    blank = b": keep-alive\n\n"

    def __init__(self, reasoning_field: str = "reasoning_content") -> None:
        self._reasoning_field = reasoning_field

    def encode(self, scenario: Scenario) -> list[bytes]:
        """The scenario's bytes, one item per server-sent event."""
        return [b"data: " + data + b"\n\n" for data in self._payloads(scenario)]

    def failure(self, status: int, message: str) -> bytes:
        """The body of a refused request."""
        return dump({"error": {"message": message, "type": "error", "param": None, "code": None}})

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
                    error_type, code = FAILURES[kind]
                    yield dump({"error": {"message": message, "type": error_type, "code": code}})
                case Finish(reason):
                    yield dump({**base, "choices": [_choice({}, FINISH_REASONS[reason])]})
                    if usage:
                        yield dump({**base, "choices": [], "usage": _usage(usage)})
                    yield b"[DONE]"
                case _ if (delta := self._delta(event, indices)) is not None:
                    yield dump({**base, "choices": [_choice(delta)]})

    def _delta(self, event: StreamEvent, indices: dict[str, int]) -> dict[str, Any] | None:
        match event:
            case Start():
                return {"role": "assistant", "content": ""}
            case TextDelta(text):
                return {"content": text}
            case ReasoningDelta(text):
                return {self._reasoning_field: text}
            case ToolCallStart(id=call_id, name=name):
                index = indices.setdefault(call_id, len(indices))
                function = {"name": name, "arguments": ""}
                return {
                    "tool_calls": [{"index": index, "id": call_id, "type": "function", "function": function}]
                }
            case ToolCallDelta(id=call_id, fragment=fragment):
                return {"tool_calls": [{"index": indices[call_id], "function": {"arguments": fragment}}]}
        return None


def _choice(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish_reason}


def _usage(usage: Usage) -> dict[str, Any]:
    return without_none(
        prompt_tokens=usage.input,
        completion_tokens=usage.output,
        total_tokens=(usage.input or 0) + (usage.output or 0),
        prompt_tokens_details=None if usage.cache_read is None else {"cached_tokens": usage.cache_read},
        completion_tokens_details=(
            None if usage.reasoning is None else {"reasoning_tokens": usage.reasoning}
        ),
    )
