"""Markdown in pieces of bounded size, which are rendered one by one when they are seen."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from llmtui.ui.transcript.cuts import Cut, cuts
from llmtui.ui.transcript.document import Document
from llmtui.ui.transcript.grammar import AS_WRITTEN, Piece, References
from llmtui.ui.transcript.literal import Literal

LARGEST = 8_000
"""Characters of a Markdown piece. A longer block is cut: it must render in well under a frame."""
LARGEST_CODE = 12_000
MOST = 100_000
MOST_LINES = 2_500
"""What of a message is read as Markdown, which takes some 50 µs a line; no reply was seen that is longer."""


def pieces(piece: Piece, references: References) -> Iterator[Piece]:
    """A block each, or pieces of a block that is too long; the same for the same text."""
    at, source, head = 0, piece.source, piece.head
    most = _most(source)
    while at < len(source):
        if at >= most or head == AS_WRITTEN:
            for literal in Literal().split(Piece(source[at:]), references):
                yield literal._replace(head=AS_WRITTEN, begins=head != AS_WRITTEN)
                head = AS_WRITTEN
            return
        largest = LARGEST_CODE if _is_code(head or source[at : at + 8]) else LARGEST
        end = min(at + largest, most)
        window = _whole_lines(source[at:end], end >= len(source))
        document = Document(head + window, references, inline=False)
        starts = [max(0, start - len(head)) for start in document.starts]
        starts[:1] = [0]
        whole = at + len(window) >= len(source)
        if not whole and len(starts) > 1:
            window = window[: starts.pop()]
        elif not whole:
            cut = _cut(document, head)
            yield Piece(window[: cut.at], head, not head)
            at, head = at + cut.at, cut.head
            continue
        for start, end in zip(starts, [*starts[1:], len(window)], strict=True):
            yield Piece(window[start:end], head, not head)
            head = ""
        at += len(window)


def _most(source: str) -> int:
    if source.count("\n", 0, MOST) <= MOST_LINES:
        return MOST
    return MOST_LINES + sum(map(len, islice(source[:MOST].split("\n"), MOST_LINES)))


def _is_code(start: str) -> bool:
    return "```" in start or "~~~" in start


def _whole_lines(window: str, last: bool) -> str:
    return window if last else window[: window.rfind("\n") + 1] or window


def _cut(document: Document, head: str) -> Cut:
    """The latest cut that leaves a piece of a good size, relative to the text after the head."""
    least = len(head) + (len(document.source) - len(head)) // 4
    for cut in cuts(document):
        if cut.at > least:
            return Cut(cut.at - len(head), cut.head)
    return Cut(len(document.source) - len(head), "")
