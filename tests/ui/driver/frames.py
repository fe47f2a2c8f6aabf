"""Frames as Textual writes them, and what a terminal shows after them."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyte
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from benchmarks.terminal import seen_cells

WIDTH, HEIGHT = 30, 12

STYLES = [
    Style(),
    Style(color="red"),
    Style(color="#102030", bgcolor="#a0b0c0"),
    Style(color="#203040", bgcolor="#a0b0c0", bold=True),
    Style(bgcolor="color(200)", dim=True),
    Style(bgcolor="bright_blue", italic=True, underline=True),
    Style(reverse=True),
    Style(strike=True, bold=True, color="default"),
    Style(bold=True, dim=True),
    Style(link="https://example.com/a"),
]
# Characters of which pyte and Textual think alike.
NARROW = [" ", "a", "word ", "the same words ", " " * 9, " " * 25, "─────│", "e\u0301a\u0308", "é"]
PIECES = [*NARROW, "漢字", "x漢"]


@dataclass(frozen=True)
class Placed:
    """A strip at a row and column."""

    row: int
    column: int
    strip: Strip

    def render(self) -> str:
        text = "".join(
            Strip.render_style(segment.style or Style(), segment.text, ColorSystem.TRUECOLOR)
            for segment in self.strip
        )
        return f"\x1b[{self.row + 1};{self.column + 1}H{text}"


def lines(width: int = WIDTH, pieces: Sequence[str] = PIECES) -> st.SearchStrategy[Strip]:
    """A line of that width, as a widget renders it."""
    segments = st.tuples(st.sampled_from(pieces), st.sampled_from(STYLES)).map(lambda pair: Segment(*pair))
    filled = st.builds(
        lambda segments, rest: Strip(segments).adjust_cell_length(width, rest),
        st.lists(segments, max_size=4),
        st.sampled_from(STYLES),
    )
    return st.just(Strip.blank(width)) | filled


FRAMES = st.lists(st.builds(Placed, st.integers(0, HEIGHT - 1), st.just(0), lines()), max_size=6)
"""Some whole rows, in any order."""


@st.composite
def scrolls(draw: st.DrawFn) -> list[list[Placed]]:
    """A column of text beside one that stays, moved up and down as a reader scrolls."""
    start, first, last = draw(st.integers(0, 9)), draw(st.integers(0, 3)), draw(st.integers(6, HEIGHT - 1))
    text = draw(st.lists(lines(WIDTH - start), min_size=6, max_size=10))
    # No wide character there, of which the text might cover half: terminals differ in what becomes of it.
    beside = draw(st.lists(lines(pieces=NARROW), min_size=HEIGHT, max_size=HEIGHT))
    tops = draw(st.lists(st.integers(0, 30), min_size=1, max_size=4))
    return [
        [Placed(row, 0, line) for row, line in enumerate(beside)],
        *(
            [Placed(row, start, text[(top + row) % len(text)]) for row in range(first, last + 1)]
            for top in tops
        ),
    ]


def written(frame: Sequence[Placed], cursor: tuple[int, int] = (0, 0)) -> str:
    """A frame as one write of Textual's: row by row, from the top."""
    rows = {placed.row: placed for placed in frame}
    body = "\n".join(rows[row].render() for row in sorted(rows))
    return f"{body}\x1b[{cursor[0] + 1};{cursor[1] + 1}H"


class Emulator:
    """A terminal that shows what is written to it."""

    def __init__(self, width: int = WIDTH, height: int = HEIGHT) -> None:
        self.screen = pyte.Screen(width, height)
        self._stream = pyte.Stream(self.screen)
        self.write("\x1b[?7l")

    def write(self, data: str) -> None:
        self._stream.feed(data)

    def cells(self) -> list[list[tuple[object, ...]]]:
        """Every cell with its attributes."""
        return seen_cells(self.screen)

    @property
    def cursor(self) -> tuple[int, int]:
        return self.screen.cursor.y, min(self.screen.cursor.x, self.screen.columns - 1)
