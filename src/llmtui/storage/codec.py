"""Core values as columns, and back."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from llmtui.core.conversation import (
    FilePart,
    ImagePart,
    Opaque,
    OpaquePart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

Row: TypeAlias = Mapping[str, Any]
PartColumns: TypeAlias = tuple[str, str | None, str | None, bytes | None]
"""Kind, text, the rest as JSON, and raw bytes."""


def time_text(time: datetime | None) -> str | None:
    """A time in UTC, of one width, so that order and SQLite's date functions work on it."""
    return None if time is None else time.astimezone(UTC).isoformat(timespec="microseconds")


def time_value(text: str) -> datetime:
    """The time that `time_text` wrote."""
    return datetime.fromisoformat(text)


def optional_time(text: str | None) -> datetime | None:
    """The time, or None."""
    return None if text is None else time_value(text)


def encode(part: Part) -> PartColumns:
    """A part as columns; bytes stay bytes."""
    match part:
        case TextPart(text):
            return "text", text, None, None
        case ReasoningPart(text, opaque):
            return "reasoning", text, _json(_opaque_fields(opaque)) if opaque else None, None
        case ImagePart(data, media_type, name):
            return "image", None, _json({"media_type": media_type, "name": name}), data
        case FilePart(data, media_type, name):
            return "file", None, _json({"media_type": media_type, "name": name}), data
        case ToolCallPart(call_id, name, arguments):
            return "tool_call", arguments, _json({"id": call_id, "name": name}), None
        case ToolResultPart(call_id, name, content, is_error):
            return (
                "tool_result",
                content,
                _json({"call_id": call_id, "name": name, "is_error": is_error}),
                None,
            )
        case OpaquePart(opaque):
            return "opaque", None, _json(_opaque_fields(opaque)), None


def decode(row: Row) -> Part:
    """The part that `encode` made the columns from; raises ValueError for a kind that nobody knows."""
    decoder = _DECODERS.get(row["kind"])
    if decoder is None:
        raise ValueError(f"unknown kind of part: {row['kind']}")
    return decoder(row["text"], json.loads(row["meta"]) if row["meta"] else {}, row["data"])


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))


def _opaque_fields(opaque: Opaque) -> dict[str, Any]:
    return {"provider": opaque.provider, "model": opaque.model, "data": opaque.data}


_DECODERS: dict[str, Callable[[Any, dict[str, Any], Any], Part]] = {
    "text": lambda text, meta, data: TextPart(text),
    "reasoning": lambda text, meta, data: ReasoningPart(text, Opaque(**meta) if meta else None),
    "image": lambda text, meta, data: ImagePart(data, **meta),
    "file": lambda text, meta, data: FilePart(data, **meta),
    "tool_call": lambda text, meta, data: ToolCallPart(arguments=text, **meta),
    "tool_result": lambda text, meta, data: ToolResultPart(content=text, **meta),
    "opaque": lambda text, meta, data: OpaquePart(Opaque(**meta)),
}
