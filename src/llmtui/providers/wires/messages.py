"""The request half of Claude's Messages API, pure: a request becomes a body.

Source: https://platform.claude.com/docs/en/api/messages
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import (
    JSON,
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
from llmtui.providers.wires.claude_thinking import Thinking, asked_of
from llmtui.providers.wires.turns import ToolForms, arguments_of, turns_of

Block: TypeAlias = dict[str, JSON]
Turn: TypeAlias = tuple[str, list[Block]]

DEFAULT_MAX_TOKENS = 8192
# The last models that take a temperature; those after them answer it with a 400.
_TAKES_TEMPERATURE = re.compile(r"claude-(3-|(opus|sonnet|haiku)-4(-[0156])?(-\d{8})?$)")


@dataclass(frozen=True, slots=True)
class Encoding:
    """How one provider wants its requests written."""

    provider: str
    default_max_tokens: int = DEFAULT_MAX_TOKENS
    prompt_cache: bool = True
    thinking: Thinking = None
    """Where the request names no effort."""
    extra_body: Mapping[str, JSON] = field(default_factory=dict)


def takes_temperature(model: str) -> bool | None:
    """Whether a Claude model accepts a temperature; None for another vendor's model."""
    return _TAKES_TEMPERATURE.match(model) is not None if model.startswith("claude-") else None


def encode(request: ChatRequest, encoding: Encoding) -> tuple[Block, list[Warning]]:
    """The request's body, and what could not be sent as asked."""
    asked, warnings = asked_of(request.model or "", request.reasoning_effort, encoding.thinking)
    system: list[Block] = []
    if request.system and request.system.strip():
        system.append({"type": "text", "text": request.system})
    tools = [_tool(tool) for tool in request.tools]
    turns = _Turns(encoding.provider, request.model or "", warnings).of(request.messages)
    if encoding.prompt_cache:
        mark_for_cache(tools, system, *[blocks for role, blocks in turns if role == "user"][-1:])
    body: Block = {
        "model": request.model or "",
        "max_tokens": request.max_tokens or _default_max_tokens(encoding, asked.thinking),
        "stream": True,
        "messages": [{"role": role, "content": list[JSON](blocks)} for role, blocks in turns],
    }
    if system:
        body["system"] = list[JSON](system)
    if tools:
        body["tools"] = list[JSON](tools)
    body |= _sampling(request, asked.thinking, body["max_tokens"], warnings)
    if asked.effort:
        body["output_config"] = {"effort": asked.effort}
    return body | dict(encoding.extra_body), warnings


def mark_for_cache(*groups: list[Block]) -> None:
    """Set breakpoints, at most one a group, up to which the vendor may reuse its work."""
    for blocks in groups:
        if blocks:
            blocks[-1]["cache_control"] = {"type": "ephemeral"}


def _default_max_tokens(encoding: Encoding, thinking: Thinking) -> int:
    if not isinstance(thinking, int):
        return encoding.default_max_tokens
    # A thinking budget counts against max_tokens: the answer keeps its room.
    return max(encoding.default_max_tokens, thinking + DEFAULT_MAX_TOKENS)


def _tool(tool: ToolDefinition) -> Block:
    block: Block = {"name": tool.name, "input_schema": dict(tool.parameters) or {"type": "object"}}
    return block | ({"description": tool.description} if tool.description else {})


def _sampling(request: ChatRequest, thinking: Thinking, max_tokens: JSON, warnings: list[Warning]) -> Block:
    """The thinking and temperature that this model takes; a refused request would be worse than a warning."""
    if isinstance(thinking, int) and isinstance(max_tokens, int) and thinking >= max_tokens:
        warnings.append(_dropped(f"thinking: its budget of {thinking} does not fit max_tokens {max_tokens}"))
        thinking = None
    fields: Block = {}
    match thinking:
        case "off":
            fields["thinking"] = {"type": "disabled"}
        case "between_tools":
            # What comes nearest to none: this model refuses to be told to stop.
            fields["thinking"] = {"type": "between_tools"}
        case "adaptive":
            # Without `display` the newer models send signatures without any text.
            fields["thinking"] = {"type": "adaptive", "display": "summarized"}
        case int():
            fields["thinking"] = {"type": "enabled", "budget_tokens": thinking, "display": "summarized"}
    if request.temperature is None:
        return fields
    if thinking not in (None, "off"):
        warnings.append(_dropped("temperature: Claude does not take it together with thinking"))
    elif takes_temperature(request.model or "") is False:
        warnings.append(_dropped(f"temperature: {request.model} does not take it"))
    else:
        fields["temperature"] = request.temperature
    return fields


