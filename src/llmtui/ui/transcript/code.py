"""Code in colour, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from pygments.lexer import Lexer  # type: ignore[import-untyped]
from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
from pygments.util import ClassNotFound  # type: ignore[import-untyped]
from rich.segment import Segment
from textual.content import Content, Span
from textual.highlight import ANSIDarkHighlightTheme, ANSILightHighlightTheme, HighlightTheme, TokenType
from textual.style import Style

from llmtui.ui.transcript.ink import CodeTheme, Ink, Line, cells, prefixed

Token = tuple[Style, str]

_THEMES: Mapping[CodeTheme, type[HighlightTheme]] = {
    "colours": HighlightTheme,
    "ansi-dark": ANSIDarkHighlightTheme,
    "ansi-light": ANSILightHighlightTheme,
}
_CONTINUED = "↪ "


def code_lines(code: str, language: str, ink: Ink, width: int) -> list[Line]:
    """Code on its background, `width` cells wide; a line that is longer goes on after a mark."""
    base = ink.on(".code-block")
    # Tabs become spaces first: Pygments would shift what stands behind them.
    rows = _coloured(code.expandtabs(4), language, ink, base)
    first, inner = ink.chrome("  ", "", base), max(2, width - 3)
    lines: list[Line] = []
    for row in rows:
        line = [Segment(text, style.rich_style) for style, text in row]
        if cells(line) <= inner:
            lines.append(filled([first, *line], width, base))
        else:
            pieces = [ink.line(piece, base) for piece in _content(row).fold(inner)]
            rest = ink.chrome(_CONTINUED, ".muted", base)
            lines += [filled(piece, width, base) for piece in prefixed(pieces, first, rest)]
    return lines


def filled(line: Line, width: int, base: Style) -> Line:
    """The line with blanks up to a width."""
    return [*line, Segment(" " * max(0, width - cells(line)), base.rich_style)]


def _coloured(code: str, language: str, ink: Ink, base: Style) -> list[list[Token]]:
    lexer = _lexer(language) if language else None
    if lexer is None:
        return [[(base, line)] if line else [] for line in code.split("\n")]
    styles, plain = _THEMES[ink.code_theme].STYLES, base + ink.style("$text")
    known: dict[TokenType, Style] = {}
    rows: list[list[Token]] = [[]]
    for kind, text in lexer.get_tokens(code):
        style = known.get(kind)
        if style is None:
            named = next((styles[name] for name in _ancestors(kind) if styles.get(name)), "")
            style = known[kind] = plain + ink.style(named) if named else plain
        first, *others = text.split("\n")
        if first:
            rows[-1].append((style, first))
        rows += [[(style, other)] if other else [] for other in others]
    # Lexers end the last line whether it was or not.
    return rows[: code.count("\n") + 1]


def _ancestors(kind: TokenType) -> list[TokenType]:
    names = [kind]
    while (parent := getattr(names[-1], "parent", None)) is not None:
        names.append(parent)
    return names


def _content(row: list[Token]) -> Content:
    """The row as one text, which can be folded between characters of any width."""
    spans, end = [], 0
    for style, text in row:
        spans.append(Span(end, end + len(text), style))
        end += len(text)
    return Content("".join(text for _, text in row), spans)


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    """The lexer of a language, or None; asked once, for an unknown name costs a plugin search."""
    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=True)
    except ClassNotFound:
        return None
