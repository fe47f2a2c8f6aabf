"""Markdown source to lines: one small method per kind of block."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import ClassVar

from markdown_it.tree import SyntaxTreeNode
from rich.segment import Segment
from textual.content import Content

from llmtui.ui.transcript.code import code_lines, filled
from llmtui.ui.transcript.document import CONTAINERS, Document
from llmtui.ui.transcript.grammar import References
from llmtui.ui.transcript.ink import Ink, Line, prefixed
from llmtui.ui.transcript.inline import inline, joined
from llmtui.ui.transcript.marks import FILLER, SEAM
from llmtui.ui.transcript.table import Table, table_lines

_TASK = re.compile(r"\[([ xX])\][ \t]+")
_MARKERS = re.compile(r"(?:[ \t]*(?:>|[-+*]|\d{1,9}[.)])(?=[ \t]|$))*[ \t]*")
_LEAST = 5
"""Cells that the text of a list or quote keeps; nested deeper, it is not indented any more."""
_UNPARSED = "⋯ "
"""Before text that is nested too deep to be parsed, and so is shown as it is written."""


def render(source: str, ink: Ink, references: References | None = None) -> list[Line]:
    """Markdown as lines of at most the ink's width."""
    return [line for block in render_blocks(Document(source, references), ink) for line in block]


def render_blocks(document: Document, ink: Ink) -> list[list[Line]]:
    """The lines of every block; those of all but the first begin with a blank one.

    Lines up to the last filler are left out: they are shown already.
    """
    renderer = _Renderer(ink, document)
    blocks = [renderer.block(node, ink.width) for node in document.blocks]
    blocks = [[[], *lines] if number else lines for number, lines in enumerate(blocks)]
    if SEAM in document.source and renderer.seam_line is None:
        blocks.append([ink.seam(ink.width)])
    return _after_filler(blocks) if FILLER in document.source else blocks


def _after_filler(blocks: list[list[Line]]) -> list[list[Line]]:
    for number in range(len(blocks) - 1, -1, -1):
        for row in range(len(blocks[number]) - 1, -1, -1):
            if any(FILLER in segment.text for segment in blocks[number][row]):
                return [*([[]] * number), blocks[number][row + 1 :], *blocks[number + 1 :]]
    return blocks


