"""What a terminal's cells hold, as numbers: equal cells have equal ones, so that rows compare like bytes."""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rich.cells import split_graphemes

from llmtui.ui.driver.styles import Style

Row = array  # of cell ids; `array[int]` is no type at run time

UNKNOWN = 0
"""A cell that nothing is known of; it equals no other on the screen."""
RIGHT_HALF = 1
"""The second cell of a wide character."""

_FULL = 30_000
_NARROW = re.compile("[\x20-\x7e\xa0-\xac\xae-\u02ff\u0370-\u0482\u2500-\u25fc\u2800-\u28ff]*")
"""Characters that are one cell wide and never part of the character before them."""
_FIRST_EMOJI = 0x1F000
_LETTERS_OF_FLAGS = frozenset(map(chr, range(0x1F1E6, 0x1F200)))
_DRAWING = range(0x2500, 0x2600)
"""Lines, blocks and shapes: of ambiguous width by the standard, one cell wide in practice."""


class Cell(NamedTuple):
    """One character in one style.

    Attributes:
        text: The character with everything that combines with it.
        style: The number of its style.
        width: 1 or 2 cells; 0 for what cannot be drawn.
        fickle: Whether terminals disagree about its width.
    """

    text: str
    style: int
    width: int
    fickle: bool


class CellTable:
    """Numbers for cells and styles; style 0 is the terminal's own."""

    def __init__(self) -> None:
        self.cells = [Cell("", 0, 0, False), Cell("", 0, 0, False)]
        self.styles = [Style()]
        self._style_numbers = {Style(): 0}
        self._by_style: dict[int, _Characters] = {}
        self.blank = self.characters(0)[" "]

    @property
    def is_full(self) -> bool:
        """Whether it is time to start a new one."""
        return len(self.cells) > _FULL

    def style(self, style: Style) -> int:
        """The number of a style."""
        number = self._style_numbers.get(style)
        if number is None:
            number = self._style_numbers[style] = len(self.styles)
            self.styles.append(style)
        return number

    def characters(self, style: int) -> _Characters:
        """Character -> number of its cell in that style."""
        if (characters := self._by_style.get(style)) is None:
            characters = self._by_style[style] = _Characters(self, style)
        return characters

    def blank_like(self, cell: int) -> int:
        """An empty cell in the style of another."""
        return self.characters(self.cells[cell].style)[" "]

    def row(self, text: str, style: int) -> Row[int]:
        """The cells of a text, two for each wide character."""
        characters = self.characters(style)
        if _NARROW.fullmatch(text):
            return array("I", map(characters.__getitem__, text))
        cells = array("I")
        for character, width in _drawn(text):
            cells.append(characters[character])
            cells.extend([RIGHT_HALF] * (width - 1))
        return cells

    def translated(self, rows: Iterable[Row[int]], other: CellTable) -> list[Row[int]]:
        """Rows of another table's numbers in the numbers of this one."""
        numbers: dict[int, int] = {UNKNOWN: UNKNOWN, RIGHT_HALF: RIGHT_HALF}

        def number(old: int) -> int:
            if old not in numbers:
                cell = other.cells[old]
                numbers[old] = self.characters(self.style(other.styles[cell.style]))[cell.text]
            return numbers[old]

        return [array("I", map(number, row)) for row in rows]


class _Characters(dict[str, int]):
    """The cells of one style; what is asked for is there."""

    def __init__(self, table: CellTable, style: int) -> None:
        self._table = table
        self._style = style

    def __missing__(self, text: str) -> int:
        table, style = self._table, self._style
        # A blank's foreground is not seen: all blanks of one background are the same cell.
        if text == " " and (seen := table.style(table.styles[style].on_blank)) != style:
            number = table.characters(seen)[" "]
        else:
            number = len(table.cells)
            table.cells.append(Cell(text, style, split_graphemes(text)[1], _is_fickle(text)))
        self[text] = number
        return number


def _drawn(text: str) -> Iterator[tuple[str, int]]:
    """The characters of a text, with what combines with them, and their widths in cells."""
    flag = ""
    for start, end, width in split_graphemes(text)[0]:
        character = text[start:end]
        if flag:
            pair, flag = flag + character, ""
            if character in _LETTERS_OF_FLAGS:
                yield pair, 2  # Two letters are one flag, unless something comes between them.
                continue
            yield pair[:1], 1
        if width == 1 and character in _LETTERS_OF_FLAGS:
            flag = character
        elif width:
            yield character, width
    if flag:
        yield flag, 1


def _is_fickle(text: str) -> bool:
    """Whether terminals may draw it wider or narrower than Textual reckons."""
    code = ord(text[0])
    if len(text) > 1 or code >= _FIRST_EMOJI:
        return True
    return code >= 0x80 and code not in _DRAWING and unicodedata.east_asian_width(text) == "A"
