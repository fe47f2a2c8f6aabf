"""Markdown source to lines: markdown-it's tree, one small method per kind of block."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import ClassVar

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
from pygments.util import ClassNotFound  # type: ignore[import-untyped]
from rich.segment import Segment
from textual.content import Content
from textual.highlight import ANSIDarkHighlightTheme, ANSILightHighlightTheme, HighlightTheme, highlight
from textual.style import Style

from llmtui.ui.transcript.ink import CodeTheme, Ink, Line, cells, prefixed
from llmtui.ui.transcript.inline import inline, joined
from llmtui.ui.transcript.rendered import Rendered
from llmtui.ui.transcript.seam import SEAM
from llmtui.ui.transcript.table import Table, table_lines

_LONGEST = 100_000
"""A longer paragraph is shown as it is written: nobody styles it, and `[` a million times takes long."""


def _inline_rule(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline" and len(token.content) > _LONGEST:
            token.children = [Token("text", "", 0, content=token.content)]
        elif token.type == "inline" and token.children is not None:
            state.md.inline.parse(token.content, state.md, state.env, token.children)


_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_PARSER.core.ruler.at("inline", _inline_rule)
_CODE_THEMES: Mapping[CodeTheme, type[HighlightTheme]] = {
    "colours": HighlightTheme,
    "ansi-dark": ANSIDarkHighlightTheme,
    "ansi-light": ANSILightHighlightTheme,
}
_NEWLINE = re.compile(r"\r\n?|\n")
_TASK = re.compile(r"\[([ xX])\][ \t]+")
_SETTLED = 12
"""Characters after which a line can no longer turn out to be a list marker."""
_LEAST = 5
"""Cells that the text of a list or quote keeps; nested deeper, it is not indented any more."""
_HIGHLIGHTED = 100_000
"""Longer code is shown plain: colours are not worth a stall."""


def render(source: str, ink: Ink) -> Rendered:
    """Markdown as lines of at most the ink's width."""
    tree = SyntaxTreeNode(_PARSER.parse(source))
    starts: list[tuple[int, int]] = []
    renderer = _Renderer(ink)
    lines: list[Line] = []
    for node in tree.children:
        lines += [[]] if lines else []
        starts.append((node.map[0] if node.map else 0, len(lines)))
        lines += renderer.block(node, ink.width)
    if SEAM in source and renderer.seam_line is None:
        lines.append(ink.seam(ink.width))
    start, row = _open_block(starts, source)
    return Rendered(lines, _offset_of_line(source, start), row)


def code_blocks(source: str) -> list[str]:
    """The code of every fenced or indented block, in order."""
    return [token.content for token in _PARSER.parse(source) if token.type in ("fence", "code_block")]


def _open_block(starts: list[tuple[int, int]], source: str) -> tuple[int, int]:
    """The last block, or the one before while a few characters could still join the two."""
    if not starts:
        return 0, 0
    partial = source[max(source.rfind("\n"), source.rfind("\r")) + 1 :]
    settled = not partial or len(partial.lstrip()) >= _SETTLED
    on_last_line = starts[-1][0] == len(_NEWLINE.findall(source))
    if on_last_line and not settled:
        return starts[-2] if len(starts) > 1 else (0, 0)
    return starts[-1]


def _offset_of_line(source: str, line: int) -> int:
    if not line:
        return 0
    return next(islice(_NEWLINE.finditer(source), line - 1, None)).end()


class _Renderer:
    """Blocks to lines; knows the seam once it has been drawn."""

    def __init__(self, ink: Ink) -> None:
        self._ink = ink
        self.seam_line: Line | None = None

    def block(self, node: SyntaxTreeNode, width: int) -> list[Line]:
        method = self._METHODS.get(node.type, _Renderer._children)
        return method(self, node, max(1, width))

    def _children(self, node: SyntaxTreeNode, width: int) -> list[Line]:
        return self._stack(node.children, width)

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
            body = self._stack(item.children, width - size - 1, tight) or [[]]
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
            lines.append(_filled([self._ink.chrome(f"  {language}", ".muted", base)], width, base))
        content = highlighted(node.content.rstrip("\n"), language, self._ink)
        for number, part in enumerate(self._around_seam(content)):
            lines += self._seam(width) if number else []
            lines += self._code_lines(part, width, base)
        return lines

    def _around_seam(self, content: Content) -> list[Content]:
        at = content.plain.find(SEAM)
        if at < 0:
            return [content]
        before, _, after = content.divide([at, at + 1])
        return [before.right_crop() if before.plain.endswith("\n") else before, after]

    def _code_lines(self, content: Content, width: int, base: Style) -> list[Line]:
        ink, inner = self._ink, max(2, width - 3)
        first, rest = ink.chrome("  ", "", base), ink.chrome("↪ ", ".muted", base)
        lines: list[Line] = []
        for row in content.split(allow_blank=True):
            pieces = [ink.line(piece, base) for piece in row.fold(inner)]
            lines += [_filled(line, width, base) for line in prefixed(pieces, first, rest)]
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


def _filled(line: Line, width: int, base: Style) -> Line:
    return [*line, Segment(" " * max(0, width - cells(line)), base.rich_style)]


def _without_seam(content: Content) -> Content:
    return Content("").join(content.split(SEAM))


@lru_cache(maxsize=64)
def _lexer(language: str) -> str:
    """The language if Pygments knows it; asked once, for an unknown name costs a plugin search."""
    try:
        get_lexer_by_name(language)
    except ClassNotFound:
        return "text"
    return language


def highlighted(code: str, language: str, ink: Ink) -> Content:
    """Code in colour; tabs become spaces first, since Pygments would shift its spans."""
    code = code.expandtabs(4)
    if not language or len(code) > _HIGHLIGHTED:
        return Content(code)
    return highlight(code, language=_lexer(language), theme=_CODE_THEMES[ink.code_theme])
