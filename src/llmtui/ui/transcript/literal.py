"""Text that is shown as it is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from llmtui.ui.transcript.grammar import Grown, Piece, References
from llmtui.ui.transcript.ink import Ink, Line, literal

_FEW_LINES = 400
_LONG_LINE = 4_000


@dataclass(frozen=True)
class Literal:
    """A grammar without rules: pieces end at line breaks.

    Attributes:
        style: The name of the style.
        bar: Stands before every line.
    """

    style: str = ""
    bar: str = ""

    def split(self, piece: Piece, references: References) -> Iterator[Piece]:
        """Some lines each, or parts of a line that is very long."""
        source, at = piece.source, 0
        while at < len(source):
            end = source.find("\n", at + _FEW_LINES, at + _LONG_LINE) + 1
            if not end and at + _LONG_LINE < len(source):
                end = source.rfind(" ", at, at + _LONG_LINE) + 1 or at + _LONG_LINE
            end = end or len(source)
            yield Piece(source[at:end], begins=False)
            at = end

    def render(self, piece: Piece, ink: Ink, references: References) -> list[Line]:
        """The text, wrapped."""
        inner = max(1, ink.width - len(self.bar))
        lines = literal(piece.source.removesuffix("\n"), ink, inner, self.style)
        bar = [ink.chrome(self.bar, ".rule")] if self.bar else []
        return [[*bar, *line] for line in lines]

    def grow(self, piece: Piece, arrived: int, ink: Ink, references: References) -> list[Grown]:
        """Lines that are complete are final."""
        *closed, last = self.split(piece, references)
        shown = last._replace(source=last.source.rstrip())
        return [*map(Grown, closed), Grown(last, self.render(shown, ink, references))]
