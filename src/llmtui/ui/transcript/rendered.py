"""What a renderer makes of a source text."""

from __future__ import annotations

from dataclasses import dataclass

from llmtui.ui.transcript.ink import Line


@dataclass(frozen=True, slots=True)
class Rendered:
    """Lines, and where the open block starts: later text can change nothing before it.

    Attributes:
        lines: All lines.
        open_at: Character offset of the open block in the source.
        open_row: Its first line.
    """

    lines: list[Line]
    open_at: int = 0
    open_row: int = 0
