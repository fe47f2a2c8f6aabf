"""Bytes to lines, as the wires mean lines: CR, LF or CR LF, and nothing else.

`str.splitlines` and httpx's `aiter_lines` also break at U+2028 and other characters that JSON may hold.
"""


class LineSplitter:
    """Cuts chunks of any size into whole lines, in time linear in the bytes."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that a chunk completes, without their ends."""
        if not chunk:
            return []
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._after_cr = chunk.endswith(b"\r")
        # `bytes.splitlines` knows only CR, LF and CR LF.
        lines = chunk.splitlines()
        rest = lines.pop() if lines and not chunk.endswith((b"\r", b"\n")) else b""
        if lines:
            lines[0] = b"".join((*self._parts, lines[0]))
            self._parts.clear()
        if rest:
            self._parts.append(rest)
        return lines

    def flush(self) -> bytes:
        """The last line, when the stream ended within it."""
        rest = b"".join(self._parts)
        self._parts.clear()
        return rest
