"""One JSON object per line, from bytes."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from llmtui.core.errors import ProtocolError
from llmtui.core.untrusted import parsed
from llmtui.providers.wires.lines import LineSplitter


class NDJSONDecoder:
    """Feed it bytes in chunks of any size; raises ProtocolError for a line that is no JSON object."""

    def __init__(self) -> None:
        self._lines = LineSplitter()

    def feed(self, chunk: bytes) -> Iterator[dict[str, Any]]:
        """The objects that a chunk completes; blank lines are skipped."""
        for line in self._lines.feed(chunk):
            if line.strip():
                yield _object(line)

    def flush(self) -> Iterator[dict[str, Any]]:
        """The last object, when it is whole but for its line's end; a cut one is dropped."""
        if rest := self._lines.flush().strip():
            with suppress(ProtocolError):
                yield _object(rest)


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = parsed(line)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ProtocolError("a line of the stream is no JSON object")
    return value
