"""Text selected with the mouse, addressed so that it stays put while other text arrives or is rendered."""

from __future__ import annotations

from collections.abc import Iterator

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Offset
from textual.selection import Selection
from textual.strip import Strip

from llmtui.ui.transcript.card import Card
from llmtui.ui.transcript.ink import Ink, is_chrome
from llmtui.ui.transcript.sections import Spot
from llmtui.ui.transcript.stack import Stack

_ROW_BITS = 20
_OFFSET_BITS = 32
_SECTION_BITS = 4
_CARD_BITS = _SECTION_BITS + _OFFSET_BITS + _ROW_BITS


def line_key(place: int, spot: Spot) -> int:
    """The y of a line for Textual's selection: the card's place, then the line's place in the card."""
    section = max(0, spot.section) << _OFFSET_BITS
    return place << _CARD_BITS | (section | spot.at) << _ROW_BITS | spot.row


def whole_card(place: int) -> Selection:
    """A selection of one message."""
    return Selection(Offset(0, place << _CARD_BITS), Offset(0, (place + 1 << _CARD_BITS) - 1))


def moved(selection: Selection, places: int) -> Selection:
    """The same selection after so many cards were put before it."""
    start, end = (
        None if offset is None else Offset(offset.x, offset.y + (places << _CARD_BITS))
        for offset in (selection.start, selection.end)
    )
    return Selection(start, end)


def marked(strip: Strip, span: tuple[int, int], style: Style) -> Strip:
    """The strip with the characters of the span in the style of a selection."""
    first, end = span
    if style.color == style.bgcolor:
        # Textual's way to say that selected text keeps its own colours.
        style = Style(bgcolor=style.bgcolor, reverse=style.reverse)
    start = strip.index_to_cell_position(first)
    stop = strip.cell_length if end < 0 else strip.index_to_cell_position(min(end, len(strip.text)))
    middle = Strip(Segment.apply_style(strip.crop(start, stop), post_style=style))
    return Strip.join([strip.crop(0, start), middle, strip.crop(max(start, stop))])


def copied(stack: Stack, selection: Selection, ink: Ink) -> str:
    """The selected text without decoration; what is not drawn gives its source."""
    first = selection.start.y >> _CARD_BITS if selection.start else 0
    last = selection.end.y >> _CARD_BITS if selection.end else len(stack) - 1
    return "\n".join(
        line
        for place in range(first, min(last + 1, len(stack)))
        for line in _lines(place, stack[place], selection, ink)
    )


def _lines(place: int, card: Card, selection: Selection, ink: Ink) -> Iterator[str]:
    if card.face is None:
        yield from (card.entry.text, "")
        return
    card.face.split(ink)
    for section, part in card.face:
        if (
            part.source
            and not part.lines
            and selection.get_span(line_key(place, Spot(section, part.at, 0))) is not None
        ):
            yield part.source.rstrip("\n")
        for row, strip in enumerate(part.lines):
            span = selection.get_span(line_key(place, Spot(section, part.at, row)))
            if span is not None:
                yield _characters(strip, *span).rstrip()


def _characters(strip: Strip, start: int, end: int) -> str:
    """The characters of the strip from start to end, decoration left out."""
    text, position = "", 0
    for segment in strip:
        if not is_chrome(segment):
            stop = len(segment.text) if end < 0 else max(0, end - position)
            text += segment.text[max(0, start - position) : stop]
        position += len(segment.text)
    return text
