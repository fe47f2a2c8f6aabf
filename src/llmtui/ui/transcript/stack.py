"""Cards one under the other: which card holds which line."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from llmtui.ui.transcript.card import Card


class Stack:
    """The cards in order, with the first line of each."""

    def __init__(self, cards: Iterable[Card] = ()) -> None:
        self._cards = list(cards)
        self._places = {card.id: place for place, card in enumerate(self._cards)}
        self._tops: list[int] = []
        self.measure()

    def __len__(self) -> int:
        return len(self._cards)

    def __iter__(self) -> Iterator[Card]:
        return iter(self._cards)

    def __getitem__(self, place: int) -> Card:
        return self._cards[place]

    def __contains__(self, entry_id: str) -> bool:
        return entry_id in self._places

    def place(self, entry_id: str) -> int | None:
        """Where the card of that entry stands."""
        return self._places.get(entry_id)

    def prepend(self, cards: Sequence[Card]) -> None:
        """Put cards before the first one."""
        self._cards[:0] = cards
        self._places = {card.entry.id: place for place, card in enumerate(self._cards)}
        self.measure()

    def append(self, card: Card) -> None:
        """Put a card at the end."""
        self._places[card.id] = len(self._cards)
        self._cards.append(card)
        self.measure(len(self._cards) - 1)

    def remove(self, place: int) -> None:
        """Take a card out."""
        del self._cards[place]
        self._places = {card.id: place for place, card in enumerate(self._cards)}
        self.measure(place)

    def measure(self, first: int = 0) -> None:
        """Work out the tops again after the heights of cards from `first` on changed."""
        line = self._tops[first - 1] + self._cards[first - 1].height if first else 0
        del self._tops[first:]
        for card in islice(self._cards, first, None):
            self._tops.append(line)
            line += card.height
        self.height = max(0, line - 1)
        """All lines; the blank one under the last card does not count."""

    def top(self, place: int) -> int:
        """The first line of a card."""
        return self._tops[place]

    def at(self, line: int) -> int:
        """The card that holds a line, or the nearest one."""
        return max(0, min(bisect_right(self._tops, line) - 1, len(self._cards) - 1))

    def between(self, first: int, end: int) -> range:
        """The cards that hold lines from `first` up to `end`."""
        return range(self.at(first), self.at(max(first, end - 1)) + 1) if self._cards else range(0)
