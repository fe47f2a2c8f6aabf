"""The Anthropic messages wire: named server-sent events that end in `message_stop`."""

from collections.abc import Iterator
from typing import Any

from llmtui.core.events import (
    Finish,
    FinishReason,
    ReasoningDelta,
    ReasoningEnd,
    Start,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    UsageUpdate,
)
from llmtui.core.usage import Usage
from llmtui.testing.encoders.base import NotCarried, Vocabulary, dump, without_none
from llmtui.testing.scenarios import Scenario, StreamFailure

STOP_REASONS = Vocabulary(
    {
        FinishReason.STOP: "end_turn",
        FinishReason.LENGTH: "max_tokens",
        FinishReason.TOOL_CALLS: "tool_use",
        FinishReason.REFUSAL: "refusal",
        FinishReason.PAUSE: "pause_turn",
        FinishReason.CONTEXT_FULL: "model_context_window_exceeded",
    }
)
FAILURES = {"overloaded": "overloaded_error", "rate_limited": "rate_limit_error", "server": "api_error"}
ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}
BLOCKS: dict[str, dict[str, Any]] = {
    "text": {"type": "text", "text": ""},
    "thinking": {"type": "thinking", "thinking": "", "signature": ""},
}


class MessagesEncoder:
    """Renders into the events of Claude's API; a reasoning's opaque data goes out as its signature."""

    content_type = "text/event-stream"
    usage_fields = frozenset({"input", "output", "cache_read", "cache_write"})
    blank = b': keep-alive\n\nevent: ping\ndata: {"type":"ping"}\n\n'

    def encode(self, scenario: Scenario) -> list[bytes]:
        """The scenario's bytes, one item per server-sent event."""
        payloads = _Rendering().payloads(scenario)
        return [b"event: %b\ndata: %b\n\n" % (data["type"].encode(), dump(data)) for data in payloads]

    def failure(self, status: int, message: str) -> bytes:
        """The body of a refused request."""
        return dump(_error(ERROR_TYPES.get(status, "api_error"), message))


class _Rendering:
    """The state of one reply: its content block and its usage."""

    def __init__(self) -> None:
        self._index = 0
        self._open: str | None = None
        self._usage = Usage()

    def payloads(self, scenario: Scenario) -> Iterator[dict[str, Any]]:
        # The counts of the input stand in the first event, before any text.
        self._usage = next((event.usage for event in scenario if isinstance(event, UsageUpdate)), Usage())
        for event in scenario:
            match event:
                case Start(model=model):
                    yield self._message_start(model)
                case TextDelta(text):
                    yield from self._delta("text", BLOCKS["text"], {"type": "text_delta", "text": text})
                case ReasoningDelta(text):
                    delta = {"type": "thinking_delta", "thinking": text}
                    yield from self._delta("thinking", BLOCKS["thinking"], delta)
                case ReasoningEnd(opaque):
                    if opaque is not None:
                        signature = {"type": "signature_delta", "signature": opaque.data}
                        yield from self._delta("thinking", BLOCKS["thinking"], signature)
                    yield from self._close()
                case ToolCallStart(id=call_id, name=name):
                    block = {"type": "tool_use", "id": call_id, "name": name, "input": {}}
                    yield from self._delta(call_id, block, {"type": "input_json_delta", "partial_json": ""})
                case ToolCallDelta(id=call_id) if self._open != call_id:
                    raise NotCarried("one content block is open at a time")
                case ToolCallDelta(fragment=fragment):
                    yield self._block_delta({"type": "input_json_delta", "partial_json": fragment})
                case ToolCallEnd():
                    yield from self._close()
                case UsageUpdate(usage):
                    self._usage = usage
                case StreamFailure(kind, message):
                    yield _error(FAILURES[kind], message)
                case Finish(reason):
                    yield from self._close()
                    stop = {"stop_reason": STOP_REASONS[reason], "stop_sequence": None}
                    yield {"type": "message_delta", "delta": stop, "usage": _usage(self._usage)}
                    yield {"type": "message_stop"}

    def _message_start(self, model: str) -> dict[str, Any]:
        message: dict[str, Any] = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {**_usage(self._usage), "output_tokens": 1},
        }
        return {"type": "message_start", "message": message}

    def _delta(self, key: str, block: dict[str, Any], delta: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if self._open != key:
            yield from self._close()
            self._open = key
            yield {"type": "content_block_start", "index": self._index, "content_block": block}
        yield self._block_delta(delta)

    def _block_delta(self, delta: dict[str, Any]) -> dict[str, Any]:
        return {"type": "content_block_delta", "index": self._index, "delta": delta}

    def _close(self) -> Iterator[dict[str, Any]]:
        if self._open is not None:
            yield {"type": "content_block_stop", "index": self._index}
            self._open = None
            self._index += 1


def _usage(usage: Usage) -> dict[str, Any]:
    cached = (usage.cache_read or 0) + (usage.cache_write or 0)
    return without_none(
        input_tokens=None if usage.input is None else usage.input - cached,
        cache_read_input_tokens=usage.cache_read,
        cache_creation_input_tokens=usage.cache_write,
        output_tokens=usage.output,
    )


def _error(error_type: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": error_type, "message": message}, "request_id": "req_1"}