class _Renderer:
    """Blocks to lines; knows the seam once it has been drawn."""

    def __init__(self, ink: Ink, document: Document) -> None:
        self._ink = ink
        self._document = document
        self.seam_line: Line | None = None

    def block(self, node: SyntaxTreeNode, width: int) -> list[Line]:
        method = self._METHODS.get(node.type, _Renderer._children)
        return method(self, node, max(1, width))

    def _children(self, node: SyntaxTreeNode, width: int) -> list[Line]:
        return self._stack(node.children, width) if node.children else self._unparsed(node, width)

    def _unparsed(self, node: SyntaxTreeNode, width: int) -> list[Line]:
        """What stands in a container that the parser left alone for being nested too deep."""
        if node.type not in CONTAINERS or not node.map:
            return []
        lines = [self._document.line(number) for number in range(*node.map)]
        text = "\n".join(_MARKERS.sub("", line, count=1) for line in lines).strip()
        mark, ink = self._ink.chrome(_UNPARSED, ".muted"), self._ink
        inner = max(1, width - len(_UNPARSED))
        return prefixed(ink.wrap(Content(text), inner), mark, mark) if text else []

    def _stack(self, nodes: Sequence[SyntaxTreeNode], width: int, tight: bool = False) -> list[Line]:
        lines: list[Line] = []
        for number, node in enumerate(nodes):
            lines += [[]] if number and not tight else []
            lines += self.block(node, width)
        return lines

    def _flow(self, content: Content, width: int) -> list[Line]:
        """Content as lines, with the seam as a line of its own."""
        if SEAM not in content.plain:
            return self._ink.wrap(content, width)
        at = content.plain.index(SEAM)
        before, _, after = content.divide([at, at + 1])
        lines = self._ink.wrap(before.rstrip(), width) if before.plain.strip() else []
        return [*lines, *self._seam(width), *self._ink.wrap(after, width)]

    def _seam(self, width: int) -> list[Line]:
        self.seam_line = self._ink.seam(width)
        return [self.seam_line]

    def _inline(self, node: SyntaxTreeNode, width: int) -> list[Line]:
        return self._flow(inline(node), width)

    def _heading(self, node: SyntaxTreeNode, width: int) -> list[Line]:
        style = f".heading-{min(3, int(node.tag[1:]))}"
        return self._flow(joined(node.children).stylize_before(style), width)

    def _rule(self, node: SyntaxTreeNode, width: int) -> list[Line]:
        return [[self._ink.chrome("─" * width, ".rule")]]

    def _quote(self, node: SyntaxTreeNode, width: int) -> list[Line]:
        if width - 2 < _LEAST:
            return self._children(node, width)
        bar = self._ink.chrome("▌ ", ".rule")
        return prefixed(self._children(node, width - 2), bar, bar)

    def _list(self, node: SyntaxTreeNode, width: int) -> list[Line]:
        marks = [_mark(item) for item in node.children]
        size = max(map(len, marks))
        tight = all(
            child.hidden for item in node.children for child in item.children if child.type == "paragraph"
        )
        if width - size - 1 < _LEAST:
            return self._stack(node.children, width, tight)
        lines: list[Line] = []
        for number, (item, mark) in enumerate(zip(node.children, marks, strict=True)):
            lines += [[]] if number and not tight else []
            inner = width - size - 1
            body = self._stack(item.children, inner, tight) or self._unparsed(item, inner) or [[]]
            if body[0] is self.seam_line:
                lines.append(body.pop(0))
            first = Segment(mark.rjust(size) + " ", self._ink.on(".bullet").rich_style)
            lines += prefixed(body, first, Segment(" " * (size + 1), self._ink.base.rich_style))
        return lines

    def _code(self, node: SyntaxTreeNode, width: int) -> list[Line]:
        """A panel as wide as the text, its language on top; long lines go on after a mark."""
        info = node.info.split() if node.type == "fence" else []
        language = info[0].replace(SEAM, "") if info else ""
        base = self._ink.on(".code-block")
        lines = self._seam(width) if SEAM in node.info else []
        if language:
            lines.append(filled([self._ink.chrome(f"  {language}", ".muted", base)], width, base))
        code = node.content.rstrip("\n")
        before, seam, after = code.partition(SEAM)
        parts = [before.removesuffix("\n"), after] if seam else [code]
        for number, part in enumerate(parts):
            lines += self._seam(width) if number else []
            lines += code_lines(part, language, self._ink, width)
        return lines

    def _table(self, node: SyntaxTreeNode, width: int) -> list[Line]:
        rows = [row for part in node.children for row in part.children]
        contents = [[joined(cell.children) for cell in row.children] for row in rows]
        seam = self._seam(width) if any(SEAM in cell.plain for row in contents for cell in row) else []
        if seam:
            contents = [[_without_seam(cell) for cell in row] for row in contents]
        aligns = [str(cell.attrs.get("style", "")).removeprefix("text-align:") for cell in rows[0].children]
        return [*seam, *table_lines(Table(contents, aligns), self._ink, width)]

    _METHODS: ClassVar[dict[str, Callable[[_Renderer, SyntaxTreeNode, int], list[Line]]]] = {
        "inline": _inline,
        "heading": _heading,
        "hr": _rule,
        "blockquote": _quote,
        "bullet_list": _list,
        "ordered_list": _list,
        "fence": _code,
        "code_block": _code,
        "table": _table,
    }


def _mark(item: SyntaxTreeNode) -> str:
    """The bullet, number or task box before a list item; a task box is taken out of its text."""
    if item.info:
        return item.info + item.markup
    node: SyntaxTreeNode | None = item
    while node is not None and node.type in ("list_item", "paragraph", "inline"):
        node = node.children[0] if node.children else None
    if node is None or node.type != "text" or not (task := _TASK.match(node.content)):
        return "•"
    assert node.token is not None
    node.token.content = node.content[task.end() :]
    return f"[{task[1].lower()}]"


def _without_seam(content: Content) -> Content:
    return Content("").join(content.split(SEAM))
