"""What part of the conversation is on the screen: renders what comes into view, holds the reader's place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from textual.strip import Strip

from llmtui.ui.transcript.blocks import Card
from llmtui.ui.transcript.entry import Entry
from llmtui.ui.transcript.ink import Ink
from llmtui.ui.transcript.stack import Stack

_KEPT_LINES = 5_000


class Viewport:
    """A window on the stack of cards; heights of cards never shown are estimates.

    Attributes:
        stack: All cards.
        top: The first line in view.
        height: How many lines fit.
        following: Whether the view stays at the end.
        arrived: Lines that came in below the view since the reader left the end.
    """

    def __init__(self) -> None:
        self.stack = Stack()
        self.top = 0
        self.height = 0
        self.following = True
        self.arrived = 0
        self._ink: Ink | None = None
        self._kept: dict[Card, None] = {}

    def show(self, entries: Iterable[Entry]) -> None:
        """Replace everything and go to the end."""
        cards = [Card(entry) for entry in entries]
        if self._ink is not None:
            for card in cards:
                card.estimate(self._ink)
        self.stack, self._kept = Stack(cards), {}
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
        if place is not None:
            self.stack[place].streaming = streaming
            return self.replace(entry)
        with self._steady(arriving=True):
            card = Card(entry, streaming)
            self.stack.append(card)
            self._remade(len(self.stack) - 1)
        return None

    def replace(self, entry: Entry, arriving: bool = False) -> None:
        """Show another state of an entry; what did not change is not rendered again."""
        place = self.stack.place(entry.id)
        if place is not None:
            with self._steady(arriving):
                self.stack[place].entry = entry
                self._remade(place)

    def close(self, entry: Entry) -> None:
        """End a streaming entry with one exact rendering."""
        place = self.stack.place(entry.id)
        if place is not None:
            with self._steady(arriving=True):
                self.stack[place].close(entry)
                self._remade(place)

    def remove(self, place: int) -> None:
        """Take an entry out."""
        with self._steady():
            self._kept.pop(self.stack[place], None)
            self.stack.remove(place)

    def fold(self, place: int) -> None:
        """Show or hide the reasoning of an entry."""
        with self._steady():
            self.stack[place].unfolded = not self.stack[place].unfolded
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
        if self._ink is not None and not card.is_fresh(self._ink):
            with self._steady():
                self._remade(place, seen=True)
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

    def nearest(self, row: int) -> tuple[int, int]:
        """Like `line`, but the last line below the end, and the very first of nothing."""
        return self.line(row) or self.line(self.stack.height - 1 - self.top) or (0, 0)

    def strip(self, place: int, row: int) -> Strip:
        """A rendered line."""
        lines = self.stack[place].lines
        return lines[row] if row < len(lines) else Strip.blank(0)

    @contextmanager
    def _steady(self, arriving: bool = False) -> Iterator[None]:
        """Keep the reader's first line where it is while cards change."""
        stack, before = self.stack, self.stack.height
        place = stack.at(self.top) if len(stack) else None
        held = (stack[place], self.top - stack.top(place)) if place is not None else None
        yield
        if held and (now := stack.place(held[0].entry.id)) is not None:
            self.top = stack.top(now) + min(held[1], stack[now].height - 1)
        if arriving and not self.following:
            self.arrived += max(0, stack.height - before)
        self._arrange()

    def _remade(self, place: int, seen: bool = False) -> None:
        """A card changed: render it when somebody sees it or it grows, else guess its height."""
        card = self.stack[place]
        card.invalidate()
        if self._ink is not None:
            if seen or card.streaming or card.lines:
                self._render(card, self._ink)
            else:
                card.estimate(self._ink)
        self.stack.measure(place)

    def _render(self, card: Card, ink: Ink) -> None:
        card.render(ink)
        self._kept[card] = None

    def _reflow(self, ink: Ink) -> None:
        place = self.stack.at(self.top) if len(self.stack) else None
        first = self.stack[place] if place is not None else None
        row = self.top - self.stack.top(place) if place is not None else 0
        mark = first.mark(row) if first else None
        same_width = self._ink is not None and self._ink.width == ink.width
        self._ink = ink
        for card in () if same_width else self.stack:
            card.estimate(ink)
        if first is not None and place is not None:
            self._render(first, ink)
            self.stack.measure()
            self.top = self.stack.top(place) + (row if same_width or mark is None else first.row_of(mark))

    def _arrange(self, pinned: int | None = None) -> None:
        """Render every card in view; one card's first line keeps its row when heights turn out otherwise."""
        ink = self._ink
        self._clamp()
        while ink and (stale := [place for place in self.visible() if not self.stack[place].is_fresh(ink)]):
            fresh = (place for place in self.visible() if place not in stale)
            anchor = pinned if pinned is not None else next(fresh, self.visible()[0])
            row = self.stack.top(anchor) - self.top
            for place in stale:
                self._render(self.stack[place], ink)
            self.stack.measure(stale[0])
            self.top = self.stack.top(anchor) - row
            self._clamp()
        self._evict()
        self.following = self.following or self._at_end()
        below = self.stack.height - self.top - self.height
        self.arrived = 0 if self.following else min(self.arrived, below)

    def _at_end(self) -> bool:
        return self.top >= self.stack.height - self.height

    def _clamp(self) -> None:
        bottom = max(0, self.stack.height - self.height)
        self.top = bottom if self.following else max(0, min(self.top, bottom))

    def _evict(self) -> None:
        """Forget the lines of cards rendered longest ago and not in view."""
        count = sum(card.height for card in self._kept)
        seen = {self.stack[place] for place in self.visible()}
        for card in list(self._kept):
            if count <= _KEPT_LINES:
                return
            if card not in seen and not card.streaming:
                count -= card.height
                del self._kept[card]
                card.forget()
