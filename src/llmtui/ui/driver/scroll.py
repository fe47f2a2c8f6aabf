"""Finds rows that moved up or down together, as when a conversation scrolls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import ne

from llmtui.ui.driver.cells import UNKNOWN, Row

_FEWEST_ROWS = 4
_PRICE = 30
"""What a scroll costs, in cells: some thirty bytes."""

Places = Mapping[tuple[int, int], Sequence[int]]
"""Column and length of a piece of text -> the rows where such pieces were drawn."""


@dataclass(frozen=True, slots=True)
class Scroll:
    """Rows `first` to `last` move up by `lines` (down where negative); what leaves them is gone."""

    first: int
    last: int
    lines: int


def find_scroll(
    old: Sequence[Row[int]], new: Sequence[Row[int]], placed: Places, blank: Row[int]
) -> Scroll | None:
    """The scroll after which less is left to draw, if there is one."""
    # The largest area: a scroll bar has as many rows as the text beside it.
    (column, length), rows = max(
        placed.items(), key=lambda item: item[0][1] * len(item[1]), default=((0, 0), [])
    )
    rows = sorted({row for row in rows if old[row] != new[row]})
    if len(rows) < _FEWEST_ROWS:
        return None
    lines = _shift(old, new, rows, column, column + length)
    if not lines:
        return None
    scroll = Scroll(rows[0], rows[-1], lines)
    span = slice(scroll.first, scroll.last + 1)
    if any(UNKNOWN in row for row in new[span]):
        return None  # What would be moved away there could not be drawn again.
    stays = _differing(old[span], new[span])
    moves = _differing(scrolled(old, scroll, blank)[span], new[span])
    return scroll if moves + _PRICE < stays else None


def scrolled(rows: Sequence[Row[int]], scroll: Scroll, blank: Row[int]) -> list[Row[int]]:
    """The rows after a scroll; those that come in are blank."""
    first, end = scroll.first, scroll.last + 1
    region = list(rows[first:end])
    count = min(abs(scroll.lines), len(region))
    fresh = [blank[:] for _ in range(count)]
    region = region[count:] + fresh if scroll.lines > 0 else fresh + region[: len(region) - count]
    return [*rows[:first], *region, *rows[end:]]


def _shift(
    old: Sequence[Row[int]], new: Sequence[Row[int]], rows: Sequence[int], start: int, end: int
) -> int:
    """By how many lines most of what is new stood lower before; 0 if by none."""
    stood: dict[bytes, list[int]] = {}
    for row in range(rows[0], rows[-1] + 1):
        stood.setdefault(old[row][start:end].tobytes(), []).append(row)
    votes: Counter[int] = Counter()
    for row in rows:
        piece = new[row][start:end]
        if piece.count(piece[0]) < len(piece):
            votes.update(before - row for before in stood.get(piece.tobytes(), ()))
    return votes.most_common(1)[0][0] if votes else 0


def _differing(some: Sequence[Row[int]], others: Sequence[Row[int]]) -> int:
    return sum(sum(map(ne, one, other)) for one, other in zip(some, others, strict=True))
