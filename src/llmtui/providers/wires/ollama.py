"""Ollama's native wire: from a request to the body of `/api/chat`, and from its lines to events.

Source: https://github.com/ollama/ollama/blob/main/docs/api.md
"""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import (
    FilePart,
    ImagePart,
    Message,
    Opaque,
    ReasoningPart,
    Role,
    TextPart,
    ToolDefinition,
    ToolResultPart,
)
from llmtui.core.events import (
    Finish,
    FinishReason,
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
from llmtui.core.models import Effort
from llmtui.core.untrusted import as_count, as_object, as_objects, as_text
from llmtui.core.usage import Usage
from llmtui.providers.wires.efforts import nearest
from llmtui.providers.wires.text_files import is_text, text_of
from llmtui.providers.wires.tool_calls import new_call_id

NANOSECONDS = 10**9
Think = bool | str
EFFORTS: Mapping[Effort, Think] = {
    "off": False,
    "low": "low",
    "medium": "medium",
    "high": "high",
    "max": "max",
}
# It ignores a plain yes or no: https://github.com/ollama/ollama/blob/main/docs/capabilities/thinking.mdx
_LEVELS_ONLY = ("gpt-oss",)
# Vendor parameters that stand beside the model's `options`, not in them.
TOP_LEVEL = ("format", "think", "keep_alive", "logprobs", "top_logprobs")
FINISH_REASONS = {"stop": FinishReason.STOP, "": FinishReason.STOP, "length": FinishReason.LENGTH}


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What a request says besides the conversation."""

    num_ctx: int | None
    think: Think | None = None
    keep_alive: str | int = "5m"


def request_body(request: ChatRequest, provider: str, load: LoadOptions) -> dict[str, Any]:
    """The body of a streaming request. `truncate` is off: what does not fit is an error, not lost."""
    own = dict(request.options)
    top = {name: own.pop(name) for name in TOP_LEVEL if name in own}
    options = {
        "num_ctx": load.num_ctx,
        "temperature": request.temperature,
        "num_predict": request.max_tokens,
        **own,
    }
    body: dict[str, Any] = {
        "model": request.model,
        "messages": list(_messages(request, provider)),
        "stream": True,
        "truncate": False,
        "options": {name: value for name, value in options.items() if value is not None},
        "keep_alive": load.keep_alive,
        "think": load.think,
        "tools": [_tool(tool) for tool in request.tools] or None,
        **top,
    }
    return {name: value for name, value in body.items() if value is not None}


def think_of(
    model: str, effort: Effort | None, default: Think | None, *, can: bool
) -> tuple[Think | None, list[Warning]]:
    """The `think` for a model, and what was lost; one that cannot refuses the field."""
    if effort is None:
        return default if can else None, []
    known = EFFORTS if can else {}
    if can and any(name in model for name in _LEVELS_ONLY):
        known = {level: EFFORTS[level] for level in ("low", "medium", "high")}
    return nearest(effort, known, model)


def sent_text(body: Mapping[str, Any]) -> str:
    """All text of a body that the model reads, to estimate its tokens."""
    texts = [str(message.get("content") or "") for message in body["messages"]]
    return "\n".join([*texts, json.dumps(body["tools"]) if body.get("tools") else ""])


def _messages(request: ChatRequest, provider: str) -> Iterator[dict[str, Any]]:
    if request.system:
        yield {"role": "system", "content": request.system}
    for message in request.messages:
        if message.role is Role.ASSISTANT:
            yield from _assistant(message, provider, request.model or "")
        else:
            yield from _results(message)
            yield from _user(message)


def _user(message: Message) -> Iterator[dict[str, Any]]:
    texts = [text for part in message.parts if (text := _readable(part))]
    images = [part.data for part in message.parts if isinstance(part, ImagePart)]
    if texts or images or message.role is Role.USER:
        encoded = [base64.b64encode(data).decode() for data in images]
        yield {"role": "user", "content": "".join(texts)} | ({"images": encoded} if encoded else {})


def _readable(part: object) -> str:
    """Text, or the text of a file; the wire knows no documents."""
    if isinstance(part, TextPart):
        return part.text
    if isinstance(part, FilePart) and is_text(part):
        return text_of(part)
    return ""


def _results(message: Message) -> Iterator[dict[str, Any]]:
    for part in message.parts:
        if isinstance(part, ToolResultPart):
            named = {"tool_name": part.name, "tool_call_id": part.call_id}
            yield {"role": "tool", "content": part.content, **named}


def _assistant(message: Message, provider: str, model: str) -> Iterator[dict[str, Any]]:
    calls = [
        {"id": call.id, "function": {"name": call.name, "arguments": call.parsed() or {}}}
        for call in message.tool_calls
    ]
    if calls:
        thought = _thought(message, provider, model)
        thinking = {"thinking": thought} if thought else {}
        yield {"role": "assistant", "content": message.text, "tool_calls": calls, **thinking}
    elif message.text:
        yield {"role": "assistant", "content": message.text}


def _thought(message: Message, provider: str, model: str) -> str:
    """Reasoning that led to a tool call goes back to the model that had it."""
    return "".join(
        part.text
        for part in message.parts
        if isinstance(part, ReasoningPart) and part.opaque and part.opaque.belongs_to(provider, model)
    )


def _tool(tool: ToolDefinition) -> Mapping[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


class OllamaDecoder:
    """Feed it every line's object; nothing follows the one with `done`."""

    def __init__(self, provider: str, model: str) -> None:
        self._provider = provider
        self._model = model
        self._started = False
        self._thinking = False
        self._calls: set[str] = set()

    def decode(self, chunk: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """The events of one object."""
        yield from self._start(chunk)
        message = as_object(chunk.get("message"))
        if thought := as_text(message.get("thinking")):
            self._thinking = True
            yield ReasoningDelta(thought)
        if text := as_text(message.get("content")):
            yield from self._end_thinking()
            yield TextDelta(text)
        for call in as_objects(message.get("tool_calls")):
            yield from self._end_thinking()
            yield from self._call(call)
        if chunk.get("done"):
            yield from self._end_thinking()
            yield UsageUpdate(usage_of(chunk))
            yield self._finish(as_text(chunk.get("done_reason")))

    def _start(self, chunk: Mapping[str, Any]) -> Iterator[StreamEvent]:
        if self._started:
            return
        self._started = True
        yield Start(self._provider, as_text(chunk.get("model")) or self._model)
        if host := as_text(chunk.get("remote_host")):
            yield Warning("leaves_machine", f"this model runs at {host}")

    def _end_thinking(self) -> Iterator[StreamEvent]:
        thinking, self._thinking = self._thinking, False
        if thinking:
            yield ReasoningEnd(Opaque(self._provider, self._model, {"field": "thinking"}))

    def _call(self, call: Mapping[str, Any]) -> Iterator[StreamEvent]:
        function = as_object(call.get("function"))
        call_id, name = as_text(call.get("id")), as_text(function.get("name"))
        if not call_id or call_id in self._calls:
            call_id = new_call_id()
        self._calls.add(call_id)
        arguments = json.dumps(function.get("arguments") or {}, ensure_ascii=False)
        yield ToolCallStart(call_id, name)
        yield ToolCallDelta(call_id, arguments)
        yield ToolCallEnd(call_id, name, arguments)

    def _finish(self, reason: str) -> Finish:
        mapped = FINISH_REASONS.get(reason, FinishReason.OTHER)
        # The wire has no reason of its own for tool calls.
        calls = self._calls and mapped is FinishReason.STOP
        return Finish(FinishReason.TOOL_CALLS if calls else mapped, reason)


def usage_of(chunk: Mapping[str, Any]) -> Usage:
    """The counts of the last object; its durations are nanoseconds."""
    duration = chunk.get("eval_duration")
    return Usage(
        input=as_count(chunk.get("prompt_eval_count")),
        output=as_count(chunk.get("eval_count")),
        generation_s=duration / NANOSECONDS if isinstance(duration, int | float) else None,
    )
