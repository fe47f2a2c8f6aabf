"""The OpenAI responses wire: numbered output items, and a last event that says how it ended."""

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

CUT_REASONS = Vocabulary(
    {FinishReason.LENGTH: "max_output_tokens", FinishReason.CONTENT_FILTER: "content_filter"}
)
WHOLE = (FinishReason.STOP, FinishReason.TOOL_CALLS)
FAILURES = {
    "overloaded": "server_is_overloaded",
    "rate_limited": "rate_limit_exceeded",
    "server": "server_error",
}
Payload = dict[str, Any]


class ResponsesEncoder:
    """Renders into the events of the Responses API; a reasoning's opaque data goes out encrypted."""

    content_type = "text/event-stream"
    usage_fields = frozenset({"input", "output", "cache_read", "cache_write", "reasoning"})
    blank = b": keep-alive\n\n"

    def encode(self, scenario: Scenario) -> list[bytes]:
        """The scenario's bytes, one item per server-sent event."""
        payloads = enumerate(_Rendering().payloads(scenario))
        return [
            b"event: %b\ndata: %b\n\n" % (data["type"].encode(), dump({**data, "sequence_number": number}))
            for number, data in payloads
        ]

    def failure(self, status: int, message: str) -> bytes:
        """The body of a refused request."""
        return dump({"error": {"message": message, "type": "error", "param": None, "code": None}})


class _Rendering:
    """The state of one reply: the item that is open, and those that are done."""

    def __init__(self) -> None:
        self._output: list[Payload] = []
        self._open: Payload | None = None
        self._response: Payload = {"id": "resp_1", "object": "response", "error": None}
        self._usage: Usage | None = None

    def payloads(self, scenario: Scenario) -> Iterator[Payload]:
        for event in scenario:
            match event:
                case Start(model=model):
                    self._response |= {"model": model, "status": "in_progress", "output": []}
                    for kind in ("response.created", "response.in_progress"):
                        yield {"type": kind, "response": dict(self._response)}
                case TextDelta(text):
                    yield from self._begin({"type": "message", "role": "assistant", "content": []})
                    yield self._placed("output_text.delta", content_index=0, delta=text)
                case ReasoningDelta(text):
                    yield from self._begin({"type": "reasoning", "summary": []})
                    if not self._item["summary"]:
                        self._item["summary"] = [{"type": "summary_text", "text": ""}]
                        yield self._placed("reasoning_summary_part.added", summary_index=0)
                    self._item["summary"][0]["text"] += text
                    yield self._placed("reasoning_summary_text.delta", summary_index=0, delta=text)
                case ReasoningEnd(opaque):
                    yield from self._begin({"type": "reasoning", "summary": []})
                    self._item["encrypted_content"] = opaque.data if opaque else None
                    yield from self._close()
                case ToolCallStart(id=call_id, name=name):
                    yield from self._close()
                    call = {"type": "function_call", "call_id": call_id, "name": name, "arguments": ""}
                    yield from self._begin(call)
                case ToolCallDelta(id=call_id) if self._item.get("call_id") != call_id:
                    raise NotCarried("one item is open at a time")
                case ToolCallDelta(fragment=fragment):
                    yield self._placed("function_call_arguments.delta", delta=fragment)
                case ToolCallEnd(arguments=arguments):
                    self._item["arguments"] = arguments
                    yield self._placed("function_call_arguments.done", arguments=arguments)
                    yield from self._close()
                case UsageUpdate(usage):
                    self._usage = usage
                case StreamFailure(kind, message):
                    error = {"code": FAILURES[kind], "message": message}
                    yield {"type": "response.failed", "response": self._ended("failed", error=error)}
                case Finish(reason):
                    yield from self._close()
                    yield self._last(reason)

    @property
    def _item(self) -> Payload:
        assert self._open is not None
        return self._open

    def _begin(self, item: Payload) -> Iterator[Payload]:
        if self._open is None or self._open["type"] != item["type"]:
            yield from self._close()
            self._open = {"id": f"item_{len(self._output)}", **item}
            yield self._placed("output_item.added", item=dict(self._open))

    def _close(self) -> Iterator[Payload]:
        if self._open is not None:
            yield self._placed("output_item.done", item=dict(self._open))
            self._output.append(self._open)
            self._open = None

    def _placed(self, kind: str, **fields: Any) -> Payload:
        place = {"item_id": self._item["id"], "output_index": len(self._output)}
        return {"type": f"response.{kind}", **place, **fields}

    def _last(self, reason: FinishReason) -> Payload:
        if reason not in WHOLE:
            response = self._ended("incomplete", incomplete_details={"reason": CUT_REASONS[reason]})
            return {"type": "response.incomplete", "response": response}
        return {"type": "response.completed", "response": self._ended("completed")}

    def _ended(self, status: str, **fields: Any) -> Payload:
        usage = _usage(self._usage) if self._usage else None
        return {**self._response, "status": status, "output": self._output, "usage": usage, **fields}


def _usage(usage: Usage) -> Payload:
    return without_none(
        input_tokens=usage.input,
        input_tokens_details=without_none(
            cached_tokens=usage.cache_read, cache_write_tokens=usage.cache_write
        ),
        output_tokens=usage.output,
        output_tokens_details=without_none(reasoning_tokens=usage.reasoning),
        total_tokens=(usage.input or 0) + (usage.output or 0),
    )
