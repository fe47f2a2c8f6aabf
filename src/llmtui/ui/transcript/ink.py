"""Styled text to terminal lines: the one place where width and theme meet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from rich.segment import Segment
from textual.content import Content
from textual.strip import Strip
from textual.style import Style

Line = list[Segment]

MARGIN = 2
"""Cells left of every line: the message cursor and a space."""

_CHROME = Style.from_meta({"chrome": True})


CodeTheme = Literal["colours", "ansi-dark", "ansi-light"]


@dataclass(frozen=True, eq=False)
class Ink:
    """How text becomes lines at one width and in one theme; compared by identity.

    Attributes:
        width: Cells for text, without the margin.
        base: The style of plain text.
        resolve: Turns a style name (`.strong`, `$text-accent bold`) into a style.
        code_theme: The palette of highlighted code: the theme's colours, or the terminal's own.
    """

    width: int
    base: Style
    resolve: Callable[[str], Style]
    code_theme: CodeTheme = "colours"
    _styles: dict[str, Style] = field(default_factory=dict, repr=False)

    def style(self, name: str | Style) -> Style:
        """The style of that name, resolved once."""
        if isinstance(name, Style):
            return name
        if (style := self._styles.get(name)) is None:
            style = self._styles[name] = self.resolve(name)
        return style

    def on(self, name: str) -> Style:
        """The base style with a named one on top."""
        return self.base + self.style(name)

    def line(self, content: Content, base: Style | None = None) -> Line:
        """One line of content, not wrapped."""
        pairs = content.render(base or self.base, end="", parse_style=self.style)
        return [Segment(text, style.rich_style) for text, style in pairs if text]

    def wrap(self, content: Content, width: int, base: Style | None = None) -> list[Line]:
        """Content broken into lines at words, or within a word that is wider than the line."""
        return [self.line(line, base) for line in content.wrap(width)]

    def text(self, text: str, name: str) -> Line:
        """One line of literal text in a named style, not wrapped."""
        return self.line(Content(text), self.on(name))

    def chrome(self, text: str, name: str, base: Style | None = None) -> Segment:
        """Decoration, such as a quote's bar: drawn, but left out of copied text."""
        return Segment(text, ((base or self.base) + self.style(name) + _CHROME).rich_style)

    def seam(self, width: int) -> Line:
        """The line that marks where a continuation was joined."""
        label = " continued "
        side = "╌" * max(2, min(12, (width - len(label)) // 2))
        return [self.chrome(side + label + side, ".muted")]

    def strip(self, line: Line) -> Strip:
        """The finished line with its margin."""
        return Strip([Segment(" " * MARGIN, (self.base + _CHROME).rich_style), *line])


def is_chrome(segment: Segment) -> bool:
    """Whether the segment is decoration rather than text."""
    return segment.style is not None and "chrome" in segment.style.meta


def cells(line: Iterable[Segment]) -> int:
    """Width of a line in terminal cells."""
    return sum(segment.cell_length for segment in line)


def prefixed(lines: list[Line], first: Segment, rest: Segment) -> list[Line]:
    """Lines with a mark before the first and another (as wide) before all others."""
    return [[rest if number else first, *line] for number, line in enumerate(lines)]


def literal(source: str, ink: Ink, width: int, name: str = "") -> list[Line]:
    """Text as it is written: no Markdown, line breaks kept."""
    base = ink.on(name) if name else ink.base
    return ink.wrap(Content(source), width, base)
