"""Ollama's native wire: one JSON object a line, the last with `done: true`."""

from collections.abc import Iterator
from typing import Any

from llmtui.core.events import (
    Finish,
    FinishReason,
    ReasoningDelta,
    Start,
    StreamEvent,
    TextDelta,
    ToolCallEnd,
    UsageUpdate,
)
from llmtui.core.usage import Usage
from llmtui.testing.encoders.base import Vocabulary, dump, parsed, without_none
from llmtui.testing.scenarios import Scenario, StreamFailure

NANOSECONDS = 10**9
DONE_REASONS = Vocabulary(
    {FinishReason.STOP: "stop", FinishReason.TOOL_CALLS: "stop", FinishReason.LENGTH: "length"}
)


class OllamaEncoder:
    """Renders into the chunks of `/api/chat`; tool calls come whole, and no reason is ever `tool_calls`."""

    content_type = "application/x-ndjson"
    usage_fields = frozenset({"input", "output", "generation_s"})
    blank = b"\n"

    def encode(self, scenario: Scenario) -> list[bytes]:
        """The scenario's bytes, one item per line."""
        return [dump(payload) + b"\n" for payload in _payloads(scenario)]

    def failure(self, status: int, message: str) -> bytes:
        """The body of a refused request."""
        return dump({"error": message})


def _payloads(scenario: Scenario) -> Iterator[dict[str, Any]]:
    model = next((event.model for event in scenario if isinstance(event, Start)), "")
    base = {"model": model, "created_at": "2026-01-01T00:00:00.000000001Z"}
    usage = Usage()
    calls = 0
    for event in scenario:
        match event:
            case UsageUpdate(usage):
                pass
            case StreamFailure(message=message):
                yield {"error": message}
            case Finish(reason):
                end = {"message": _message(content=""), "done": True, "done_reason": DONE_REASONS[reason]}
                yield {**base, **end, "total_duration": NANOSECONDS, **_usage(usage)}
            case ToolCallEnd():
                call = {"id": event.id, "function": {"index": calls, **_function(event)}}
                calls += 1
                yield {**base, "message": _message(content="", tool_calls=[call]), "done": False}
            case _ if (delta := _delta(event)) is not None:
                yield {**base, "message": delta, "done": False}


def _delta(event: StreamEvent) -> dict[str, Any] | None:
    match event:
        case TextDelta(text):
            return _message(content=text)
        case ReasoningDelta(text):
            return _message(content="", thinking=text)
    return None


def _message(**fields: Any) -> dict[str, Any]:
    return {"role": "assistant", **fields}


def _function(call: ToolCallEnd) -> dict[str, Any]:
    return {"name": call.name, "arguments": parsed(call.arguments)}


def _usage(usage: Usage) -> dict[str, Any]:
    generation = None if usage.generation_s is None else int(usage.generation_s * NANOSECONDS)
    return without_none(prompt_eval_count=usage.input, eval_count=usage.output, eval_duration=generation)
