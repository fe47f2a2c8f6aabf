"""A message as lines: each part is rendered when it changed, and only the open block while it streams."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from textual.content import Content
from textual.strip import Strip

from llmtui.ui.transcript.entry import Entry, ToolLine
from llmtui.ui.transcript.ink import Ink, Line, is_chrome, literal
from llmtui.ui.transcript.rendered import Rendered
from llmtui.ui.transcript.seam import with_seam

Renderer = Callable[[str, Ink], Rendered]


class Growing:
    """Lines of a text that grows at its end: closed blocks are kept, the open one is rendered again."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self.reset()

    def reset(self) -> None:
        """Forget all lines: the next call renders the whole text at once."""
        self._ink: Ink | None = None
        self._text: str | None = None
        self._closed: list[Strip] = []
        self._closed_at = 0
        self._lines: list[Strip] = []

    def lines(self, text: str, ink: Ink) -> list[Strip]:
        """The lines of the text; cheap when it only grew."""
        if ink is self._ink and text == self._text:
            return self._lines
        if ink is not self._ink or self._text is None or not text.startswith(self._text[: self._closed_at]):
            self.reset()
        self._ink, self._text = ink, text
        rendered = self._renderer(text[self._closed_at :], ink)
        fresh = [ink.strip(line) for line in rendered.lines]
        lines = self._closed + fresh
        self._closed += fresh[: rendered.open_row]
        self._closed_at += rendered.open_at
        while len(lines) > 1 and not lines[-1].text.strip():
            lines.pop()
        self._lines = lines
        return lines


def markdown(source: str, ink: Ink) -> Rendered:
    """Markdown, by a parser that is imported late: the first frame has nothing to parse."""
    from llmtui.ui.transcript.markdown import render

    return render(source, ink)


def plain(name: str = "") -> Renderer:
    """A renderer of literal text, open at its last line."""

    def rendered(source: str, ink: Ink) -> Rendered:
        open_at = source.rfind("\n") + 1
        closed = literal(source[: open_at - 1], ink, ink.width, name) if open_at else []
        return Rendered(closed + literal(source[open_at:], ink, ink.width, name), open_at, len(closed))

    return rendered


def thought(source: str, ink: Ink) -> Rendered:
    """Reasoning: literal, quiet, behind a rule."""
    inner = plain(".thought")(source, replace(ink, width=max(1, ink.width - 2)))
    bar = ink.chrome("│ ", ".rule")
    return replace(inner, lines=[[bar, *line] for line in inner.lines])


class Card:
    """One entry on the screen.

    Attributes:
        entry: What it shows.
        streaming: Whether its text is still growing.
        unfolded: Whether its reasoning is shown.
        lines: The lines, once rendered.
        height: Their number, or an estimate before that.
    """

    def __init__(self, entry: Entry, streaming: bool = False) -> None:
        self.entry = entry
        self.streaming = streaming
        self.unfolded = False
        self.lines: list[Strip] = []
        self.height = 1
        self.fold_row: int | None = None
        self._ink: Ink | None = None
        self._body = Growing(markdown if entry.kind == "assistant" else plain(_BODY[entry.kind]))
        self._thought = Growing(thought)

    def is_fresh(self, ink: Ink) -> bool:
        """Whether the lines are those of this width and theme."""
        return self._ink is ink

    def invalidate(self) -> None:
        """Have the lines made again; unchanged parts are taken as they are."""
        self._ink = None

    def close(self, entry: Entry) -> None:
        """End the stream: the whole text is rendered once more, exactly."""
        self.entry, self.streaming = entry, False
        self._body.reset()
        self.invalidate()

    def forget(self) -> None:
        """Give the lines' memory back; the height stays."""
        self.lines = []
        self._body.reset()
        self._thought.reset()
        self.invalidate()

    def estimate(self, ink: Ink) -> None:
        """Guess the height at a new width without rendering."""
        self.height = 2 + sum(1 + len(line) // ink.width for line in self.entry.text.split("\n"))

    def render(self, ink: Ink) -> None:
        """Make the lines, from what is already rendered where that still holds."""
        entry = self.entry
        lines = [ink.strip(line) for line in _title(entry, ink)]
        self.fold_row = len(lines) if entry.reasoning else None
        if entry.reasoning:
            lines.append(ink.strip(self._fold(ink)))
            lines += self._thought.lines(entry.reasoning, ink) if self.unfolded else []
        lines += [ink.strip(_tool(call, ink)) for call in entry.tool_calls]
        text = self._text_lines(ink)
        lines += [_BLANK, *text] if text and (entry.reasoning or entry.tool_calls) else text
        lines += [ink.strip(line) for line in _footer(entry, ink)]
        self.lines = [*lines, _BLANK]
        self.height = len(self.lines)
        self._ink = ink

    def mark(self, row: int) -> int | None:
        """How much text stands before a line: finds it again at another width."""
        return sum(_amount(strip) for strip in self.lines[:row]) if self.lines else None

    def row_of(self, mark: int) -> int:
        """The line at which that much text stands before."""
        seen = 0
        for row, strip in enumerate(self.lines):
            seen += _amount(strip)
            if seen > mark:
                return row
        return self.height - 1

    def _text_lines(self, ink: Ink) -> list[Strip]:
        text, seam_at = self.entry.text, self.entry.seam_at
        if not text.strip() and seam_at is None:
            return []
        if seam_at is None or self.entry.kind != "assistant":
            return self._body.lines(text, ink)
        if (seamed := with_seam(text, seam_at)) is not None:
            return self._body.lines(seamed, ink)
        return [*self._body.lines(text, ink), ink.strip(ink.seam(ink.width))]

    def _fold(self, ink: Ink) -> Line:
        count = len(self.entry.reasoning.rstrip().split("\n"))
        thinking = self.streaming and not self.entry.text
        words = f"{'thinking:' if thinking else 'thought for'} {count} line{'s' * (count != 1)}"
        return ink.text(f"{'▾' if self.unfolded else '▸'} {words}", ".muted")


_BLANK = Strip.blank(0)
_BODY = {"user": "", "notice": ".muted"}
_TITLES = {"user": ".you", "assistant": ".title", "notice": ".muted"}


def _amount(strip: Strip) -> int:
    return sum(len("".join(segment.text.split())) for segment in strip if not is_chrome(segment))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _title(entry: Entry, ink: Ink) -> list[Line]:
    title = Content.styled(_one_line(entry.title), _TITLES[entry.kind])
    variants = Content.styled(entry.variants, ".muted")
    content = Content("  ").join([part for part in (title, variants) if part])
    return [ink.line(content.truncate(ink.width, ellipsis=True))] if content else []


def _tool(call: ToolLine, ink: Ink) -> Line:
    """One line, cut with an ellipsis: the whole call belongs elsewhere."""
    text = _one_line(f"» {call.name}({call.arguments})")
    text += " …" if call.result is None else f" → {_one_line(call.result)}"
    return ink.line(Content(text).truncate(ink.width, ellipsis=True), ink.on(".muted"))


def _footer(entry: Entry, ink: Ink) -> list[Line]:
    lines = literal(entry.note, ink, ink.width, ".muted") if entry.note else []
    if entry.alert:
        lines += literal(f"! {entry.alert}", ink, ink.width, f".{entry.alert_level}")
    return lines
