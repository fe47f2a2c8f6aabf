"""Writes what makes one row of cells out of another, in as few bytes as it can."""

from __future__ import annotations

from operator import ne

from llmtui.ui.driver.capabilities import Capabilities
from llmtui.ui.driver.cells import RIGHT_HALF, UNKNOWN, CellTable, Row
from llmtui.ui.driver.scroll import Scroll
from llmtui.ui.driver.styles import Style, change

_REWRITTEN = 4
"""At most so many cells between two changes are written again instead of moved over."""
_ERASED = 12
"""At least so many blanks are erased rather than written."""
_KEPT_CHANGES = 4_000


class Painter:
    """Knows the terminal's cursor and colours; gathers what is to be sent.

    Attributes:
        cursor: Row and column, or None where that is not known.
        width: Of the terminal, in cells.
    """

    def __init__(self, table: CellTable, capabilities: Capabilities) -> None:
        self._table = table
        self._can = capabilities
        self._pen: Style | None = None
        self._changes: dict[tuple[Style | None, Style], str] = {}
        self._out: list[str] = []
        self.size = 0
        self.cursor: tuple[int, int] | None = None
        self.width = 0

    def renumber(self, table: CellTable) -> None:
        """Change over to another table."""
        self._table = table

    def forget(self) -> None:
        """Take nothing for granted: neither where the cursor is nor in which colours it writes."""
        if self._pen is not None and self._pen.link:
            self._send(change(Style(link=self._pen.link), Style()))
        self._pen = self.cursor = None

    def plain(self) -> str:
        """What is to be sent so that others write in the terminal's own colours, and in no link."""
        self._use(Style())
        return self.take()

    def take(self) -> str:
        """What is to be sent since the last call."""
        out = "".join(self._out)
        self._out.clear()
        self.size = 0
        return out

    def scroll(self, scroll: Scroll, height: int) -> None:
        """Move rows by the terminal's own means."""
        # Rows come in with the background of the pen in some terminals, with their own in others.
        self._use(Style())
        whole = scroll.first == 0 and scroll.last == height - 1
        if not whole:
            self._send(f"\x1b[{scroll.first + 1};{scroll.last + 1}r")
        row = scroll.last if scroll.lines > 0 else scroll.first
        self._send(f"\x1b[{row + 1};1H" + ("\n" if scroll.lines > 0 else "\x1bM") * abs(scroll.lines))
        if not whole:
            self._send("\x1b[r")
        self.cursor = None

    def row(self, number: int, old: Row[int], new: Row[int]) -> None:
        """Draw what differs in a row."""
        changed = [column for column, differs in enumerate(map(ne, old, new)) if differs and new[column]]
        first_fickle = self._first_fickle(changed, old, new)
        if first_fickle is not None:
            changed = [column for column in changed if column < first_fickle]
            changed += [column for column in range(first_fickle, len(new)) if new[column]]
        at = 0
        for column in changed:
            if column >= at:
                at = self._draw(number, column, new)

    def move(self, row: int, column: int) -> None:
        """Put the cursor somewhere, the shortest way."""
        if self.cursor != (row, column):
            self._send(self._way(row, column))
            self.cursor = (row, column)

    def _draw(self, number: int, column: int, new: Row[int]) -> int:
        """Draw the character of a column, or the blanks from there on; returns the next column to look at."""
        if new[column] == RIGHT_HALF and column:
            column -= 1
        cell = self._table.cells[new[column]]
        self._go(number, column, new)
        if cell.text == " " and (count := self._blanks(column, new)) >= _ERASED:
            self._use_for_blank(self._table.styles[cell.style])
            whole = column + count == len(new)
            self._send("\x1b[K" if whole else f"\x1b[{count}X")
            return column + count
        self._write(column, new)
        return column + cell.width

    def _write(self, column: int, new: Row[int]) -> None:
        cell = self._table.cells[new[column]]
        style = self._table.styles[cell.style]
        if cell.text == " ":
            self._use_for_blank(style)
        else:
            self._use(style)
        self._send(cell.text)
        end = column + cell.width
        # Behind the last column, and behind what terminals draw in different widths, it may be anywhere.
        known = self.cursor is not None and end < self.width and not cell.fickle
        self.cursor = (self.cursor[0], end) if known and self.cursor else None

    def _go(self, number: int, column: int, new: Row[int]) -> None:
        """Move to a column, by writing once more what stands in between where that is shorter."""
        if self.cursor is not None and self.cursor[0] == number:
            between = range(self.cursor[1], column)
            if 0 < len(between) <= _REWRITTEN and all(self._is_cheap(new[place]) for place in between):
                for place in between:
                    self._write(place, new)
        self.move(number, column)

    def _is_cheap(self, number: int) -> bool:
        cell = self._table.cells[number]
        style = self._table.styles[cell.style]
        if cell.text == " ":
            return self._fits_blank(style)
        return cell.width == 1 and not cell.fickle and self._pen == style

    def _way(self, row: int, column: int) -> str:
        there = f"\x1b[{row + 1};{column + 1}H" if column else f"\x1b[{row + 1}H" if row else "\x1b[H"
        if self.cursor is None:
            return there
        here_row, here_column = self.cursor
        ways = [there]
        if here_row == row:
            right = column - here_column
            ways.append(f"\x1b[{right}C" if right > 1 else "\x1b[C" if right == 1 else "\b" * -right)
            ways.append("\r" + (f"\x1b[{column}C" if column > 1 else "\x1b[C" if column else ""))
        elif row == here_row + 1:
            # Not by a newline alone: whether that returns to the first column is up to the terminal's line.
            ways.append("\r\n" + (f"\x1b[{column}C" if column > 1 else "\x1b[C" if column else ""))
        return min(ways, key=len)

    def _blanks(self, column: int, new: Row[int]) -> int:
        """How many cells from here on can be erased: the same blank, in a colour that erasing leaves."""
        number = new[column]
        style = self._table.styles[self._table.cells[number].style]
        if not style.is_plain or (style.background and not self._can.colours_erased):
            return 0
        end = column
        while end < len(new) and new[end] == number:
            end += 1
        return end - column if end == len(new) or self._can.erases_characters else 0

    def _use(self, style: Style) -> None:
        if style != self._pen:
            key = (self._pen, style)
            if (sequence := self._changes.get(key)) is None:
                if len(self._changes) >= _KEPT_CHANGES:
                    self._changes.clear()
                sequence = self._changes[key] = change(self._pen, style)
            self._send(sequence)
            self._pen = style

    def _use_for_blank(self, style: Style) -> None:
        if not self._fits_blank(style):
            self._use(style)

    def _fits_blank(self, style: Style) -> bool:
        """Whether a blank may be written as the pen is: all that it shows is the background."""
        pen = self._pen
        if pen is None or not (style.is_plain and pen.is_plain):
            return pen == style
        return pen.background == style.background

    def _first_fickle(self, changed: list[int], old: Row[int], new: Row[int]) -> int | None:
        cells = self._table.cells
        for column in changed:
            if cells[new[column]].fickle or (old[column] != UNKNOWN and cells[old[column]].fickle):
                return column
        return None

    def _send(self, text: str) -> None:
        self._out.append(text)
        self.size += len(text)
