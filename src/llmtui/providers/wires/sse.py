"""Server-sent events from bytes.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

from collections.abc import Iterator
from dataclasses import dataclass

from llmtui.providers.wires.lines import LineSplitter

_BOM = b"\xef\xbb\xbf"
_NO_TEXT = (b"", b"id", b"retry")
LONGEST_OUTSIDE = 64 * 1024


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event; `name` is empty where the server gave none."""

    data: str
    name: str = ""


class SSEDecoder:
    """Feed it bytes in chunks of any size."""

    def __init__(self) -> None:
        self._lines = LineSplitter()
        self._first = True
        self._name = ""
        self._data: list[str] = []
        self._outside: list[bytes] = []
        self._room = LONGEST_OUTSIDE

    @property
    def outside(self) -> str:
        """The lines so far that are no field of an event; empty when they are too many.

        Google reports a failure in the middle of a stream as plain JSON on lines of its own.
        """
        return b"\n".join(self._outside).decode("utf-8", "replace") if self._room > 0 else ""

    def feed(self, chunk: bytes) -> Iterator[ServerSentEvent]:
        """The events that a chunk completes."""
        for line in self._lines.feed(chunk):
            if line := self._without_bom(line):
                self._field(line)
            else:
                yield from self._event()

    def flush(self) -> Iterator[ServerSentEvent]:
        """The event that lacks its blank line at the end of the stream.

        The standard drops it; some servers end their last event so. Who reads it must expect it to be cut.
        """
        if rest := self._lines.flush():
            self._field(rest)
        yield from self._event()

    def _without_bom(self, line: bytes) -> bytes:
        first, self._first = self._first, False
        return line.removeprefix(_BOM) if first else line

    def _field(self, line: bytes) -> None:
        field, _, value = line.partition(b":")
        text = value.removeprefix(b" ").decode("utf-8", "replace")
        if field == b"data":
            self._data.append(text)
        elif field == b"event":
            self._name = text
        elif field not in _NO_TEXT and self._room > 0:
            self._room -= len(line) + 1
            self._outside.append(line)

    def _event(self) -> Iterator[ServerSentEvent]:
        data, name = self._data, self._name
        self._data, self._name = [], ""
        if data or name:
            yield ServerSentEvent("\n".join(data), name)
