"""What a conversation is made of: messages, and the parts of a message."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from llmtui.core.text import well_formed

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"


class Role(StrEnum):
    """Who speaks."""

    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class Opaque:
    """Vendor data that only its own model understands: a signature, encrypted reasoning.

    Adapters send it back to the same provider and model and drop it otherwise, so that a conversation
    can change its model at any point.
    """

    provider: str
    model: str
    data: JSON = field(repr=False)

    def belongs_to(self, provider: str, model: str) -> bool:
        """Whether this provider and model issued the data."""
        return (self.provider, self.model) == (provider, model)


@dataclass(frozen=True, slots=True)
class TextPart:
    """Text that a person or a model wrote."""

    text: str


@dataclass(frozen=True, slots=True)
class ImagePart:
    """An image as raw bytes; each wire encodes it its own way."""

    data: bytes = field(repr=False)
    media_type: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class FilePart:
    """A document as raw bytes."""

    data: bytes = field(repr=False)
    media_type: str
    name: str


@dataclass(frozen=True, slots=True)
class ReasoningPart:
    """What a model thought before it answered; `opaque` proves to the vendor that it was not edited."""

    text: str
    opaque: Opaque | None = None


@dataclass(frozen=True, slots=True)
class ToolCallPart:
    """A model's request to run a tool; `arguments` is the JSON text as the model wrote it."""

    id: str
    name: str
    arguments: str

    def parsed(self) -> dict[str, JSON] | None:
        """The arguments as an object, or None when the model wrote something else."""
        try:
            value = json.loads(self.arguments or "{}")
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None


@dataclass(frozen=True, slots=True)
class ToolResultPart:
    """What a tool returned for the call with this id."""

    call_id: str
    name: str
    content: str
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class OpaquePart:
    """A block that we do not understand and must give back where it stood."""

    opaque: Opaque


Part: TypeAlias = TextPart | ImagePart | FilePart | ReasoningPart | ToolCallPart | ToolResultPart | OpaquePart


@dataclass(frozen=True, slots=True)
class Message:
    """One turn as it goes on a wire."""

    role: Role
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The text parts, joined."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))

    @property
    def reasoning(self) -> str:
        """The reasoning parts, joined."""
        return "".join(part.text for part in self.parts if isinstance(part, ReasoningPart))

    @property
    def tool_calls(self) -> tuple[ToolCallPart, ...]:
        """The tools that this message asks for."""
        return tuple(part for part in self.parts if isinstance(part, ToolCallPart))


def user(text: str) -> Message:
    """A user's message of plain text."""
    return Message(Role.USER, (TextPart(well_formed(text)),))


def assistant(text: str) -> Message:
    """An assistant's message of plain text."""
    return Message(Role.ASSISTANT, (TextPart(well_formed(text)),))


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    """A tool that a model may call; `parameters` is a JSON schema and reaches the wire unchanged."""

    name: str
    description: str
    parameters: Mapping[str, JSON]
