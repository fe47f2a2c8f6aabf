"""The streaming half of Claude's Messages API, pure: raw events become core events.

Source: https://platform.claude.com/docs/en/build-with-claude/streaming
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from llmtui.core.conversation import JSON, Opaque
from llmtui.core.events import (
    Finish,
    FinishReason,
    OpaqueBlock,
    ReasoningDelta,
    ReasoningEnd,
    Start,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    UsageUpdate,
    Warning,
)
from llmtui.core.text import sanitise
from llmtui.core.untrusted import as_count, as_object, as_text
from llmtui.core.usage import Usage
from llmtui.providers.wires.tool_calls import parse_error

Object = dict[str, JSON]
FINISH_REASONS: Mapping[str, FinishReason] = {
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "max_tokens": FinishReason.LENGTH,
    "tool_use": FinishReason.TOOL_CALLS,
    "pause_turn": FinishReason.PAUSE,
    "refusal": FinishReason.REFUSAL,
    "model_context_window_exceeded": FinishReason.CONTEXT_FULL,
}


@dataclass(slots=True)
class _Open:
    """A content block that has begun."""

    block: Object
    call_id: str = ""
    fragments: list[str] = field(default_factory=list)
    signature: str = ""


class Decoder:
    """Turns the raw events of one stream into core events; what it does not know is kept or skipped.

    `error` events are the caller's: this wire says what they mean no better than any other.
    """

    def __init__(self, provider: str, model: str, request_id: str | None = None) -> None:
        self._provider = provider
        self._model = model
        self._request_id = request_id
        self._open: dict[int, _Open] = {}
        self._call_ids: set[str] = set()
        self._usage: Object = {}
        self._stop_reason = ""

    def feed(self, event: Mapping[str, JSON]) -> Iterator[StreamEvent]:
        """The core events that one raw event means."""
        match event.get("type"):
            case "message_start":
                message = as_object(event.get("message"))
                yield Start(self._provider, as_text(message.get("model")) or self._model, self._request_id)
                yield from self._take_usage(message.get("usage"))
            case "content_block_start":
                yield from self._begin(_index(event), as_object(event.get("content_block")))
            case "content_block_delta":
                yield from self._delta(_index(event), as_object(event.get("delta")))
            case "content_block_stop":
                if (opened := self._open.pop(_index(event), None)) is not None:
                    yield from self._end(opened)
            case "message_delta":
                yield from self._take_usage(event.get("usage"))
                yield from self._take_stop(as_object(event.get("delta")))
            case "message_stop":
                reason = FINISH_REASONS.get(self._stop_reason, FinishReason.OTHER)
                yield Finish(reason, self._stop_reason)

    def _begin(self, index: int, block: Object) -> Iterator[StreamEvent]:
        opened = self._open[index] = _Open(dict(block))
        match block.get("type"):
            case "text" if text := as_text(block.get("text")):
                yield TextDelta(text)
            case "thinking":
                opened.signature = as_text(block.get("signature"))
                if text := as_text(block.get("thinking")):
                    opened.fragments.append(text)
                    yield ReasoningDelta(text)
            case "tool_use":
                opened.call_id = self._unique_id(as_text(block.get("id")))
                yield ToolCallStart(opened.call_id, as_text(block.get("name")))

    def _delta(self, index: int, delta: Object) -> Iterator[StreamEvent]:
        opened = self._open.setdefault(index, _Open({"type": "text"}))
        match delta.get("type"):
            case "text_delta":
                yield TextDelta(as_text(delta.get("text")))
            case "thinking_delta":
                opened.fragments.append(as_text(delta.get("thinking")))
                yield ReasoningDelta(opened.fragments[-1])
            case "signature_delta":
                opened.signature += as_text(delta.get("signature"))
            case "input_json_delta":
                opened.fragments.append(as_text(delta.get("partial_json")))
                if opened.call_id and opened.fragments[-1]:
                    yield ToolCallDelta(opened.call_id, opened.fragments[-1])
            case _:
                _merge(opened.block, delta)

    def _end(self, opened: _Open) -> Iterator[StreamEvent]:
        text = "".join(opened.fragments)
        match opened.block.get("type"):
            case "text":
                pass
            case "thinking":
                yield ReasoningEnd(self._signed(text, opened.signature) if opened.signature else None)
            case "tool_use":
                arguments = text or json.dumps(opened.block.get("input") or {})
                yield ToolCallEnd(
                    opened.call_id, as_text(opened.block.get("name")), arguments, parse_error(arguments)
                )
            case str():
                if text and parse_error(text) is None:
                    opened.block["input"] = json.loads(text)
                yield OpaqueBlock(Opaque(self._provider, self._model, opened.block))

    def _signed(self, text: str, signature: str) -> Opaque:
        data: Object = {"type": "thinking", "signature": signature}
        # The signature covers the text as it came, and the guard may have made it harmless since.
        if sanitise(text) != text:
            data["thinking"] = text
        return Opaque(self._provider, self._model, data)

    def _unique_id(self, call_id: str) -> str:
        unique = call_id or f"call_{len(self._call_ids)}"
        while unique in self._call_ids:
            unique += "_"
        self._call_ids.add(unique)
        return unique

    def _take_usage(self, usage: JSON) -> Iterator[StreamEvent]:
        """Take the newest counts; they are cumulative, and an event may repeat only some of them."""
        if counts := {name: value for name, value in as_object(usage).items() if value is not None}:
            self._usage |= counts
            yield UsageUpdate(usage_of(self._usage))

    def _take_stop(self, delta: Object) -> Iterator[StreamEvent]:
        self._stop_reason = as_text(delta.get("stop_reason")) or self._stop_reason
        if explanation := as_text(as_object(delta.get("stop_details")).get("explanation")):
            yield Warning("refusal", explanation)


def usage_of(counts: Mapping[str, JSON]) -> Usage:
    """Token counts with the cached ones included in the input, which this wire leaves out."""
    plain = as_count(counts.get("input_tokens"))
    read = as_count(counts.get("cache_read_input_tokens"))
    written = as_count(counts.get("cache_creation_input_tokens"))
    return Usage(
        input=None if plain is None else plain + (read or 0) + (written or 0),
        output=as_count(counts.get("output_tokens")),
        cache_read=read,
        cache_write=written,
        reasoning=as_count(as_object(counts.get("output_tokens_details")).get("thinking_tokens")),
    )


def _merge(block: Object, delta: Object) -> None:
    """Add a delta of an unknown kind to its block, so that the block goes back whole."""
    for name in delta.keys() - {"type"}:
        before, value = block.get(name), delta[name]
        block[name] = before + value if isinstance(before, str) and isinstance(value, str) else value


def _index(event: Mapping[str, JSON]) -> int:
    return as_count(event.get("index")) or 0
