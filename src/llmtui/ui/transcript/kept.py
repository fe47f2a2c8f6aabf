"""Rendered lines in memory: those made longest ago are given back."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable

from llmtui.ui.transcript.part import Part

_MOST_LINES = 5_000


class KeptParts:
    """The parts that hold lines, a bounded number of them."""

    def __init__(self) -> None:
        self._parts: dict[Part, int] = {}
        self._lines = 0

    def add(self, parts: Iterable[Part]) -> None:
        """Note parts that were just rendered."""
        for part in parts:
            self._lines += len(part.lines) - self._parts.pop(part, 0)
            self._parts[part] = len(part.lines)

    def discard(self, parts: Iterable[Part]) -> None:
        """Leave out parts that are no more."""
        for part in parts:
            self._lines -= self._parts.pop(part, 0)

    def evict(self, seen: Callable[[], Container[Part]]) -> None:
        """Have parts that are not seen forget their lines, as long as there are too many."""
        if self._lines <= _MOST_LINES:
            return
        keep = seen()
        for part in list(self._parts):
            if self._lines <= _MOST_LINES:
                return
            if part not in keep:
                self._lines -= self._parts.pop(part)
                part.forget()
