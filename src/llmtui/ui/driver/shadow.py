"""A shadow of what the terminal shows, between Textual and the terminal: only what differs is sent."""

from __future__ import annotations

from array import array

from llmtui.ui.driver.capabilities import Capabilities
from llmtui.ui.driver.cells import UNKNOWN, CellTable
from llmtui.ui.driver.frame_buffer import FrameBuffer
from llmtui.ui.driver.painter import Painter
from llmtui.ui.driver.scroll import find_scroll, scrolled

_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"
_ENTER, _LEAVE = "\x1b[?1049h", "\x1b[?1049l"
"""To the alternate screen, which is ours, and back to what was on the terminal before."""
_SEEN_IN_PARTS = 256
"""A longer frame might be seen half drawn: it is bracketed where the terminal knows how."""


class Shadow:
    """Takes Textual's output; gives what brings the terminal from what it shows to that."""

    def __init__(self, capabilities: Capabilities) -> None:
        self._can = capabilities
        self._table = CellTable()
        self._buffer = FrameBuffer(self._table)
        self._painter = Painter(self._table, capabilities)
        self._shown = self._buffer.rows
        self._stale: set[int] = set()
        self._is_ours = True
        self.resize(0, 0)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self._buffer.width, self._buffer.height

    def resize(self, width: int, height: int) -> None:
        """Take another size; what the terminal shows then is not known."""
        self._buffer.resize(width, height)
        self._painter.width = width
        self.forget()

    def forget(self) -> None:
        """Something else may have written on the terminal: the next frame draws all of it."""
        width, height = self.size
        self._shown = [array("I", [UNKNOWN]) * width for _ in range(height)]
        self._stale = set(range(height))
        self._painter.forget()

    def feed(self, data: str) -> str:
        """Take what Textual writes; returns what must be sent at once and in this order."""
        out, start = "", 0
        while start < len(data):
            start, aside, may_draw = self._buffer.read(data, start)
            if aside in (_ENTER, _LEAVE):
                # Not a cell of a frame on the other screen, nor its cursor moved: that belongs to the shell.
                out += self._painter.plain()
                self._is_ours = aside == _ENTER
                self.forget()
            elif may_draw:
                out += self.frame()
                self.forget()
            out += aside
        return out

    def frame(self, room: int | None = None) -> str:
        """What is still to be sent, the row of the cursor first.

        Args:
            room: Send about so many bytes and leave the rest for the next call; None: send all.
        """
        if not self._is_ours:
            return ""
        buffer, painter = self._buffer, self._painter
        stale = {row for row in self._stale | buffer.touched if self._shown[row] != buffer.rows[row]}
        scrolls = self._scroll(stale)
        buffer.clean()
        cursor_row, cursor_column = buffer.cursor
        for row in sorted(stale, key=lambda row: (row != cursor_row, row)):
            if room is not None and painter.size > room:
                break
            painter.row(row, self._shown[row], buffer.rows[row])
            self._shown[row] = buffer.rows[row][:]
            stale.discard(row)
        self._stale = stale
        if self._buffer.height:
            painter.move(min(cursor_row, buffer.height - 1), min(cursor_column, buffer.width - 1))
        out = painter.take()
        if buffer.whole_frames and (scrolls or len(out) > _SEEN_IN_PARTS):
            out = _BEGIN + out + _END
        if self._table.is_full:
            self._renumber()
        return out

    @property
    def is_behind(self) -> bool:
        """Whether the terminal does not show all that Textual drew."""
        return bool(self._stale or self._buffer.touched)

    def _scroll(self, stale: set[int]) -> bool:
        """Scroll where that is cheaper; the rows that moved are stale where they are not right by that."""
        if not self._can.scrolls_regions:
            return False
        buffer = self._buffer
        blank = array("I", [self._table.blank]) * buffer.width
        scroll = find_scroll(self._shown, buffer.rows, buffer.placed, blank)
        if scroll is None:
            return False
        self._painter.scroll(scroll, buffer.height)
        self._shown = scrolled(self._shown, scroll, blank)
        stale.clear()
        stale.update(row for row in range(buffer.height) if self._shown[row] != buffer.rows[row])
        return True

    def _renumber(self) -> None:
        """Start a new table with what is on the screen, so that it does not grow for ever."""
        table = CellTable()
        self._shown = table.translated(self._shown, self._table)
        self._buffer.renumber(table)
        self._painter.renumber(table)
        self._table = table
