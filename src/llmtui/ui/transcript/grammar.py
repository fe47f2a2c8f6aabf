"""How a text is cut up: the pieces, and the grammar that finds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from llmtui.ui.transcript.ink import Ink, Line

References = dict[str, dict[str, Any]]
"""Link definitions by label, as markdown-it keeps them."""


AS_WRITTEN = "as written"
"""The head of a piece that is shown as it is written, since what stands before it is long enough."""


class Piece(NamedTuple):
    """A part of a text.

    Attributes:
        source: The text.
        head: What must stand before it so that it is understood as in the whole.
        begins: Whether it begins a block.
    """

    source: str
    head: str = ""
    begins: bool = True


@dataclass(frozen=True, slots=True)
class Grown:
    """A piece and its lines, or None where it has not been rendered.

    Attributes:
        whole: Whether the lines are those that the piece has in the finished text.
    """

    piece: Piece
    lines: list[Line] | None = None
    whole: bool = True


class Grammar(Protocol):
    """Knows where a kind of text may be cut, and what its pieces look like."""

    def split(self, piece: Piece, references: References) -> Iterator[Piece]:
        """Pieces of bounded size, always the same for the same text; definitions in it are noted."""

    def render(self, piece: Piece, ink: Ink, references: References) -> list[Line]:
        """The lines of a piece."""

    def grow(self, piece: Piece, arrived: int, ink: Ink, references: References) -> list[Grown]:
        """The last piece of a text after characters arrived: what is final, and last what is open."""
