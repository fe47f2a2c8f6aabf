"""Text that arrives: what of it is final, and the little that must be rendered again with the next words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmtui.ui.transcript.cuts import cuts
from llmtui.ui.transcript.document import Document
from llmtui.ui.transcript.grammar import AS_WRITTEN, Grown, Piece, References
from llmtui.ui.transcript.ink import Ink, Line, is_chrome
from llmtui.ui.transcript.literal import Literal
from llmtui.ui.transcript.markdown import render, render_blocks
from llmtui.ui.transcript.splitting import LARGEST, pieces

_OPEN = 320
"""Characters of an open block from which on it is cut where its lines would stay the same."""
_AGAIN = 120
"""The same for a block that has been cut before."""
_STEP = 60
"""Characters between two tries to cut."""
_FORCED = 2_400
"""Characters from which on it is cut even if its lines change; all is set right when the block ends."""
_TRIES = 3
_LITERAL = Literal()
_TOO_LONG = "⋯ too long to be styled: from here on as it is written"


class Markdown:
    """The grammar of model text."""

    def split(self, piece: Piece, references: References) -> Iterator[Piece]:
        """A block each."""
        return pieces(piece, references)

    def render(self, piece: Piece, ink: Ink, references: References) -> list[Line]:
        """The blocks, styled."""
        if piece.head == AS_WRITTEN:
            lines = _LITERAL.render(piece, ink, references)
            return [ink.text(_TOO_LONG, ".muted"), *lines] if piece.begins else lines
        return render(piece.head + piece.source, ink, references)

    def grow(self, piece: Piece, arrived: int, ink: Ink, references: References) -> list[Grown]:
        """Blocks before the open one are final, and so is what can be cut from the open one."""
        if piece.head != AS_WRITTEN:
            return grow(piece, arrived, ink, references)
        grown = _LITERAL.grow(piece, arrived, ink, references)
        kinds = [piece, *[piece._replace(begins=False)] * (len(grown) - 1)]
        named = [kind._replace(source=each.piece.source) for kind, each in zip(kinds, grown, strict=True)]
        return [*map(Grown, named[:-1]), Grown(named[-1], self.render(named[-1], ink, references))]


def grow(piece: Piece, arrived: int, ink: Ink, references: References) -> list[Grown]:
    """The last piece of a text, after `arrived` characters came: what is final, then what is still open."""
    closed: list[Piece] = []
    if len(piece.source) > LARGEST:
        *closed, piece = pieces(piece, references)
        if piece.head == AS_WRITTEN:
            return [*map(Grown, closed), Grown(piece)]
    document = Document(piece.head + piece.source, dict(references))
    # The blank line before a block belongs to the part that it becomes.
    blocks = [lines[bool(number) :] for number, lines in enumerate(render_blocks(document, ink))]
    if last := document.open_block():
        grown = _split(piece, document, blocks, last)
    else:
        grown = [Grown(piece, _joined(blocks), whole=not piece.head)]
        size, least = len(piece.source), _AGAIN if piece.head else _OPEN
        is_due = size > least and size // _STEP != (size - arrived) // _STEP
        if is_due and len(document.blocks) == 1:
            grown = _cut(grown[0], document, ink, references)
    return [*map(Grown, closed), *grown]


def _joined(blocks: Sequence[list[Line]]) -> list[Line]:
    lines: list[Line] = []
    for number, block in enumerate(blocks):
        lines += [[], *block] if number else block
    return lines


def _split(piece: Piece, document: Document, blocks: Sequence[list[Line]], last: int) -> list[Grown]:
    """All blocks before the open one are final."""
    before = len(piece.head)
    starts = [0, *(max(0, start - before) for start in document.starts[1 : last + 1])]
    grown = []
    for number, start in enumerate(starts[:-1]):
        source = piece.source[start : starts[number + 1]]
        head = "" if number else piece.head
        grown.append(Grown(Piece(source, head, not head), blocks[number], whole=not head))
    return [*grown, Grown(Piece(piece.source[starts[-1] :]), _joined(blocks[last:]))]


def _cut(open_block: Grown, document: Document, ink: Ink, references: References) -> list[Grown]:
    """Cut the open block where what follows looks the same when it is rendered alone."""
    piece, lines = open_block.piece, open_block.lines or []
    before = len(piece.head)
    forced: tuple[Piece, list[Line]] | None = None
    candidates = [cut for cut in cuts(document, [_text(line) for line in lines[-8:]]) if cut.at > before]
    for cut in candidates[:_TRIES]:
        rest = Piece(document.source[cut.at :], cut.head, begins=False)
        shown = render(rest.head + rest.source, ink, dict(references))
        kept = len(lines) - len(shown)
        if kept > 0 and list(map(_row, lines[kept:])) == list(map(_row, shown)):
            done = piece._replace(source=piece.source[: cut.at - before])
            return [Grown(done, lines[:kept], whole=False), Grown(rest, shown, whole=False)]
        forced = forced or (rest, shown)
    if forced is None or len(piece.source) < _FORCED:
        return [open_block]
    rest, shown = forced
    done = piece._replace(source=piece.source.removesuffix(rest.source))
    return [Grown(done), Grown(rest, shown, whole=False)]


def _row(line: Line) -> str:
    return "".join(segment.text for segment in line).rstrip()


def _text(line: Line) -> str:
    return "".join(segment.text for segment in line if not is_chrome(segment)).strip()
