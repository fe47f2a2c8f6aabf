"""One message in the conversation; its lines are made when somebody sees it."""

from __future__ import annotations

from collections.abc import Iterator

from llmtui.ui.transcript.draft import Draft
from llmtui.ui.transcript.entry import Entry
from llmtui.ui.transcript.face import Face
from llmtui.ui.transcript.ink import Ink
from llmtui.ui.transcript.part import Part, lines_of
from llmtui.ui.transcript.sections import Spot


class Card:
    """One entry; a light thing until it is seen, since a conversation has thousands.

    Attributes:
        streaming: Whether its text is still growing.
        unfolded: Whether its reasoning is shown.
        face: Its lines, once it was seen or began to stream.
    """

    __slots__ = ("_draft", "_height", "face", "streaming", "unfolded")

    def __init__(self, entry: Entry, streaming: bool = False) -> None:
        self.streaming = streaming
        self.unfolded = False
        self.face: Face | None = None
        self._draft = Draft(entry)
        self._height = 1

    @property
    def id(self) -> str:
        """The entry's id."""
        return self._draft.fields.id

    @property
    def entry(self) -> Entry:
        """The entry, with all that has arrived."""
        return self._draft.entry

    @property
    def height(self) -> int:
        """The number of lines, or an estimate before they were rendered."""
        return self.face.height if self.face else self._height

    def estimate(self, ink: Ink) -> None:
        """Guess the height at a new width without rendering."""
        if self.face:
            self.face.estimate(ink)
        else:
            self._height = 2 + lines_of(self._draft.fields.text, ink.width)

    def open(self, ink: Ink) -> Face:
        """The lines, as guesses at first."""
        if self.face is None:
            self.face = Face(self._draft, streaming=self.streaming, unfolded=self.unfolded)
            self.face.estimate(ink)
        return self.face

    def set(self, entry: Entry) -> None:
        """Show another state of the entry."""
        if self.face is None:
            self._draft.set(entry)
        else:
            self.face.set(entry, streaming=self.streaming)

    def amend(self, **changes: str) -> None:
        """Change fields other than the text."""
        self._draft.amend(**changes)
        if self.face:
            self.face.amend()

    def fold(self) -> None:
        """Show or hide the reasoning."""
        self.unfolded = not self.unfolded
        if self.face:
            self.face.fold(self.unfolded)

    def feed(self, text: str, reasoning: str) -> None:
        """Add what arrived; shown by the next `grow`."""
        self._draft.add(text, reasoning)
        if self.face:
            self.face.feed(text, reasoning)

    def grow(self, ink: Ink, *, hold: bool = False) -> list[Part]:
        """Show what was fed; returns the parts that grow no more. With `hold`, none is cut or joined."""
        return self.open(ink).grow(ink, hold=hold)

    def spot(self, row: int) -> Spot:
        """What stands in a row."""
        return self.face.spot(row) if self.face else Spot(-1, 0, row)

    def row_of(self, spot: Spot) -> int:
        """The row of a spot, or the nearest one to it."""
        if self.face is None or spot.section < 0:
            return max(0, min(spot.row, self.height - 1))
        return self.face.row_of(spot)

    def parts_between(self, first: int, end: int) -> Iterator[Part]:
        """The parts that hold rows from `first` up to `end`, as far as they are known."""
        return self.face.parts_between(first, end) if self.face else iter(())

    def close(self, entry: Entry, ink: Ink | None) -> None:
        """End the stream with the whole entry."""
        self.streaming = False
        if self.face and ink:
            self.face.close(entry, ink)
        else:
            self.face = None
            self._draft.set(entry)
