"""Gemini's native wire: server-sent events of whole replies in small, the last with a `finishReason`."""

from collections.abc import Iterator
from typing import Any

from llmtui.core.events import (
    Finish,
    FinishReason,
    ReasoningDelta,
    ReasoningEnd,
    Start,
    StreamEvent,
    TextDelta,
    ToolCallEnd,
    UsageUpdate,
)
from llmtui.core.usage import Usage
from llmtui.testing.encoders.base import Vocabulary, dump, parsed, without_none
from llmtui.testing.scenarios import Scenario, StreamFailure

FINISH_REASONS = Vocabulary(
    {
        FinishReason.STOP: "STOP",
        FinishReason.TOOL_CALLS: "STOP",
        FinishReason.LENGTH: "MAX_TOKENS",
        FinishReason.CONTENT_FILTER: "SAFETY",
    }
)
FAILURES = {"overloaded": 503, "rate_limited": 429, "server": 500}
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


class GeminiEncoder:
    """Renders into the events of `streamGenerateContent`; tool calls come whole, and end with `STOP`.

    A reasoning's opaque data goes out as the signature of its thought.
    """

    content_type = "text/event-stream"
    usage_fields = frozenset({"input", "output", "cache_read", "reasoning"})
    blank = b": keep-alive\n\n"

    def encode(self, scenario: Scenario) -> list[bytes]:
        """The scenario's bytes, one item per server-sent event."""
        return [b"data: %b\n\n" % dump(payload) for payload in _payloads(scenario)]

    def failure(self, status: int, message: str) -> bytes:
        """The body of a refused request."""
        return dump(_error(status, message))


def _payloads(scenario: Scenario) -> Iterator[dict[str, Any]]:
    model = next((event.model for event in scenario if isinstance(event, Start)), "")
    base: dict[str, Any] = {"modelVersion": model, "responseId": "resp_1"}
    for event in scenario:
        match event:
            case Start():
                # The server begins with what it has read.
                yield {"usageMetadata": {}, **base}
            case UsageUpdate(usage):
                base["usageMetadata"] = _usage(usage)
                yield dict(base)
            case StreamFailure(kind, message):
                yield _error(FAILURES[kind], message)
            case Finish(reason):
                end = {"content": _content({"text": ""}), "finishReason": FINISH_REASONS[reason]}
                yield {"candidates": [{**end, "index": 0}], **base}
            case _ if (part := _part(event)) is not None:
                yield {"candidates": [{"content": _content(part), "index": 0}], **base}


def _part(event: StreamEvent) -> dict[str, Any] | None:
    match event:
        case TextDelta(text):
            return {"text": text}
        case ReasoningDelta(text):
            return {"text": text, "thought": True}
        case ReasoningEnd(opaque) if opaque is not None:
            return {"text": "", "thought": True, "thoughtSignature": opaque.data}
        case ToolCallEnd(id=call_id, name=name, arguments=arguments):
            return {"functionCall": {"id": call_id, "name": name, "args": parsed(arguments)}}
    return None


def _content(part: dict[str, Any]) -> dict[str, Any]:
    return {"parts": [part], "role": "model"}


def _usage(usage: Usage) -> dict[str, Any]:
    output = None if usage.output is None else usage.output - (usage.reasoning or 0)
    return without_none(
        promptTokenCount=usage.input,
        candidatesTokenCount=output,
        cachedContentTokenCount=usage.cache_read,
        thoughtsTokenCount=usage.reasoning,
    )


def _error(status: int, message: str) -> dict[str, Any]:
    return {"error": {"code": status, "message": message, "status": STATUSES.get(status, "UNKNOWN")}}
