"""The request half of OpenAI's Responses API, pure: a request becomes a body.

Nothing is kept at the vendor: every request holds the whole conversation, with the reasoning encrypted.
Source: https://platform.openai.com/docs/api-reference/responses/create
"""

from collections.abc import Iterator, Mapping, Sequence
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
from llmtui.providers.wires.data_uri import data_uri
from llmtui.providers.wires.openai_thinking import sampling, thinking_of
from llmtui.providers.wires.turns import UNANSWERED

Item: TypeAlias = dict[str, JSON]
ENCRYPTED = "reasoning.encrypted_content"


@dataclass(frozen=True, slots=True)
class Encoding:
    """How one provider wants its requests written."""

    provider: str
    summary: bool = True
    """Whether to ask for summaries of the reasoning."""
    extra_body: Mapping[str, JSON] = field(default_factory=dict)


def encode(request: ChatRequest, encoding: Encoding) -> tuple[Item, list[Warning]]:
    """The request's body, and what could not be sent as asked."""
    model = request.model or ""
    sampled = sampling(model, request.reasoning_effort, request.temperature)
    warnings = list(sampled.warnings)
    thinking = thinking_of(model)
    items = _Items(encoding.provider, model, warnings).of(request.messages)
    reasoning: Item = {"effort": sampled.effort} if sampled.effort else {}
    if encoding.summary and thinking and thinking.efforts:
        reasoning["summary"] = "auto"
    # A model that is known not to think refuses to be asked for its thoughts.
    silent = thinking is not None and not thinking.efforts
    body: Item = {
        "model": model,
        "instructions": request.system or None,
        "input": list[JSON](items),
        "stream": True,
        "store": False,
        "include": None if silent else [ENCRYPTED],
        "reasoning": reasoning or None,
        "temperature": sampled.temperature,
        "max_output_tokens": request.max_tokens,
        "tools": [_tool(tool) for tool in request.tools] or None,
    }
    body = {name: value for name, value in body.items() if value is not None}
    return body | dict(encoding.extra_body), warnings


class _Items:
    """Makes a conversation's items, each call with its result: the vendor refuses one without the other."""

    def __init__(self, provider: str, model: str, warnings: list[Warning]) -> None:
        self._provider = provider
        self._model = model
        self._warnings = warnings

    def of(self, messages: Sequence[Message]) -> list[Item]:
        """The items of a conversation, in order."""
        parts = [part for message in messages for part in message.parts]
        calls = {part.id for part in parts if isinstance(part, ToolCallPart)}
        answered = {part.call_id for part in parts if isinstance(part, ToolResultPart)}
        if stray := answered - calls:
            words = f"the results of {len(stray)} tool calls that are no longer in the conversation"
            self._warnings.append(Warning("dropped_tool_result", words))
        items: list[Item] = []
        for message in messages:
            if message.role is Role.ASSISTANT:
                items += self._assistant(message, answered)
            else:
                items += _results(message, calls)
                items += self._person(message)
        return items

    def _person(self, message: Message) -> Iterator[Item]:
        content = [block for part in message.parts if (block := _block(part)) is not None]
        if content:
            yield _said("user", content)

    def _assistant(self, message: Message, answered: set[str]) -> Iterator[Item]:
        """The items of a reply; reasoning waits for what it led to, since alone it is refused."""
        waiting: list[Item] = []
        phase: Item = {}
        for part in message.parts:
            match part:
                case ReasoningPart(opaque=opaque) | OpaquePart(opaque):
                    own = self._own(opaque)
                    if "type" in own:
                        waiting.append(own)
                    elif "phase" in own:
                        phase = own
                case TextPart(text) if text:
                    yield from waiting
                    waiting = []
                    yield _said("assistant", [{"type": "output_text", "text": text}]) | phase
                case ToolCallPart(id=call_id, name=name, arguments=arguments):
                    yield from waiting
                    waiting = []
                    yield {
                        "type": "function_call",
                        "call_id": call_id,
                        "name": name,
                        "arguments": arguments or "{}",
                    }
                    if call_id not in answered:
                        yield _output(call_id, UNANSWERED)

    def _own(self, opaque: Opaque | None) -> Item:
        """The data that this model issued; another model's would be refused."""
        if opaque is None or not opaque.belongs_to(self._provider, self._model):
            return {}
        return dict(opaque.data) if isinstance(opaque.data, dict) else {}


def _said(role: str, content: list[Item]) -> Item:
    # llama.cpp knows no shorter form.
    return {"type": "message", "role": role, "content": list[JSON](content)}


def _block(part: Part) -> Item | None:
    match part:
        case TextPart(text):
            return {"type": "input_text", "text": text} if text else None
        case ImagePart(data=data, media_type=media_type):
            return {"type": "input_image", "detail": "auto", "image_url": data_uri(data, media_type)}
        case FilePart(data=data, media_type=media_type, name=name):
            return {"type": "input_file", "filename": name, "file_data": data_uri(data, media_type)}
    return None


def _results(message: Message, calls: set[str]) -> Iterator[Item]:
    for part in message.parts:
        if isinstance(part, ToolResultPart) and part.call_id in calls:
            yield _output(part.call_id, part.content)


def _output(call_id: str, content: str) -> Item:
    return {"type": "function_call_output", "call_id": call_id, "output": content}


def _tool(tool: ToolDefinition) -> Item:
    # Strict is the default here, and refuses most schemas.
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.parameters),
        "strict": False,
    }
