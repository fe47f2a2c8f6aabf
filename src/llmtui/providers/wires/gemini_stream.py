"""The streaming half of Gemini's API, pure: each `GenerateContentResponse` becomes core events.

Source: https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from llmtui.core.conversation import JSON, Opaque
from llmtui.core.errors import ContentFiltered, ErrorContext
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
from llmtui.core.untrusted import as_count, as_object, as_objects, as_text
from llmtui.core.usage import Usage
from llmtui.providers.wires.gemini import CALL, PART, SIGNATURE
from llmtui.providers.wires.tool_calls import new_call_id

_FILTERED = (
    *("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR", "ESCALATION"),
    *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
)
FINISH_REASONS: Mapping[str, FinishReason] = {
    "STOP": FinishReason.STOP,
    "MAX_TOKENS": FinishReason.LENGTH,
    "CONTINUATION": FinishReason.LENGTH,
    # Not the vendor's: what some gateways and fakes make of a call.
    "FUNCTION_CALL": FinishReason.TOOL_CALLS,
    **dict.fromkeys(_FILTERED, FinishReason.CONTENT_FILTER),
}
_EXPLAINED: Mapping[str, str] = {
    "MALFORMED_FUNCTION_CALL": "the model called a tool in a way that cannot be read: ask again",
    "UNEXPECTED_TOOL_CALL": "the model called a tool that it was not told of: ask again",
    "TOO_MANY_TOOL_CALLS": "the model called too many tools without an answer",
    "MALFORMED_RESPONSE": "the model's answer was not well formed: ask again",
    "MISSING_THOUGHT_SIGNATURE": "a thought signature is missing in the conversation: start a new chat",
    "LANGUAGE": "the model does not know the language of this answer",
    "RECITATION": "the answer came too close to a source that it would have repeated",
    "PUP_LIMITED_DISABLED": "Google has limited this account for breaking its rules of use",
}
PROMPT_BLOCKED = "rephrase, or loosen safetySettings in options.extra_body, or pick another model"


class GeminiDecoder:
    """Feed it every object of a stream, then `end` it; raises ContentFiltered for a prompt that was refused.

    A reason to finish may come before the last object: only the end of the stream tells that nothing follows.
    """

    def __init__(self, provider: str, model: str, request_id: str | None = None) -> None:
        self._provider = provider
        self._model = model
        self._request_id = request_id
        self._started = False
        self._thought: list[str] = []
        self._calls: set[str] = set()
        self._usage: Usage | None = None
        self._reason = ""
        self._explanation = ""

    @property
    def complete(self) -> bool:
        """Whether the server has said why it stopped."""
        return bool(self._reason)

    def feed(self, chunk: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """The events of one object."""
        yield from self._start(chunk)
        for candidate in as_objects(chunk.get("candidates"))[:1]:
            for part in as_objects(as_object(candidate.get("content")).get("parts")):
                yield from self._part(part)
            self._reason = as_text(candidate.get("finishReason")) or self._reason
            self._explanation = as_text(candidate.get("finishMessage")) or self._explanation
        yield from self._take_usage(as_object(chunk.get("usageMetadata")))
        feedback = as_object(chunk.get("promptFeedback"))
        if reason := as_text(feedback.get("blockReason")):
            raise _blocked(reason, as_text(feedback.get("blockReasonMessage")))

    def end(self) -> Iterator[StreamEvent]:
        """The end of a complete reply."""
        yield from self._end_thought()
        reason = FINISH_REASONS.get(self._reason, FinishReason.OTHER)
        if words := self._explanation or _EXPLAINED.get(self._reason, ""):
            yield Warning("finish", words)
        # The wire has no reason of its own for tool calls.
        calls = self._calls and reason is FinishReason.STOP
        yield Finish(FinishReason.TOOL_CALLS if calls else reason, self._reason)

    def _start(self, chunk: Mapping[str, Any]) -> Iterator[StreamEvent]:
        # A server that sends anything else than a reply has not begun one.
        if not self._started and chunk.keys() & {"candidates", "promptFeedback", "usageMetadata"}:
            self._started = True
            model = as_text(chunk.get("modelVersion")).removeprefix("models/") or self._model
            yield Start(self._provider, model, self._request_id or as_text(chunk.get("responseId")) or None)

    def _part(self, part: Mapping[str, Any]) -> Iterator[StreamEvent]:
        signature = as_text(part.get(SIGNATURE))
        text = part.get("text")
        if part.get("thought") and isinstance(text, str):
            yield from self._think(text, signature)
            return
        yield from self._end_thought()
        if "functionCall" in part:
            yield from self._call(as_object(part["functionCall"]), signature)
        elif isinstance(text, str):
            if text:
                yield TextDelta(text)
            if signature:
                yield self._opaque({SIGNATURE: signature})
        elif part:
            yield from self._unknown(part)

    def _think(self, text: str, signature: str) -> Iterator[StreamEvent]:
        if text:
            self._thought.append(text)
            yield ReasoningDelta(text)
        if signature:
            yield from self._end_thought(signature)

    def _end_thought(self, signature: str = "") -> Iterator[StreamEvent]:
        if not self._thought and not signature:
            return
        text = "".join(self._thought)
        self._thought.clear()
        data: dict[str, JSON] = {SIGNATURE: signature}
        # The signature may cover the text as it came, and the guard may have made it harmless since.
        if sanitise(text) != text:
            data["text"] = text
        yield ReasoningEnd(Opaque(self._provider, self._model, data) if signature else None)

    def _call(self, call: Mapping[str, Any], signature: str) -> Iterator[StreamEvent]:
        call_id, name = as_text(call.get("id")), as_text(call.get("name"))
        if not call_id or call_id in self._calls:
            call_id = new_call_id()
        self._calls.add(call_id)
        if signature:
            yield self._opaque({CALL: call_id, SIGNATURE: signature})
        arguments = json.dumps(as_object(call.get("args")), ensure_ascii=False)
        yield ToolCallStart(call_id, name)
        yield ToolCallDelta(call_id, arguments)
        yield ToolCallEnd(call_id, name, arguments)

    def _unknown(self, part: Mapping[str, Any]) -> Iterator[StreamEvent]:
        if media_type := as_text(as_object(part.get("inlineData")).get("mimeType")):
            yield Warning("not_shown", f"the model sent {media_type}, which cannot be shown here")
        yield self._opaque({PART: dict(part)})

    def _opaque(self, data: dict[str, JSON]) -> OpaqueBlock:
        return OpaqueBlock(Opaque(self._provider, self._model, data))

    def _take_usage(self, counts: Mapping[str, Any]) -> Iterator[StreamEvent]:
        if counts and (usage := usage_of(counts)) != self._usage:
            self._usage = usage
            yield UsageUpdate(usage)


def usage_of(counts: Mapping[str, Any]) -> Usage:
    """Token counts with the thoughts included in the output, which this wire counts apart."""
    thoughts = as_count(counts.get("thoughtsTokenCount"))
    return Usage(
        input=_sum(as_count(counts.get("promptTokenCount")), as_count(counts.get("toolUsePromptTokenCount"))),
        output=_sum(as_count(counts.get("candidatesTokenCount")), thoughts),
        cache_read=as_count(counts.get("cachedContentTokenCount")),
        reasoning=thoughts,
    )


def _sum(*counts: int | None) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _blocked(reason: str, message: str) -> ContentFiltered:
    words = f"Gemini refused the prompt ({reason}){f': {message}' if message else ''}"
    return ContentFiltered(words, context=ErrorContext(code=reason.lower()), hint=PROMPT_BLOCKED)
