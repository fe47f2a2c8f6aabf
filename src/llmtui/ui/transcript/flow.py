"""A text as parts: opened without rendering, grown at its end, and at last exactly what its source says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from llmtui.ui.transcript.grammar import Grammar, Grown, Piece, References
from llmtui.ui.transcript.ink import Ink
from llmtui.ui.transcript.marks import SEAM
from llmtui.ui.transcript.part import Part, Parts, lines_of


class Flow(Parts):
    """The lines of a text. Until somebody sees it, it is no more than a guess at their number."""

    def __init__(self, load: Callable[[], Grammar]) -> None:
        """The grammar is loaded when it is first needed."""
        super().__init__()
        self._load = load
        self._pieces: list[Piece] = []
        self._whole: list[bool] = []
        self._references: References = {}
        self._unsplit: str | None = ""
        self._width = 80
        self._arrived: list[str] = []

    @property
    def is_split(self) -> bool:
        """Whether the parts are known."""
        return self._unsplit is None

    def set(self, text: str) -> None:
        """Show a text, with an estimate of its height."""
        self._arrived.clear()
        self._pieces, self._whole, self.parts = [], [], []
        self.measure()
        self._unsplit = text
        self.height = lines_of(text, self._width)

    def estimate(self, ink: Ink) -> None:
        """Guess the height without rendering."""
        self._width = ink.width
        if self._unsplit is not None:
            self.height = lines_of(self._unsplit, ink.width)
        else:
            super().estimate(ink)

    def split(self, ink: Ink) -> None:
        """Find the parts."""
        if self._unsplit is not None:
            text, self._unsplit = self._unsplit, None
            self._references = {}
            self._put(0, map(Grown, self._load().split(Piece(text), self._references)), ink)

    def feed(self, text: str) -> None:
        """Add text at the end; it is shown by the next `grow`."""
        self._arrived.append(text)

    def grow(self, ink: Ink, *, hold: bool = False) -> list[Part]:
        """Show what was fed, rendering only the last part; returns the parts that grow no more.

        With `hold`, no block is cut and no parts are joined, so that every line stays in its part.
        """
        self.split(ink)
        text = "".join(self._arrived)
        self._arrived.clear()
        if not text and (not self.parts or self.parts[-1].is_fresh(ink)):
            return []
        last = self._pieces.pop() if self._pieces else Piece("")
        last = last._replace(source=last.source + text)
        arrived = 0 if hold else len(text)
        grown = self._load().grow(last, arrived, ink, self._references)
        if len(grown) > 1:
            grown = self._joined(grown) if not hold else grown
        first = len(self._pieces)
        self._put(first, grown, ink)
        return [part for part in self.parts[first:-1] if part.lines]

    def close(self, text: str, ink: Ink) -> None:
        """Take the finished text: parts that look otherwise in the whole are rendered when they are seen."""
        known = zip(self._pieces, self._whole, self.parts, strict=True)
        # A seam that has no place in its block, such as within an address, was drawn at the very end.
        exact = {part.at: (piece, part) for piece, whole, part in known if whole and SEAM not in piece.source}
        before = self._references
        self.set(text)
        self.split(ink)
        same = before == self._references
        for number, piece in enumerate(self._pieces):
            was, part = exact.get(self.parts[number].at, (None, None))
            if part is not None and was == piece and (same or "[" not in piece.source):
                self.parts[number] = part
        self.measure()

    def _joined(self, grown: list[Grown]) -> list[Grown]:
        """Where a block that was cut has ended, its parts become those that it has in the whole."""
        ended = next((number for number, each in enumerate(grown) if number and each.piece.begins), 0)
        split = all(each.lines is None for each in grown[:ended])
        if not ended or (grown[0].piece.begins and (split or ended == 1)):
            self._note(grown[:-1])
            return grown
        first = len(self._pieces)
        if not grown[0].piece.begins:
            first = max((n for n in range(len(self._pieces)) if self._pieces[n].begins), default=0)
        pieces = [*self._pieces[first:], *(each.piece for each in grown[:ended])]
        source = "".join(piece.source for piece in pieces)
        del self._pieces[first:]
        del self._whole[first:]
        whole = self._load().split(Piece(source), self._references)
        self._note(grown[ended:-1])
        return [*map(Grown, whole), *grown[ended:]]

    def _note(self, grown: Iterable[Grown]) -> None:
        """Keep the link definitions of blocks that are final."""
        for each in grown:
            if "]:" in each.piece.source:
                for _ in self._load().split(each.piece, self._references):
                    pass

    def _put(self, first: int, grown: Iterable[Grown], ink: Ink) -> None:
        """Replace the parts from a number on."""
        at = self.parts[first].at if first < len(self.parts) else 0
        if first and first == len(self.parts):
            at = self.parts[-1].at + len(self.parts[-1].source)
        del self.parts[first:], self._pieces[first:], self._whole[first:]
        for each in grown:
            piece = each.piece
            make = partial(self._load().render, piece, references=self._references)
            part = Part(make, piece.source, at, gap=piece.begins and bool(self.parts))
            if each.lines is None:
                part.estimate(ink)
            else:
                part.take(each.lines, ink)
            self.parts.append(part)
            self._pieces.append(piece)
            self._whole.append(each.whole)
            at += len(piece.source)
        self.measure(first)
