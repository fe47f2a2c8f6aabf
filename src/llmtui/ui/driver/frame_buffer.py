"""What Textual wants on the screen: its output, read into rows of cells."""

from __future__ import annotations

import re
from array import array
from collections import defaultdict

from llmtui.ui.driver.cells import RIGHT_HALF, UNKNOWN, CellTable, Row

_TOKEN = re.compile(
    r"""
      \x1b\[(?P<place>\d*(?:;\d*)?)H
    | (?P<piece>(?:[^\x00-\x1f\x7f-\x9f]+ | \x1b\[[\d;]*m | \x1b\]8;[^\x00-\x1f\x9c]*(?:\x1b\\|\x07))+)
    | (?P<newline>\r?\n|\r)
    | (?P<frame>\x1b\[\?2026[hl])
    | (?P<aside>
          \x07
        | \x1b\][^\x1b\x07]*(?:\x1b\\|\x07)
        | \x1b\[\?(?:9|25|7|12|1000|1002|1003|1004|1006|1015|1016|2004|2031|2048)[hl]
        | \x1b\[[<>=][\d;]*u
        | \x1b\[\d*\ q
        | \x1b\[(?:\?\d+\$p|[56]n)
      )
    | (?P<other>\x1b(?:\[[0-?]*[ -/]*[@-~]|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-~])|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_PART = re.compile(r"\x1b\[(?P<sgr>[\d;]*)m|\x1b\]8;(?P<link>[^\x07\x1b]*)(?:\x1b\\|\x07)|(?P<text>[^\x1b]+)")
_KEPT_PIECES = 4_000


class FrameBuffer:
    """Rows as Textual drew them; only the sequences that Textual writes are understood.

    Attributes:
        rows: The cells.
        cursor: Row and column where Textual left the cursor.
        touched: Rows drawn since `clean`.
        placed: Column and length of each piece drawn since then -> its rows.
        whole_frames: Whether Textual marks begin and end of frames, as it does where the terminal knows that.
    """

    def __init__(self, table: CellTable) -> None:
        self._table = table
        self._style = 0
        self._pieces: dict[str, Row[int]] = {}
        self.whole_frames = False
        self.resize(0, 0)

    def resize(self, width: int, height: int) -> None:
        """Take another size; nothing is known of what belongs there until it is drawn."""
        self.width, self.height = width, height
        self.rows = [array("I", [UNKNOWN]) * width for _ in range(height)]
        self.cursor = (0, 0)
        self.clean()

    def clean(self) -> None:
        """Forget what was touched."""
        self.touched: set[int] = set()
        self.placed: defaultdict[tuple[int, int], list[int]] = defaultdict(list)

    def renumber(self, table: CellTable) -> None:
        """Change over to another table."""
        self.rows = table.translated(self.rows, self._table)
        self._style = table.style(self._table.styles[self._style])
        self._table = table
        self._pieces.clear()

    def read(self, data: str, start: int = 0) -> tuple[int, str, bool]:
        """Draw what stands in `data`, until something comes that is not for drawing.

        Returns:
            Where to read on, what is to be sent as it is, and whether that may change the screen.
        """
        end = len(data)
        while start < end:
            match = _TOKEN.match(data, start)
            if match is None:
                return end, data[start:], True
            start = match.end()
            kind = match.lastgroup
            if kind == "place":
                row, _, column = match["place"].partition(";")
                self.cursor = (int(row or 1) - 1, int(column or 1) - 1)
            elif kind == "piece":
                self._draw(match["piece"])
            elif kind == "newline":
                self.cursor = (self.cursor[0] + ("\n" in match["newline"]), 0)
            elif kind == "frame":
                self.whole_frames = True
            else:
                return start, match[0], kind == "other"
        return end, "", False

    def _draw(self, piece: str) -> None:
        if self._style or (cells := self._pieces.get(piece)) is None:
            plain_before = not self._style
            cells = self._cells(piece)
            if plain_before and not self._style:
                if len(self._pieces) >= _KEPT_PIECES:
                    self._pieces.clear()
                self._pieces[piece] = cells
        row, column = self.cursor
        self.cursor = (row, column + len(cells))
        if row < self.height and column < self.width and cells:
            self._place(row, column, cells[: self.width - column])

    def _cells(self, piece: str) -> Row[int]:
        table, cells = self._table, array("I")
        for part in _PART.finditer(piece):
            if part.lastgroup == "text":
                cells.extend(table.row(part["text"], self._style))
            elif part.lastgroup == "sgr":
                self._style = table.style(table.styles[self._style].after(part["sgr"]))
            else:
                link = part["link"]
                seen = link if link.partition(";")[2] else ""
                self._style = table.style(table.styles[self._style]._replace(link=seen))
        return cells

    def _place(self, number: int, start: int, cells: Row[int]) -> None:
        """Put cells into a row; a wide character that loses a half becomes blank."""
        table, row, end = self._table, self.rows[number], start + len(cells)
        if row[start] == RIGHT_HALF and start:
            row[start - 1] = table.blank_like(row[start - 1])
        if end < self.width and row[end] == RIGHT_HALF:
            row[end] = table.blank_like(row[end - 1])
        row[start:end] = cells
        if table.cells[cells[-1]].width == 2:
            row[end - 1] = table.blank_like(cells[-1])
        self.touched.add(number)
        self.placed[start, len(cells)].append(number)
