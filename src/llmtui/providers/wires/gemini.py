"""The request half of Gemini's API, pure: a request becomes the body of `streamGenerateContent`.

Source: https://ai.google.dev/api/generate-content
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import quote

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
from llmtui.core.untrusted import as_object, as_text
from llmtui.providers.wires.gemini_thinking import checks_signatures, thinking_config
from llmtui.providers.wires.text_files import is_text, text_of
from llmtui.providers.wires.turns import ToolForms, arguments_of, turns_of

WirePart: TypeAlias = dict[str, Any]
Turn: TypeAlias = tuple[str, list[WirePart]]

SIGNATURE, CALL, PART = "thoughtSignature", "call", "part"
"""The keys of the data that `gemini_stream` keeps: of which call the signature is, or a whole part."""
UNSIGNED = "skip_thought_signature_validator"
"""What the vendor takes for the signature of a call that another model made.

https://ai.google.dev/gemini-api/docs/thought-signatures
"""
# Vendor parameters that stand beside `generationConfig`, not in it.
TOP_LEVEL = ("safetySettings", "toolConfig", "cachedContent", "serviceTier", "labels", "store")
# https://ai.google.dev/gemini-api/docs/image-understanding; a GIF is a 400.
_IMAGES = frozenset(f"image/{kind}" for kind in ("png", "jpeg", "webp", "heic", "heif"))
_MEDIA = re.compile(r"application/pdf$|audio/|video/")


@dataclass(frozen=True, slots=True)
class Encoding:
    """How one provider wants its requests written."""

    provider: str
    include_thoughts: bool = True
    thinks: bool | None = None
    """What the server's list says of the model."""
    generation_config: Mapping[str, Any] = field(default_factory=dict)
    extra_body: Mapping[str, Any] = field(default_factory=dict)


def model_path(model: str) -> str:
    """A model's place under the API's root; `models/` before its name may be there or not."""
    return quote(model if model.startswith(("models/", "tunedModels/")) else f"models/{model}", safe="/")


def request_body(request: ChatRequest, encoding: Encoding) -> tuple[dict[str, Any], list[Warning]]:
    """The body of a request, and what could not be sent as asked."""
    model = (request.model or "").removeprefix("models/")
    thinking, warnings = thinking_config(
        model, request.reasoning_effort, thoughts=encoding.include_thoughts, thinks=encoding.thinks
    )
    own = dict(request.options)
    top = {name: own.pop(name) for name in TOP_LEVEL if name in own}
    config = {
        "temperature": request.temperature,
        "maxOutputTokens": request.max_tokens,
        "thinkingConfig": thinking or None,
        **encoding.generation_config,
        **own,
    }
    tools = [_declaration(tool) for tool in request.tools]
    turns = _Turns(encoding.provider, request.model or "", warnings).of(request.messages)
    body: dict[str, Any] = {
        "contents": [{"role": role, "parts": parts} for role, parts in turns],
        "systemInstruction": {"parts": [{"text": request.system}]} if request.system else None,
        "tools": [{"functionDeclarations": tools}] if tools else None,
        "generationConfig": {name: value for name, value in config.items() if value is not None} or None,
        **encoding.extra_body,
        **top,
    }
    return {name: value for name, value in body.items() if value is not None}, warnings


def _declaration(tool: ToolDefinition) -> WirePart:
    declaration: WirePart = {"name": tool.name, "description": tool.description}
    if tool.parameters:
        # `parameters` takes only a part of OpenAPI's schema: no `$ref`, `$defs` or `additionalProperties`.
        declaration["parametersJsonSchema"] = dict(tool.parameters)
    return declaration


class _Turns:
    """Makes turns that alternate between user and model, each call with its result."""

    def __init__(self, provider: str, model: str, warnings: list[Warning]) -> None:
        self._provider = provider
        self._model = model
        self._warnings = warnings
        self._needs_signatures = checks_signatures(model.removeprefix("models/"))

    def of(self, messages: Sequence[Message]) -> list[Turn]:
        """The turns of a conversation; those of which nothing is left are left out."""
        written = ((_wire_role(message), self._parts(message)) for message in messages)
        return turns_of(written, _TOOLS, self._warnings)

    def _parts(self, message: Message) -> list[WirePart]:
        signatures = dict(self._signatures(message))
        first = next((call.id for call in message.tool_calls), None)
        if self._needs_signatures and first is not None:
            # Of calls made together only the first is signed.
            signatures.setdefault(first, UNSIGNED)
        return [found for part in message.parts if (found := self._part(part, signatures))]

    def _signatures(self, message: Message) -> Iterator[tuple[str, str]]:
        for part in message.parts:
            if isinstance(part, OpaquePart) and (call := as_text((own := self._own(part.opaque)).get(CALL))):
                yield call, as_text(own.get(SIGNATURE))

    def _part(self, part: Part, signatures: Mapping[str, str]) -> WirePart | None:
        match part:
            case TextPart(text):
                return {"text": text} if text else None
            case ImagePart(data=data, media_type=media_type, name=name):
                return self._inline(data, media_type, name, readable=media_type in _IMAGES)
            case FilePart(data=data, media_type=media_type, name=name):
                if is_text(part):
                    return {"text": text_of(part)}
                return self._inline(data, media_type, name, readable=bool(_MEDIA.match(media_type)))
            case ToolCallPart(id=call_id, name=name):
                called = {"id": call_id, "name": name, "args": arguments_of(part)}
                return {"functionCall": called} | _signed(signatures.get(call_id, ""))
            case ToolResultPart():
                return _result(part)
            case ReasoningPart(text=text, opaque=opaque):
                return {"text": text, "thought": True} | own if (own := self._own(opaque)) else None
            case OpaquePart(opaque):
                return self._kept(self._own(opaque))

    def _kept(self, own: WirePart) -> WirePart | None:
        """A part as it came, or the signature of a text, which streams send behind it with an empty one."""
        if CALL in own:
            return None
        return as_object(own.get(PART)) or ({"text": ""} | own if SIGNATURE in own else None)

    def _own(self, opaque: Opaque | None) -> WirePart:
        """The data that this model issued; another model's would be refused."""
        if opaque is None or not opaque.belongs_to(self._provider, self._model):
            return {}
        # The same id may have stood for this vendor's other wire.
        data = as_object(opaque.data)
        return data if data.keys() & {SIGNATURE, PART} else {}

    def _inline(self, data: bytes, media_type: str, name: str, *, readable: bool) -> WirePart | None:
        if readable:
            return {"inlineData": {"mimeType": media_type, "data": b64encode(data).decode()}}
        sent = f"'{name}' was" if name else "one was"
        words = f"Gemini reads nothing of type {media_type}: {sent} not sent"
        self._warnings.append(Warning("dropped_attachment", words))
        return None


def _wire_role(message: Message) -> str:
    return "model" if message.role is Role.ASSISTANT else "user"


def _signed(signature: str) -> WirePart:
    return {SIGNATURE: signature} if signature else {}


def _result(part: ToolResultPart) -> WirePart:
    said = {"error" if part.is_error else "output": part.content}
    return {"functionResponse": {"id": part.call_id, "name": part.name, "response": said}}


def _called(part: WirePart) -> tuple[str, str] | None:
    return (call["id"], call["name"]) if (call := part.get("functionCall")) else None


def _answered(part: WirePart) -> str | None:
    return response["id"] if (response := part.get("functionResponse")) else None


_TOOLS = ToolForms(_called, _answered, _result)