def _dropped(message: str) -> Warning:
    return Warning("dropped_parameter", message)


class _Turns:
    """Makes turns that alternate between user and assistant, each call with its result."""

    def __init__(self, provider: str, model: str, warnings: list[Warning]) -> None:
        self._provider = provider
        self._model = model
        self._warnings = warnings

    def of(self, messages: Sequence[Message]) -> list[Turn]:
        """The turns of a conversation; those of which nothing is left are left out."""
        written = ((_wire_role(message), self._blocks(message)) for message in messages)
        turns = turns_of(written, _TOOLS, self._warnings)
        if turns and turns[-1][0] == "assistant" and (last := turns[-1][1][-1])["type"] == "text":
            last["text"] = str(last["text"]).rstrip()
        return turns

    def _blocks(self, message: Message) -> list[Block]:
        return [block for part in message.parts if (block := self._block(part))]

    def _block(self, part: Part) -> Block | None:
        match part:
            case TextPart(text):
                return {"type": "text", "text": text} if text.strip() else None
            case ImagePart(data=data, media_type=media_type):
                return {"type": "image", "source": _base64(data, media_type)}
            case FilePart():
                return self._document(part)
            case ToolCallPart(id=call_id, name=name):
                return {
                    "type": "tool_use",
                    "id": _wire_id(call_id),
                    "name": name,
                    "input": arguments_of(part),
                }
            case ToolResultPart():
                return _tool_result(part)
            case ReasoningPart(text=text, opaque=opaque):
                thinking: Block = {"thinking": text}
                return thinking | own if (own := self._own(opaque)) else None
            case OpaquePart(opaque):
                return self._own(opaque)

    def _own(self, opaque: Opaque | None) -> Block | None:
        """The data that this model issued; another model's would be refused."""
        if opaque is None or not opaque.belongs_to(self._provider, self._model):
            return None
        return dict(opaque.data) if isinstance(opaque.data, dict) else None

    def _document(self, part: FilePart) -> Block | None:
        block: Block = {"type": "document"}
        if part.name:
            block["title"] = part.name
        if part.media_type == "application/pdf":
            return block | {"source": _base64(part.data, part.media_type)}
        if part.media_type.startswith("text/") or part.media_type == "application/json":
            text = part.data.decode("utf-8", "replace")
            return block | {"source": {"type": "text", "media_type": "text/plain", "data": text}}
        words = f"{part.name}: Claude reads no documents of type {part.media_type}"
        self._warnings.append(Warning("dropped_attachment", words))
        return None


def _wire_role(message: Message) -> str:
    return "assistant" if message.role is Role.ASSISTANT else "user"


def _wire_id(call_id: str) -> str:
    # Other vendors' ids have characters that Claude refuses.
    return re.sub(r"[^a-zA-Z0-9_-]", "_", call_id) or "call"


def _tool_result(part: ToolResultPart) -> Block:
    block: Block = {"type": "tool_result", "tool_use_id": _wire_id(part.call_id)}
    if part.content.strip():
        block["content"] = part.content
    return block | ({"is_error": True} if part.is_error else {})


def _called(block: Block) -> tuple[str, str] | None:
    return (str(block["id"]), str(block["name"])) if block["type"] == "tool_use" else None


def _answered(block: Block) -> str | None:
    return str(block["tool_use_id"]) if block["type"] == "tool_result" else None


_TOOLS = ToolForms(_called, _answered, _tool_result)


def _base64(data: bytes, media_type: str) -> Block:
    return {"type": "base64", "media_type": media_type, "data": b64encode(data).decode("ascii")}
