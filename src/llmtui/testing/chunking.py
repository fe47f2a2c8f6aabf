"""Ways in which a network may cut the same bytes into pieces."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeAlias

Chunking: TypeAlias = Callable[[Sequence[bytes], bytes], list[bytes]]
"""From a wire's events, and what means nothing on that wire, to the pieces that are written."""


def whole(events: Sequence[bytes], blank: bytes) -> list[bytes]:
    """All in one piece."""
    return [b"".join(events)]


def per_event(events: Sequence[bytes], blank: bytes) -> list[bytes]:
    """Each event in its own piece."""
    return list(events)


def per_byte(events: Sequence[bytes], blank: bytes) -> list[bytes]:
    """Each byte in its own piece."""
    return [bytes([byte]) for byte in b"".join(events)]


def split_utf8(events: Sequence[bytes], blank: bytes) -> list[bytes]:
    """Cut inside every character of more than one byte."""
    data = b"".join(events)
    inside = [i for i, byte in enumerate(data) if byte & 0xC0 == 0x80]
    return [data[start:end] for start, end in pairwise([0, *inside, len(data)])]


def crlf(events: Sequence[bytes], blank: bytes) -> list[bytes]:
    """Lines end in CR LF, and pieces end between the two."""
    data = b"".join(events).replace(b"\n", b"\r\n")
    return [piece for piece in data.replace(b"\r\n", b"\r\0\n").split(b"\0") if piece]


def with_blanks(events: Sequence[bytes], blank: bytes) -> list[bytes]:
    """Keep-alives before each event."""
    return [piece for event in events for piece in (blank, event)]


CHUNKINGS: dict[str, Chunking] = {
    "whole": whole,
    "per-event": per_event,
    "per-byte": per_byte,
    "split-utf8": split_utf8,
    "crlf": crlf,
    "keep-alives": with_blanks,
}
