"""Markdown source to a tree of blocks that know where in the source they stand."""

from __future__ import annotations

import re
from functools import cached_property

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from llmtui.ui.transcript.grammar import References

CONTAINERS = frozenset({"bullet_list", "ordered_list", "list_item", "blockquote"})

_DEEPEST = 60
"""Levels of nesting that are parsed; a list takes two. The rest is shown as it is written."""
_MOST_BRACKETS = 1_000
"""A paragraph with more is shown as it is written: the time that links take grows with their square."""
_NEWLINE = re.compile(r"\r\n?|\n")
_SETTLED = 12
"""Characters after which a line can no longer turn out to be a list marker."""


def _inline_rule(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline" and token.content.count("[") > _MOST_BRACKETS:
            token.children = [Token("text", "", 0, content=token.content)]
        elif token.type == "inline" and token.children is not None:
            state.md.inline.parse(token.content, state.md, state.env, token.children)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": _DEEPEST})
    return parser.enable(["table", "strikethrough"])


_PARSER = _parser()
_PARSER.core.ruler.at("inline", _inline_rule)
_BLOCK_PARSER = _parser().disable("inline")


class Document:
    """A parsed source.

    Attributes:
        source: What was parsed.
    """

    def __init__(self, source: str, references: References | None = None, *, inline: bool = True) -> None:
        """With `references`, links find their targets there and definitions are added to it."""
        self.source = source
        parser = _PARSER if inline else _BLOCK_PARSER
        tokens = parser.parse(source, {"references": {} if references is None else references})
        self._tokens = tokens

    @cached_property
    def blocks(self) -> list[SyntaxTreeNode]:
        """The blocks at the top level."""
        return SyntaxTreeNode(self._tokens).children

    @cached_property
    def starts(self) -> list[int]:
        """The offsets of their first lines."""
        outer = [token for token in self._tokens if not token.level and token.nesting >= 0]
        return [self.line_starts[token.map[0]] if token.map else 0 for token in outer]

    @cached_property
    def line_starts(self) -> list[int]:
        """The offset of every line."""
        return [0, *(match.end() for match in _NEWLINE.finditer(self.source))]

    def line(self, number: int) -> str:
        """A line of the source, without its end."""
        starts = self.line_starts
        end = starts[number + 1] if number + 1 < len(starts) else len(self.source)
        return self.source[starts[number] : end].rstrip("\r\n")

    def start(self, node: SyntaxTreeNode) -> int:
        """The offset of the line that a block begins on."""
        return self.line_starts[node.map[0]] if node.map and node.map[0] < len(self.line_starts) else 0

    def open_block(self) -> int:
        """Number of the last block, or of the one before while a few characters could join the two."""
        if not self.blocks:
            return 0
        last = len(self.blocks) - 1
        partial = self.source[self.line_starts[-1] :]
        settled = not partial or len(partial.lstrip()) >= _SETTLED
        on_last_line = self.start(self.blocks[-1]) == self.line_starts[-1]
        return max(0, last - 1) if on_last_line and not settled else last


def code_blocks(source: str) -> list[str]:
    """The code of every fenced or indented block, in order."""
    return [token.content for token in _BLOCK_PARSER.parse(source) if token.type in ("fence", "code_block")]
