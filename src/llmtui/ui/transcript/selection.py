"""Text selected with the mouse, addressed by message and line so that it stays put while others grow."""

from __future__ import annotations

from collections.abc import Iterator

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Offset
from textual.selection import Selection
from textual.strip import Strip

from llmtui.ui.transcript.ink import is_chrome
from llmtui.ui.transcript.stack import Stack

_LINE_BITS = 24


def line_key(place: int, row: int) -> int:
    """The y of a line for Textual's selection: the card's place, then the line in the card."""
    return place << _LINE_BITS | row


def whole_card(stack: Stack, place: int) -> Selection:
    """A selection of one message."""
    return Selection(
        Offset(0, line_key(place, 0)), Offset(0, line_key(place, max(0, stack[place].height - 1)))
    )


def moved(selection: Selection, places: int) -> Selection:
    """The same selection after so many cards were put before it."""
    start, end = (
        None if offset is None else Offset(offset.x, offset.y + line_key(places, 0))
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


def copied(stack: Stack, selection: Selection) -> str:
    """The selected text without decoration; messages that were never drawn give their source."""
    first = selection.start.y >> _LINE_BITS if selection.start else 0
    last = selection.end.y >> _LINE_BITS if selection.end else len(stack) - 1
    return "\n".join(
        line for place in range(first, min(last + 1, len(stack))) for line in _lines(stack, place, selection)
    )


def _lines(stack: Stack, place: int, selection: Selection) -> Iterator[str]:
    card = stack[place]
    if not card.lines:
        yield from (card.entry.text, "")
    for row, strip in enumerate(card.lines):
        span = selection.get_span(line_key(place, row))
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
