"""Inline Markdown to styled text: emphasis, code, links and images."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from markdown_it.common.normalize_url import normalizeLinkText
from markdown_it.tree import SyntaxTreeNode
from textual.content import Content, Span
from textual.style import Style

from llmtui.ui.transcript.marks import SEAM

_WEB = re.compile(r"https?://[!-~]+", re.IGNORECASE)
_BARE_URL = re.compile(r"https?://[!#-&(-;=?-Z_a-z~\[\]]*[#-&*+/-9=@-Z_a-z~]", re.IGNORECASE)


def inline(node: SyntaxTreeNode) -> Content:
    """Inline nodes as one styled text; nothing in it is ever parsed as markup."""
    builder = _Inline()
    builder.walk(node)
    return Content("".join(builder.parts), builder.spans)


def joined(nodes: Sequence[SyntaxTreeNode]) -> Content:
    """Several inline nodes as one text, such as a heading's or a cell's."""
    return inline(nodes[0]) if len(nodes) == 1 else Content("").join([inline(node) for node in nodes])


class _Inline:
    """Gathers text and style spans of inline nodes."""

    _STYLES: ClassVar[dict[str, str]] = {"strong": ".strong", "em": ".emphasis", "s": ".strike"}
    _BREAKS: ClassVar[dict[str, str]] = {"softbreak": "\n", "hardbreak": "\n"}

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.spans: list[Span] = []
        self._length = 0

    def walk(self, node: SyntaxTreeNode) -> None:
        if node.type == "link":
            self._link(node)
        elif node.type == "image":
            self._image(node)
        elif node.type == "code_inline":
            self._add(node.content, ".code")
        elif node.type == "text":
            self._text(node)
        elif node.type in self._BREAKS:
            self._add(self._BREAKS[node.type])
        else:
            self._span(node, self._STYLES.get(node.type))

    def _add(self, text: str, *styles: str | Style) -> None:
        start = self._length
        self.parts.append(text)
        self._length += len(text)
        self.spans += [Span(start, self._length, style) for style in styles if text]

    def _span(self, node: SyntaxTreeNode, *styles: str | Style | None) -> str:
        """The children in that style; returns their text."""
        start, first = self._length, len(self.parts)
        outer = len(self.spans)
        for child in node.children:
            self.walk(child)
        spans = [Span(start, self._length, style) for style in styles if style and self._length > start]
        self.spans[outer:outer] = spans
        return "".join(self.parts[first:])

    def _text(self, node: SyntaxTreeNode) -> None:
        text = node.content
        end = 0
        for match in _BARE_URL.finditer(text) if "://" in text and not _in_link(node) else ():
            self._add(text[end : match.start()])
            self._add(match[0], ".link", Style(link=match[0]))
            end = match.end()
        self._add(text[end:])

    def _link(self, node: SyntaxTreeNode) -> None:
        """The text, and the target behind it when the text does not say it."""
        target = str(node.attrs.get("href", "")).replace("%EF%B7%90", "")
        address = Style(link=target) if _WEB.fullmatch(target) else None
        text = self._span(node, ".link", address).replace(SEAM, "")
        if text not in (target, target.removeprefix("mailto:"), normalizeLinkText(target)):
            self._add(f" ({target})" if text else target, ".muted")

    def _image(self, node: SyntaxTreeNode) -> None:
        alt = "".join(child.content for child in node.walk() if child.type in ("text", "code_inline"))
        source = str(node.attrs.get("src", "")).replace("%EF%B7%90", "")
        address = (Style(link=source),) if _WEB.fullmatch(source) else ()
        self._add(f"[image: {alt or 'no description'}]", ".muted")
        self._add(" ")
        self._add(source, ".link", *address)


def _in_link(node: SyntaxTreeNode) -> bool:
    parent = node.parent
    while parent is not None and parent.type != "inline":
        if parent.type == "link":
            return True
        parent = parent.parent
    return False
