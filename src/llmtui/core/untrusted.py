"""JSON from outside, which may have any shape: what is not what it should be counts as not there."""

import json
from typing import Any

LARGEST_COUNT = (1 << 53) - 1


def parsed(text: str | bytes) -> Any:
    """The value of a JSON text; raises ValueError, also when it is nested too deeply to be read."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def as_object(value: object) -> dict[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def as_objects(value: object) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def as_text(value: object) -> str:
    """The text, or an empty one."""
    return value if isinstance(value, str) else ""


def as_count(value: object) -> int | None:
    """The number of something, or None; what no database and no float holds is no number of anything."""
    return value if type(value) is int and 0 <= value <= LARGEST_COUNT else None
