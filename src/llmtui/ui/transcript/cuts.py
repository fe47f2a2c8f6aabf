"""Where a block may be cut, so that what stands before need not be rendered again.

A cut comes with a head: a few lines that open the same lists, quotes, fence or table again, with a filler
where their text would be. Head and rest together are then understood as the rest was in the whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from markdown_it.tree import SyntaxTreeNode
from textual.content import Content

from llmtui.ui.transcript.document import CONTAINERS, Document
from llmtui.ui.transcript.inline import joined
from llmtui.ui.transcript.marks import FILLER

_MARKERS = re.compile(r"(?:[ \t]*(?:>|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t])))*[ \t]*")
_INDENT = re.compile(r"[ \t>]*")
_SETTLED = 12
"""Characters that must stand behind a cut: with fewer, the next ones can change what they mean."""
_ROWS_TOGETHER = 10
"""Rows of a table that stay together at first, so that its columns find their widths."""
_ROWS_AGAIN = 4
"""The same where fillers keep the widths."""
_TRIES = 6
_NEEDLE = 24


class Cut(NamedTuple):
    """An offset in the source, and what must stand before the rest."""

    at: int
    head: str


def cuts(document: Document, shown: Sequence[str] = ()) -> Iterator[Cut]:
    """Places where the only block of a document may be cut, the latest first.

    `shown` is the text of its last lines on the screen: a paragraph is cut where such a line begins.
    """
    if not document.blocks:
        return
    path: list[SyntaxTreeNode] = []
    node = document.blocks[-1]
    while node.type in CONTAINERS and node.children:
        path.append(node)
        node = node.children[-1]
    end = len(document.source.rstrip()) - _SETTLED
    for cut in [*_in_leaf(document, path, node, shown), *_between(document, path)]:
        if 0 < cut.at <= end:
            yield cut


def _between(document: Document, path: Sequence[SyntaxTreeNode]) -> Iterator[Cut]:
    """Before the last children of each container, the innermost first."""
    for depth in range(len(path) - 1, -1, -1):
        for child in path[depth].children[:0:-1][:_TRIES]:
            if not child.map:
                continue
            line, before = document.line(child.map[0]), document.line(child.map[0] - 1)
            if path[depth].type in ("bullet_list", "ordered_list"):
                head = f"{_opened(document, path[:depth])}{_opener(line)}\n"
            else:
                head = _opened(document, path[: depth + 1])
                head += "" if before.strip(" \t>") else f"{before}\n"
            yield Cut(document.start(child), head)


def _in_leaf(
    document: Document, path: Sequence[SyntaxTreeNode], leaf: SyntaxTreeNode, shown: Sequence[str]
) -> Iterator[Cut]:
    if not leaf.map:
        return
    if leaf.type == "table":
        yield from _in_table(document, path, leaf)
    elif leaf.type in ("fence", "code_block"):
        head = _opened(document, path)
        if leaf.type == "fence":
            first = leaf.map[0]
            opens_item = any(node.map and node.map[0] == first for node in path)
            head = (_opened(document, path, first) if opens_item else head) + document.line(first) + "\n"
        for number in _last_lines(document, leaf):
            indent = _indent(document.line(number))
            yield Cut(document.line_starts[number], f"{head}{indent}{FILLER}\n")
        if leaf.type == "fence":
            yield from (Cut(at, f"{head}{FILLER}\n") for at in _in_lines(document, leaf, shown))
    elif leaf.type == "paragraph":
        head = _opened(document, path)
        indent = re.sub(r"[^>\s]", " ", head.rpartition("\n")[0].rpartition("\n")[2].replace(FILLER, ""))
        head = head + indent if head else f"{FILLER}\n"
        for number in _last_lines(document, leaf):
            line = document.line(number)
            yield Cut(document.line_starts[number] + len(_indent(line)), head)
        yield from (Cut(at, head) for at in _in_lines(document, leaf, shown))


def _last_lines(document: Document, leaf: SyntaxTreeNode) -> Iterator[int]:
    """Lines with text in a block, the last first, but never its first."""
    assert leaf.map
    last = min(leaf.map[1], len(document.line_starts)) - 1
    first = leaf.map[0] + (leaf.type == "fence")
    numbers = range(last, max(first, last - _TRIES), -1)
    yield from (number for number in numbers if document.line(number).strip(" \t>"))


def _in_lines(document: Document, leaf: SyntaxTreeNode, shown: Sequence[str]) -> Iterator[int]:
    """Offsets in a long line at which a line on the screen begins, or else any word."""
    source, start = document.source, document.start(leaf)
    for text in shown[:-_TRIES:-1]:
        at = source.rfind(text[:_NEEDLE], start + 1) if text else -1
        if at > 0:
            yield at
    space = source.rfind(" ", start, len(source) - _SETTLED)
    if not shown:
        yield space + 1 if space > start else len(source) - _SETTLED


def _in_table(document: Document, path: Sequence[SyntaxTreeNode], table: SyntaxTreeNode) -> Iterator[Cut]:
    rows = [row for part in table.children for row in part.children]
    least = _ROWS_AGAIN if FILLER in document.source else _ROWS_TOGETHER
    if len(rows) < least or not table.map or not rows[-1].map:
        return
    cells = [[_content(cell) for cell in row.children] for row in rows]
    widths = [max(cell.cell_length for cell in column) for column in zip(*cells, strict=True)]
    fillers = " | ".join("x" * (width - 1) + FILLER for width in widths)
    first = table.map[0]
    opens_item = any(node.map and node.map[0] == first for node in path)
    head = _opened(document, path, first if opens_item else None)
    head += f"{document.line(first)}\n{document.line(first + 1)}\n"
    head += f"{_indent(document.line(rows[-1].map[0]))}| {fillers} |\n"
    yield Cut(document.start(rows[-1]), head)


def _content(cell: SyntaxTreeNode) -> Content:
    texts = cell.children
    return joined(texts) if texts and texts[0].children else Content(texts[0].content if texts else "")


def _opened(document: Document, path: Sequence[SyntaxTreeNode], before: int | None = None) -> str:
    """Lines that open the items and quotes on the way; those on the line `before` are left out."""
    numbers = {
        node.map[0] for node in path if node.type in ("list_item", "blockquote") and node.map is not None
    }
    lines = [document.line(number) for number in sorted(numbers) if number != before]
    return "".join(f"{_opener(line)}\n" for line in lines)


def _opener(line: str) -> str:
    """The markers of a line; a number becomes a one as wide, which may follow upon a paragraph."""
    match = _MARKERS.match(line)
    markers = match[0] if match else ""
    return re.sub(r"\d+", lambda digits: "1".zfill(len(digits[0])), markers) + FILLER


def _indent(line: str) -> str:
    match = _INDENT.match(line)
    return match[0] if match else ""
