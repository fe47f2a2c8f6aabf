"""The streaming half of OpenAI's Responses API, pure: raw events become core events.

Source: https://platform.openai.com/docs/api-reference/responses-streaming
"""

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
)
from llmtui.core.untrusted import as_count, as_object, as_text
from llmtui.core.usage import Usage
from llmtui.providers.wires.tool_calls import new_call_id, parse_error

Object = dict[str, JSON]
CUT_REASONS: Mapping[str, FinishReason] = {
    "max_output_tokens": FinishReason.LENGTH,
    "content_filter": FinishReason.CONTENT_FILTER,
}
"""Why a response is incomplete."""
REASONING_FIELDS = ("type", "id", "summary", "content", "encrypted_content")
"""What goes back of a reasoning; its other fields are refused in a request."""


def failure_in(event: Mapping[str, JSON]) -> object | None:
    """What an event reports instead of a piece of the reply; None when all is well."""
    match event.get("type"):
        case "error":
            return event
        case "response.failed":
            response = as_object(event.get("response"))
            return {"error": response.get("error") or {"message": "the server ended the reply: failed"}}
    return None


@dataclass(slots=True)
class _Call:
    """A tool call that has begun."""

    id: str
    name: str
    fragments: list[str] = field(default_factory=list)
    whole: bool = False

    def end(self) -> ToolCallEnd:
        arguments = "".join(self.fragments)
        return ToolCallEnd(self.id, self.name, arguments, parse_error(arguments))


class Decoder:
    """Turns the raw events of one stream into core events; what it does not know is kept or skipped.

    Failures are the caller's: `failure_in` finds them.
    """

    def __init__(self, provider: str, model: str, request_id: str | None = None) -> None:
        self._provider = provider
        self._model = model
        self._request_id = request_id
        self._started = False
        self._open: dict[int, _Call] = {}
        self._call_ids: set[str] = set()
        self._spoken = False
        self._refused = False

    def feed(self, event: Mapping[str, JSON]) -> Iterator[StreamEvent]:
        """The core events that one raw event means."""
        kind, index = as_text(event.get("type")), as_count(event.get("output_index")) or 0
        delta = as_text(event.get("delta"))
        match kind:
            case "response.created":
                yield from self._start(as_object(event.get("response")))
            case "response.output_item.added":
                yield from self._start({})
                yield from self._begin(index, as_object(event.get("item")))
            case "response.output_text.delta" | "response.refusal.delta":
                self._spoken = True
                self._refused = self._refused or kind == "response.refusal.delta"
                yield from self._start({})
                yield TextDelta(delta)
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                yield from self._start({})
                yield ReasoningDelta(delta)
            case "response.reasoning_summary_part.added" if as_count(event.get("summary_index")):
                yield ReasoningDelta("\n\n")
            case "response.function_call_arguments.delta":
                if (call := self._open.get(index)) is not None and delta:
                    call.fragments.append(delta)
                    yield ToolCallDelta(call.id, delta)
            case "response.output_item.done":
                yield from self._start({})
                yield from self._end(index, as_object(event.get("item")))
            case "response.completed" | "response.incomplete":
                response = as_object(event.get("response"))
                yield from self._start(response)
                yield from self._finish(kind, response)

    def _start(self, response: Object) -> Iterator[StreamEvent]:
        if not self._started:
            self._started = True
            request_id = self._request_id or as_text(response.get("id")) or None
            yield Start(self._provider, as_text(response.get("model")) or self._model, request_id)

    def _begin(self, index: int, item: Object) -> Iterator[StreamEvent]:
        if item.get("type") == "message":
            if self._spoken:
                yield TextDelta("\n\n")
            if phase := as_text(item.get("phase")):
                # Newer models do worse when they do not get back which text was the answer.
                yield OpaqueBlock(Opaque(self._provider, self._model, {"phase": phase}))
        elif item.get("type") == "function_call":
            call_id = as_text(item.get("call_id"))
            if not call_id or call_id in self._call_ids:
                call_id = new_call_id()
            self._call_ids.add(call_id)
            call = self._open[index] = _Call(call_id, as_text(item.get("name")))
            yield ToolCallStart(call.id, call.name)

    def _end(self, index: int, item: Object) -> Iterator[StreamEvent]:
        match item.get("type"):
            case "message":
                pass
            case "reasoning":
                yield ReasoningEnd(self._encrypted(item))
            case "function_call":
                if index not in self._open:
                    yield from self._begin(index, item)
                yield from self._complete(self._open[index], as_text(item.get("arguments")))
                yield from self._ended_calls()
            case str():
                yield OpaqueBlock(Opaque(self._provider, self._model, item))

    def _complete(self, call: _Call, arguments: str) -> Iterator[StreamEvent]:
        """A call is whole; a server that sent none of its arguments before sends them now."""
        call.whole = True
        if arguments and not call.fragments:
            call.fragments.append(arguments)
            yield ToolCallDelta(call.id, arguments)

    def _ended_calls(self, *, all_of_them: bool = False) -> Iterator[StreamEvent]:
        """The ends of calls in the order of the output: parallel ones may end in any."""
        while self._open and (self._open[first := min(self._open)].whole or all_of_them):
            yield self._open.pop(first).end()

    def _encrypted(self, item: Object) -> Opaque | None:
        """The reasoning as the vendor wants it back; without its encrypted form it would be refused."""
        if not item.get("encrypted_content"):
            return None
        kept = {name: item[name] for name in REASONING_FIELDS if item.get(name) is not None}
        return Opaque(self._provider, self._model, {"summary": []} | kept)

    def _finish(self, kind: str, response: Object) -> Iterator[StreamEvent]:
        yield from self._ended_calls(all_of_them=True)
        if counts := as_object(response.get("usage")):
            yield UsageUpdate(usage_of(counts))
        if kind == "response.incomplete":
            reason = as_text(as_object(response.get("incomplete_details")).get("reason"))
            yield Finish(CUT_REASONS.get(reason, FinishReason.OTHER), reason)
        elif self._refused:
            yield Finish(FinishReason.REFUSAL, "refusal")
        else:
            yield Finish(FinishReason.TOOL_CALLS if self._call_ids else FinishReason.STOP, "completed")


def usage_of(counts: Mapping[str, JSON]) -> Usage:
    """Token counts; this wire's include the cache and the reasoning already."""
    read = as_object(counts.get("input_tokens_details"))
    wrote = as_object(counts.get("output_tokens_details"))
    return Usage(
        input=as_count(counts.get("input_tokens")),
        output=as_count(counts.get("output_tokens")),
        cache_read=as_count(read.get("cached_tokens")),
        cache_write=as_count(read.get("cache_write_tokens")),
        reasoning=as_count(wrote.get("reasoning_tokens")),
    )
