"""GGUF files without a model."""

import struct
from collections.abc import Iterable


def gguf_bytes(values: Iterable[tuple[str, object]]) -> bytes:
    """The head of a GGUF file with these keys."""
    entries = [_string(key) + _value(value) for key, value in values]
    return struct.pack("<4sIQQ", b"GGUF", 3, 0, len(entries)) + b"".join(entries)


def _string(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _value(value: object) -> bytes:
    match value:
        case bool():
            return struct.pack("<I?", 7, value)
        case int():
            return struct.pack("<II", 4, value)
        case float():
            return struct.pack("<If", 6, value)
        case [str(), *_]:
            return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(_string(str(text)) for text in value)
        case [*numbers]:
            return struct.pack(f"<IIQ{len(numbers)}I", 9, 4, len(numbers), *numbers)
        case _:
            return struct.pack("<I", 8) + _string(str(value))
