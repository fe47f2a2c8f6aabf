"""The chat_completions wire, from the chunks of a stream to events."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from llmtui.core.conversation import Opaque
from llmtui.core.events import (
    Finish,
    FinishReason,
    OpaqueBlock,
    ReasoningDelta,
    ReasoningEnd,
    Start,
    StreamEvent,
    TextDelta,
    UsageUpdate,
)
from llmtui.core.untrusted import as_count, as_object, as_objects, as_text
from llmtui.core.usage import Usage
from llmtui.providers.wires.reasoning_details import DETAILS, ReasoningDetails
from llmtui.providers.wires.tool_calls import ToolCallAssembler

FINISH_REASONS: Mapping[str, FinishReason] = {
    "stop": FinishReason.STOP,
    "eos": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "end_turn": FinishReason.STOP,
    "": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "max_tokens": FinishReason.LENGTH,
    "model_length": FinishReason.CONTEXT_FULL,
    "tool_calls": FinishReason.TOOL_CALLS,
    "function_call": FinishReason.TOOL_CALLS,
    "content_filter": FinishReason.CONTENT_FILTER,
    "refusal": FinishReason.REFUSAL,
}
# Reasons that report a failure of the server, not an end (OpenRouter, Mistral, vLLM, DeepSeek).
FAILED_REASONS = ("error", "abort", "insufficient_system_resource")
REASONING_FIELDS = ("reasoning_content", "reasoning")


def failure_in(chunk: Mapping[str, Any], event_name: str = "") -> object | None:
    """What a chunk reports instead of a piece of the reply; None when all is well."""
    if chunk.get("error"):
        return chunk
    if event_name == "error":
        return {"error": chunk}
    if (reason := _choice(chunk).get("finish_reason")) in FAILED_REASONS:
        return {"error": {"message": f"the server ended the reply: {reason}"}}
    return None


class ChatCompletionsDecoder:
    """Feed it every chunk, then ask for the end.

    A `finish_reason` is not the last word: the usage comes after it. `complete` says whether the wire's own
    terminal signal was seen, that is a `finish_reason` or `[DONE]`.
    """

    def __init__(self, provider: str, model: str, request_id: str | None = None) -> None:
        self._provider = provider
        self._model = model
        self._request_id = request_id
        self._started = False
        self._reasoning_field = ""
        self._calls = ToolCallAssembler()
        self._details = ReasoningDetails()
        self._usage: Usage | None = None
        self._raw_reason: str | None = None
        self._refused = False

    @property
    def complete(self) -> bool:
        """Whether a `finish_reason` has come."""
        return self._raw_reason is not None

    def decode(self, chunk: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """The events of one chunk."""
        choice = _choice(chunk)
        if choice:
            yield from self._start(chunk)
            # A server that ignores `stream` sends a whole `message`.
            yield from self._delta(as_object(choice.get("delta") or choice.get("message")))
            reason = choice.get("finish_reason")
            self._raw_reason = reason if isinstance(reason, str) else self._raw_reason
        yield from self._counted(chunk, choice)

    def end(self) -> Iterator[StreamEvent]:
        """The events after the last chunk, once the wire's terminal signal was seen."""
        yield from self._start({})
        yield from self._end_reasoning()
        if self._calls and (details := self._details.whole):
            yield OpaqueBlock(Opaque(self._provider, self._model, {DETAILS: details}))
        yield from self._calls.end()
        yield Finish(self._reason(), self._raw_reason or "")

    def _start(self, chunk: Mapping[str, Any]) -> Iterator[StreamEvent]:
        if not self._started:
            self._started = True
            model = as_text(chunk.get("model")) or self._model
            yield Start(self._provider, model, self._request_id or as_text(chunk.get("id")) or None)

    def _delta(self, delta: Mapping[str, Any]) -> Iterator[StreamEvent]:
        for field in REASONING_FIELDS:
            if text := as_text(delta.get(field)):
                yield from self._reasoned(field, text)
                break
        self._details.add(delta.get(DETAILS))
        content = delta.get("content")
        for block in content if isinstance(content, list) else [content]:
            thinking = as_object(block)
            if thinking.get("type") == "thinking":
                yield from self._reasoned("thinking", _text(thinking.get("thinking")))
            else:
                yield from self._said(_text(block))
        if refusal := as_text(delta.get("refusal")):
            self._refused = True
            yield from self._said(refusal)
        if calls := as_objects(delta.get("tool_calls")):
            yield from self._end_reasoning()
            yield from self._calls.feed(calls)

    def _reasoned(self, field: str, text: str) -> Iterator[StreamEvent]:
        if text:
            self._reasoning_field = field
            yield ReasoningDelta(text)

    def _said(self, text: str) -> Iterator[StreamEvent]:
        if text:
            yield from self._end_reasoning()
            yield TextDelta(text)

    def _end_reasoning(self) -> Iterator[StreamEvent]:
        field, self._reasoning_field = self._reasoning_field, ""
        if field:
            replayable = field in REASONING_FIELDS
            yield ReasoningEnd(Opaque(self._provider, self._model, {"field": field}) if replayable else None)

    def _counted(self, chunk: Mapping[str, Any], choice: Mapping[str, Any]) -> Iterator[StreamEvent]:
        usage = self._usage
        for place in (chunk, choice, as_object(chunk.get("x_groq"))):
            if counts := as_object(place.get("usage")):
                usage = usage_of(counts, usage)
                break
        if isinstance(milliseconds := as_object(chunk.get("timings")).get("predicted_ms"), int | float):
            usage = replace(usage or Usage(), generation_s=milliseconds / 1000)
        if usage is not None and usage != self._usage:
            self._usage = usage
            yield UsageUpdate(usage)

    def _reason(self) -> FinishReason:
        if self._refused:
            return FinishReason.REFUSAL
        reason = FINISH_REASONS.get(self._raw_reason or "", FinishReason.OTHER)
        return FinishReason.TOOL_CALLS if self._calls and reason is FinishReason.STOP else reason


def usage_of(counts: Mapping[str, Any], before: Usage | None = None) -> Usage:
    """A `usage` object as a snapshot; the generation time of the snapshot before is kept."""
    read = as_object(counts.get("prompt_tokens_details"))
    wrote = as_object(counts.get("completion_tokens_details"))
    return Usage(
        input=as_count(counts.get("prompt_tokens")),
        output=as_count(counts.get("completion_tokens")),
        cache_read=as_count(read.get("cached_tokens", counts.get("prompt_cache_hit_tokens"))),
        cache_write=as_count(read.get("cache_write_tokens")),
        reasoning=as_count(wrote.get("reasoning_tokens")),
        generation_s=before.generation_s if before else None,
    )


def _choice(chunk: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = chunk.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict):
            return choice
    return {}


def _text(block: object) -> str:
    """The text of a block of content: plain, an object, or a list of such."""
    if isinstance(block, list):
        return "".join(map(_text, block))
    return as_text(block) or as_text(as_object(block).get("text"))
