"""What part of the conversation is on the screen: renders what comes into view, holds the reader's place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from textual.strip import Strip

from llmtui.ui.transcript.card import Card
from llmtui.ui.transcript.entry import Entry
from llmtui.ui.transcript.ink import Ink
from llmtui.ui.transcript.kept import KeptParts
from llmtui.ui.transcript.part import Part
from llmtui.ui.transcript.sections import Spot
from llmtui.ui.transcript.stack import Stack

Place = tuple[Card, Spot]


class Row(NamedTuple):
    """A line in view: the place of its card, where it stands in it, and if it is the blank one below it."""

    place: int
    spot: Spot
    strip: Strip
    is_below: bool


class Viewport:
    """A window on the stack of cards; heights of what was never shown are estimates.

    Attributes:
        stack: All cards.
        top: The first line in view.
        height: How many lines fit.
        following: Whether the view stays at the end.
        arrived: Lines that came in below the view since the reader left the end.
        holding: Whether lines keep their places, since some are selected.
    """

    def __init__(self, jump_lines: int = 1) -> None:
        """Following text that arrives moves `jump_lines` at once, and leaves blank lines below."""
        self.stack = Stack()
        self.top = 0
        self.height = 0
        self.following = True
        self.arrived = 0
        self.holding = False
        self._jump_lines = jump_lines
        self._ink: Ink | None = None
        self._kept = KeptParts()
        self._streaming: set[Card] = set()
        self._fed: set[str] = set()

    @property
    def end(self) -> int:
        """The line behind the last one that the view may show: blank ones follow while text arrives."""
        return max(self.stack.height, self.top + self.height if self.following and self._streaming else 0)

    def show(self, entries: Iterable[Entry]) -> None:
        """Replace everything and go to the end."""
        cards = [Card(entry) for entry in entries]
        if self._ink is not None:
            for card in cards:
                card.estimate(self._ink)
        self.stack, self._kept = Stack(cards), KeptParts()
        self._streaming.clear()
        self.follow()

    def prepend(self, entries: Iterable[Entry]) -> None:
        """Add entries before the first one; what is in view stays where it is."""
        cards = [Card(entry) for entry in entries]
        if self._ink is not None:
            for card in cards:
                card.estimate(self._ink)
        with self._steady():
            self.stack.prepend(cards)

    def put(self, entry: Entry, streaming: bool = False) -> None:
        """Add an entry at the end, or replace the one of that id."""
        place = self.stack.place(entry.id)
        with self._steady(arriving=place is None):
            if place is None:
                place = len(self.stack)
                self.stack.append(Card(entry, streaming))
            card = self.stack[place]
            card.streaming = streaming
            (self._streaming.add if streaming else self._streaming.discard)(card)
            card.set(entry)
            self._remade(place)

    def replace(self, entry: Entry) -> None:
        """Show another state of an entry; what did not change is not rendered again."""
        place = self.stack.place(entry.id)
        if place is not None:
            with self._steady():
                self.stack[place].set(entry)
                self._remade(place)

    def amend(self, entry_id: str, **changes: str) -> None:
        """Change fields of an entry other than its text."""
        place = self.stack.place(entry_id)
        if place is not None:
            with self._steady():
                self.stack[place].amend(**changes)
                self._remade(place)

    def feed(self, entry_id: str, text: str, reasoning: str) -> bool:
        """Add text to an entry, which the next `grow` shows; whether there is such an entry."""
        place = self.stack.place(entry_id)
        if place is None:
            return False
        self.stack[place].feed(text, reasoning)
        self._fed.add(entry_id)
        return True

    def grow(self) -> None:
        """Show all that was fed."""
        fed, self._fed = self._fed, set()
        with self._steady(arriving=True):
            for entry_id in fed:
                if (place := self.stack.place(entry_id)) is not None:
                    self._remade(place)

    def close(self, entry: Entry) -> None:
        """End a streaming entry: all of it becomes exact, what is out of view when it is seen."""
        place = self.stack.place(entry.id)
        if place is not None:
            card = self.stack[place]
            with self._steady(arriving=True):
                if self.holding:
                    # What has not been shown yet comes now: nothing grows it any more.
                    self._remade(place)
                    card.streaming = False
                    card.set(entry)
                else:
                    card.close(entry, self._ink)
                self._streaming.discard(card)
                self._kept.add(part for _, part in card.face or ())
                self._remade(place)

    def remove(self, place: int) -> None:
        """Take an entry out."""
        with self._steady():
            self._streaming.discard(self.stack[place])
            self._kept.discard(part for _, part in self.stack[place].face or ())
            self.stack.remove(place)

    def fold(self, place: int) -> None:
        """Show or hide the reasoning of an entry."""
        with self._steady():
            self.stack[place].fold()
            self._remade(place)

    def resize(self, ink: Ink, height: int) -> None:
        """Take a new width, height or theme; the reader's first line stays first."""
        self.height = max(0, height)
        if ink is not self._ink:
            self._reflow(ink)
        self._arrange()

    def scroll(self, top: int) -> None:
        """Go to a line; at the end the view follows again."""
        self.top = top
        self.following = self._at_end()
        self._arrange()

    def follow(self) -> None:
        """Go to the end and stay there."""
        self.following = True
        self._arrange()

    def reveal(self, place: int, at_top: bool = False) -> None:
        """Bring a card into view with the least scrolling, its first line first if it cannot all be seen."""
        card = self.stack[place]
        if self._ink is not None:
            with self._steady():
                self._render(place, 0, self.height, self._ink)
        first = self.stack.top(place)
        end = first + card.height - 1
        if at_top or first < self.top or end - first > self.height:
            self.top = first
        elif end > self.top + self.height:
            self.top = end - self.height
        self.following = self._at_end()
        self._arrange(pinned=place)

    def visible(self) -> range:
        """Places of the cards in view."""
        return self.stack.between(self.top, self.top + self.height)

    def line(self, row: int) -> tuple[int, int] | None:
        """The card's place and the line in it at a row of the view, or None below the end."""
        line = self.top + row
        if not 0 <= line < self.stack.height:
            return None
        place = self.stack.at(line)
        return place, line - self.stack.top(place)

    def rows(self) -> Iterator[Row]:
        """The lines in view, once `resize` told how they look."""
        for place in self.visible() if self._ink else ():
            card, top = self.stack[place], self.stack.top(place)
            first, end = max(0, self.top - top), min(self.top + self.height, self.stack.height) - top
            lines = card.face.rows(first, end) if card.face else ()
            for row, (spot, strip) in enumerate(lines, first):
                yield Row(place, spot, strip, row == card.height - 1)

    @contextmanager
    def _steady(self, arriving: bool = False) -> Iterator[None]:
        """Keep the reader's first line where it is while cards change."""
        stack, before = self.stack, self.stack.height
        held = self._first() if len(stack) and not self.following else None
        yield
        if held and (now := stack.place(held[0].id)) is not None:
            self.top = stack.top(now) + held[0].row_of(held[1])
        if arriving and not self.following:
            self.arrived += max(0, stack.height - before)
        self._arrange()

    def _first(self) -> Place:
        place = self.stack.at(self.top)
        return self.stack[place], self.stack[place].spot(self.top - self.stack.top(place))

    def _remade(self, place: int) -> None:
        """A card changed: show what it was fed if it grows, else guess its height."""
        card = self.stack[place]
        if self._ink is not None:
            if card.streaming:
                self._kept.add(card.grow(self._ink, hold=self.holding))
            elif card.face is None:
                card.estimate(self._ink)
        self.stack.measure(place)

    def _reflow(self, ink: Ink) -> None:
        same_width = self._ink is not None and self._ink.width == ink.width
        held = self._first() if len(self.stack) else None
        part = held[0].face.part_of(held[1]) if held and held[0].face else None
        amount = part.amount(held[1].row) if held and part and part.lines else None
        self._ink = ink
        for card in () if same_width else self.stack:
            card.estimate(ink)
        self.stack.measure()
        if held is None or part is None or same_width:
            return
        (card, spot), place = held, self.stack.at(self.top)
        place = self.stack.place(card.id) or 0
        first = card.row_of(Spot(spot.section, spot.at, 0))
        self._render(place, first, first + 1, ink)
        row = spot.row if amount is None else part.row_of(amount)
        self.top = self.stack.top(place) + card.row_of(Spot(spot.section, spot.at, row))

    def _arrange(self, pinned: int | None = None) -> None:
        """Render all that is in view; one line keeps its row when heights turn out otherwise."""
        ink = self._ink
        self._clamp()
        while ink is not None and (stale := self._stale(ink)):
            card, spot = self._anchor(ink) if pinned is None else (self.stack[pinned], Spot(0, 0, 0))
            place = self.stack.place(card.id) or 0
            row = self.stack.top(place) + card.row_of(spot) - self.top
            for stale_place in stale:
                top = self.stack.top(stale_place)
                self._render(stale_place, self.top - top, self.top + self.height - top, ink, measure=False)
            self.stack.measure(stale[0])
            self.top = self.stack.top(place) + card.row_of(spot) - row
            self._clamp()
        self._kept.evict(self._seen)
        self.following = self.following or self._at_end()
        below = self.stack.height - self.top - self.height
        self.arrived = 0 if self.following else min(self.arrived, below)

    def _render(self, place: int, first: int, end: int, ink: Ink, measure: bool = True) -> None:
        face = self.stack[place].open(ink)
        while face.stale(first, end, ink):
            self._kept.add(face.render(first, end, ink))
        if measure:
            self.stack.measure(place)

    def _stale(self, ink: Ink) -> list[int]:
        """Places of the cards that show something not yet rendered."""
        stale = []
        for place in self.visible():
            face, top = self.stack[place].face, self.stack.top(place)
            if face is None or face.stale(self.top - top, self.top + self.height - top, ink):
                stale.append(place)
        return stale

    def _anchor(self, ink: Ink) -> Place:
        """The first line in view that is rendered, or the first of all."""
        for place in self.visible():
            card, top = self.stack[place], self.stack.top(place)
            if card.face is not None:
                row = card.face.fresh_row(max(0, self.top - top), self.top + self.height - top, ink)
                if row is not None:
                    return card, card.spot(row)
        return self._first()

    def _seen(self) -> set[Part]:
        """The parts in view."""
        return {
            part
            for place in self.visible()
            for part in self.stack[place].parts_between(
                self.top - self.stack.top(place), self.top + self.height - self.stack.top(place)
            )
        }

    def _at_end(self) -> bool:
        return self.top >= self.stack.height - self.height

    def _clamp(self) -> None:
        bottom = max(0, self.stack.height - self.height)
        if not self.following:
            self.top = max(0, min(self.top, bottom))
        elif not self._streaming or not bottom <= self.top < bottom + self._jump_lines:
            jump = self._jump_lines - 1 if self._streaming and bottom else 0
            self.top = bottom + jump
