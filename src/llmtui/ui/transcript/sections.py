"""The sections of a card one under the other, as one run of lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from textual.strip import Strip

from llmtui.ui.transcript.ink import Ink
from llmtui.ui.transcript.part import Maker, Part, Parts


class Spot(NamedTuple):
    """A line of a card, found again after others were rendered or cut otherwise.

    Attributes:
        section: The number of the card's section.
        at: Offset of the line's part in the section's source.
        row: The line in the part.
    """

    section: int
    at: int
    row: int


class Fixed(Parts):
    """A few lines that are no text: a title, a footer."""

    def __init__(self, make: Maker, count: Callable[[], int]) -> None:
        """`count` tells how many lines there will be, about."""
        super().__init__([Part(make)])
        self._count = count
        self.restate()

    def restate(self) -> None:
        """What the lines say has changed."""
        self.parts[0].invalidate()
        self.parts[0].height = self._count()
        self.measure()

    def estimate(self, ink: Ink) -> None:
        """Guess the height."""
        self.restate()


class Sections:
    """Finds rows in sections, and renders those that are asked for."""

    def __init__(self, *sections: Parts) -> None:
        self._sections = sections

    @property
    def height(self) -> int:
        """All lines, or an estimate of those that were never rendered."""
        return sum(section.height for section in self._sections)

    def __iter__(self) -> Iterator[tuple[int, Part]]:
        """All parts, with the number of their section."""
        return ((number, part) for number, rows in enumerate(self._sections) for part in rows.parts)

    def estimate(self, ink: Ink) -> None:
        """Guess the height at a new width without rendering."""
        for section in self._sections:
            section.estimate(ink)

    def split(self, ink: Ink) -> None:
        """Find all parts, rendering none."""
        for section in self._sections:
            section.split(ink)

    def stale(self, first: int, end: int, ink: Ink) -> bool:
        """Whether any of the rows must be rendered before they can be shown."""
        return any(
            not rows.is_split or not rows.parts[number].is_fresh(ink)
            for _, rows, _, number in self._parts(first, end)
        )

    def fresh_row(self, first: int, end: int, ink: Ink) -> int | None:
        """The first of the rows that is rendered."""
        for _, rows, top, number in self._parts(first, end):
            if rows.is_split and rows.parts[number].is_fresh(ink):
                return max(first, top + rows.top(number))
        return None

    def render(self, first: int, end: int, ink: Ink) -> list[Part]:
        """Render what is stale among the rows as they now stand; returns the parts."""
        stale = [
            (rows, number)
            for _, rows, _, number in self._parts(first, end)
            if not rows.is_split or not rows.parts[number].is_fresh(ink)
        ]
        rendered = []
        for rows, number in stale:
            if not rows.is_split:
                rows.split(ink)
                continue
            rows.parts[number].render(ink)
            rendered.append(rows.parts[number])
            rows.measure(number)
        return rendered

    def rows(self, first: int, end: int) -> Iterator[tuple[Spot, Strip]]:
        """The lines from `first` up to `end`, all of which must be rendered."""
        for section, rows, top, number in self._parts(first, end):
            part, top = rows.parts[number], top + rows.top(number)
            for row in range(max(0, first - top), min(part.height, end - top)):
                yield Spot(section, part.at, row), part.lines[row]

    def spot(self, row: int) -> Spot:
        """What stands in a row."""
        for section, rows, top, number in self._parts(row, row + 1):
            if rows.is_split:
                return Spot(section, rows.parts[number].at, row - top - rows.top(number))
            return Spot(section, 0, row - top)
        return Spot(len(self._sections), 0, 0)

    def row_of(self, spot: Spot) -> int:
        """The row of a spot, or the nearest one to it."""
        top = sum(rows.height for rows in self._sections[: spot.section])
        if spot.section >= len(self._sections):
            return top
        rows = self._sections[spot.section]
        if not rows.is_split or not rows.parts:
            return top + max(0, min(spot.row, rows.height - 1))
        part = rows.parts[number := rows.of_source(spot.at)]
        row = spot.row
        if part.at != spot.at:
            # The part it stood in was joined to those before it.
            row += part.height * (spot.at - part.at) // max(1, len(part.source))
        return top + rows.top(number) + max(0, min(row, part.height - 1))

    def part_of(self, spot: Spot) -> Part | None:
        """The part that a spot is in."""
        if spot.section >= len(self._sections) or not self._sections[spot.section].parts:
            return None
        rows = self._sections[spot.section]
        return rows.parts[rows.of_source(spot.at)]

    def parts_between(self, first: int, end: int) -> Iterator[Part]:
        """The parts that hold rows from `first` up to `end`, as far as they are known."""
        return (rows.parts[number] for _, rows, _, number in self._parts(first, end) if rows.is_split)

    def _parts(self, first: int, end: int) -> Iterator[tuple[int, Parts, int, int]]:
        """Section number, section, its first row, and part number of the parts in the rows."""
        top = 0
        for section, rows in enumerate(self._sections):
            if first < top + rows.height and end > top:
                numbers = rows.between(first - top, end - top) if rows.is_split else range(1)
                yield from ((section, rows, top, number) for number in numbers)
            top += rows.height
