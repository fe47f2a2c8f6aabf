"""The chat_completions wire, from a request to its JSON body.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import (
    FilePart,
    ImagePart,
    Message,
    Opaque,
    OpaquePart,
    Part,
    ReasoningPart,
    Role,
    TextPart,
    ToolCallPart,
    ToolDefinition,
    ToolResultPart,
)
from llmtui.core.events import Warning
from llmtui.core.models import Effort
from llmtui.providers.wires.data_uri import data_uri
from llmtui.providers.wires.openai_thinking import VALUES, sampling
from llmtui.providers.wires.reasoning_details import DETAILS

MaxTokensField = Literal["max_tokens", "max_completion_tokens"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """What vendors of this wire differ in."""

    stream_options: bool = True
    """Whether the server takes `stream_options`; Mistral answers 422."""
    max_tokens_field: MaxTokensField = "max_tokens"
    short_tool_ids: bool = False
    """Whether ids of tool calls must be nine letters and digits; Mistral's must."""
    tool_turn_reasoning: str | None = None
    """The field that a message with tool calls must have, empty without reasoning of this model; DeepSeek
    refuses a conversation that another model began otherwise."""
    efforts: tuple[Effort, ...] | None = None
    """How much a model may be asked to think; None is what most servers take."""


def request_body(
    request: ChatRequest, provider: str, dialect: Dialect
) -> tuple[dict[str, Any], tuple[Warning, ...]]:
    """The body of a streaming request, vendor parameters not merged in, and what it lost."""
    efforts = None if dialect.efforts is None else {level: VALUES[level] for level in dialect.efforts}
    sampled = sampling(request.model or "", request.reasoning_effort, request.temperature, efforts)
    body: dict[str, Any] = {
        "model": request.model,
        "messages": _messages(request, provider, dialect),
        "stream": True,
        "stream_options": {"include_usage": True} if dialect.stream_options else None,
        "temperature": sampled.temperature,
        dialect.max_tokens_field: request.max_tokens,
        "reasoning_effort": sampled.effort,
        "tools": [_tool(tool) for tool in request.tools] or None,
    }
    return {name: value for name, value in body.items() if value is not None}, sampled.warnings


def _messages(request: ChatRequest, provider: str, dialect: Dialect) -> list[dict[str, Any]]:
    messages = [{"role": "system", "content": request.system}] if request.system else []
    for message in request.messages:
        if message.role is Role.ASSISTANT:
            messages += _assistant(message, provider, request.model or "", dialect)
        else:
            messages += _results(message, dialect)
            messages += _user(message)
    return messages


def _user(message: Message) -> Iterator[dict[str, Any]]:
    content = [block for part in message.parts if (block := _block(part)) is not None]
    if all(block["type"] == "text" for block in content):
        if message.text or message.role is Role.USER:
            yield {"role": "user", "content": "".join(block["text"] for block in content)}
    else:
        yield {"role": "user", "content": content}


def _block(part: Part) -> dict[str, Any] | None:
    match part:
        case TextPart(text):
            return {"type": "text", "text": text}
        case ImagePart(data=data, media_type=media_type):
            return {"type": "image_url", "image_url": {"url": data_uri(data, media_type)}}
        case FilePart(data=data, media_type=media_type, name=name):
            return {"type": "file", "file": {"filename": name, "file_data": data_uri(data, media_type)}}
    return None


def _results(message: Message, dialect: Dialect) -> Iterator[dict[str, Any]]:
    for part in message.parts:
        if isinstance(part, ToolResultPart):
            call_id = _tool_id(part.call_id, dialect)
            yield {"role": "tool", "tool_call_id": call_id, "content": part.content}


def _assistant(message: Message, provider: str, model: str, dialect: Dialect) -> Iterator[dict[str, Any]]:
    calls = [_call(call, dialect) for call in message.tool_calls]
    if calls:
        required = {dialect.tool_turn_reasoning: ""} if dialect.tool_turn_reasoning else {}
        replayed = required | _replayed(message, provider, model)
        yield {"role": "assistant", "content": message.text or None, "tool_calls": calls} | replayed
    elif message.text:
        yield {"role": "assistant", "content": message.text}


def _replayed(message: Message, provider: str, model: str) -> dict[str, Any]:
    """Reasoning in the field that it came in: DeepSeek refuses a tool turn without it.

    Where there are `reasoning_details` they stand for all of it.
    """
    fields: dict[str, Any] = {}
    for part in message.parts:
        match part:
            case ReasoningPart(text=text, opaque=Opaque(data={"field": str(field)}) as opaque):
                if opaque.belongs_to(provider, model):
                    fields[field] = fields.get(field, "") + text
            case OpaquePart(Opaque(data={"reasoning_details": list(details)}) as opaque):
                if opaque.belongs_to(provider, model):
                    return {DETAILS: details}
    return fields


def _call(call: ToolCallPart, dialect: Dialect) -> dict[str, Any]:
    return {
        "id": _tool_id(call.id, dialect),
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments or "{}"},
    }


def _tool_id(call_id: str, dialect: Dialect) -> str:
    if not dialect.short_tool_ids or (len(call_id) == 9 and call_id.isascii() and call_id.isalnum()):
        return call_id
    return sha256(call_id.encode()).hexdigest()[:9]


def _tool(tool: ToolDefinition) -> Mapping[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}
