"""Markdown in pieces of bounded size, which are rendered one by one when they are seen."""

from __future__ import annotations

from collections.abc import Iterator

from llmtui.ui.transcript.cuts import Cut, cuts
from llmtui.ui.transcript.document import Document
from llmtui.ui.transcript.piece import Piece, References

LARGEST = 8_000
"""Characters of a Markdown piece. A longer block is cut: it must render in well under a frame."""
LARGEST_CODE = 20_000


def pieces(piece: Piece, references: References) -> Iterator[Piece]:
    """A block each, or pieces of a block that is too long; the same for the same text."""
    at, source, head = 0, piece.source, piece.head
    while at < len(source):
        largest = LARGEST_CODE if _is_code(head or source[at : at + 8]) else LARGEST
        window = _whole_lines(source[at : at + largest], at + largest >= len(source))
        document = Document(head + window, references, inline=False)
        starts = [max(0, document.start(block) - len(head)) for block in document.blocks]
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
