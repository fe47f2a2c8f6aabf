"""A few lines of the conversation that are rendered together, when somebody sees them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from itertools import islice

from textual.strip import Strip

from llmtui.ui.transcript.ink import Ink, Line, is_chrome

Maker = Callable[[Ink], list[Line]]
_MOST_CHARACTERS = 8
"""Characters per cell of a line; a line of nothing but combining marks is cut with a mark."""
_CUT = "⋯"


class Part:
    """Lines of one source.

    Attributes:
        source: The text that they show.
        at: Where it starts in the text it is a part of.
        lines: The lines, once rendered, unless their memory was given back.
        height: Their number, or an estimate before that.
    """

    __slots__ = ("_gap", "_ink", "_make", "at", "height", "lines", "source")

    def __init__(self, make: Maker, source: str = "", at: int = 0, *, gap: bool = False) -> None:
        """With a `gap`, a blank line comes first."""
        self._make = make
        self._gap = gap
        self._ink: Ink | None = None
        self.source = source
        self.at = at
        self.lines: list[Strip] = []
        self.height = 0

    def is_fresh(self, ink: Ink) -> bool:
        """Whether the lines are there, in this width and theme."""
        return self._ink is ink

    def invalidate(self) -> None:
        """Have the lines made again when they are seen."""
        self._ink = None

    def forget(self) -> None:
        """Give the lines' memory back; the height stays."""
        self.lines = []
        self._ink = None

    def estimate(self, ink: Ink) -> None:
        """Guess the height without rendering."""
        self.height = self._gap + lines_of(self.source, ink.width)
        self._ink = None

    def render(self, ink: Ink) -> None:
        """Make the lines."""
        self.take(self._make(ink), ink)

    def take(self, lines: Iterable[Line], ink: Ink) -> None:
        """Show lines that were made elsewhere."""
        strips = [_bounded(ink.strip(line), ink) for line in lines]
        self.lines = [ink.strip([]), *strips] if self._gap else strips
        self.height = len(self.lines)
        self._ink = ink

    def amount(self, row: int) -> int:
        """How much text stands before a line: finds it again at another width."""
        return sum(_amount(strip) for strip in self.lines[:row])

    def row_of(self, amount: int) -> int:
        """The line at which that much text stands before."""
        seen = 0
        for row, strip in enumerate(self.lines):
            seen += _amount(strip)
            if seen > amount:
                return row
        return max(0, self.height - 1)


class Parts:
    """Parts one under the other, with the first line of each."""

    def __init__(self, parts: Iterable[Part] = ()) -> None:
        self.parts = list(parts)
        self._tops: list[int] = []
        self.height = 0
        self.measure()

    @property
    def is_split(self) -> bool:
        """Whether the parts are known; if not, `height` is a guess."""
        return True

    def split(self, ink: Ink) -> None:
        """Find the parts."""

    def estimate(self, ink: Ink) -> None:
        """Guess the height at a new width without rendering."""
        for part in self.parts:
            part.estimate(ink)
        self.measure()

    def measure(self, first: int = 0) -> None:
        """Work out the tops again after the heights of parts from `first` on changed."""
        line = self._tops[first - 1] + self.parts[first - 1].height if first else 0
        del self._tops[first:]
        for part in islice(self.parts, first, None):
            self._tops.append(line)
            line += part.height
        self.height = line

    def at(self, row: int) -> tuple[int, int]:
        """The number of the part that holds a row, and the row in it; there must be one."""
        number = max(0, min(bisect_right(self._tops, row) - 1, len(self.parts) - 1))
        return number, row - self._tops[number]

    def top(self, number: int) -> int:
        """The first row of a part."""
        return self._tops[number]

    def between(self, first: int, end: int) -> range:
        """Numbers of the parts that hold rows from `first` up to `end`."""
        if not self.parts or end <= 0 or first >= self.height:
            return range(0)
        return range(self.at(max(0, first))[0], self.at(end - 1)[0] + 1)

    def of_source(self, at: int) -> int:
        """The number of the part that holds an offset of the source."""
        return max(0, bisect_right(self.parts, at, key=lambda part: part.at) - 1)


def lines_of(text: str, width: int) -> int:
    """About how many lines a text takes."""
    return 1 + text.count("\n") + len(text) // width if text else 0


def _amount(strip: Strip) -> int:
    return sum(len("".join(segment.text.split())) for segment in strip if not is_chrome(segment))


def _bounded(strip: Strip, ink: Ink) -> Strip:
    """The line, cut with a mark where a terminal would get far more characters than cells."""
    most = _MOST_CHARACTERS * (ink.width + 2)
    if sum(len(segment.text) for segment in strip) <= most:
        return strip
    kept: Line = []
    for segment in strip:
        kept.append(segment._replace(text=segment.text[:most]))
        most -= len(segment.text)
        if most <= 0:
            break
    return Strip([*kept, ink.chrome(_CUT, ".muted")])
