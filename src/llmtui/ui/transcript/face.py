"""What a card looks like: title, reasoning, tool calls, text, footer."""

from __future__ import annotations

from textual.content import Content

from llmtui.ui.transcript.draft import Draft
from llmtui.ui.transcript.entry import Entry, ToolLine
from llmtui.ui.transcript.flow import Flow
from llmtui.ui.transcript.grammar import Grammar
from llmtui.ui.transcript.ink import Ink, Line, literal
from llmtui.ui.transcript.literal import Literal
from llmtui.ui.transcript.marks import without_marks
from llmtui.ui.transcript.part import Part
from llmtui.ui.transcript.seam import is_settled, with_seam
from llmtui.ui.transcript.sections import Fixed, Sections

_STYLES = {"user": "", "notice": ".muted"}
_TITLES = {"user": ".you", "assistant": ".title", "notice": ".muted"}


def markdown() -> Grammar:
    """Markdown, by a parser that is imported late: the first frame has nothing to parse."""
    from llmtui.ui.transcript.growth import Markdown

    return Markdown()


def thought() -> Grammar:
    """Reasoning: literal, quiet, behind a rule."""
    return Literal(".thought", "│ ")


class Face(Sections):
    """The sections of one entry."""

    def __init__(self, draft: Draft, *, streaming: bool, unfolded: bool) -> None:
        self._draft = draft
        self._streaming = streaming
        self._unfolded = unfolded
        entry = draft.entry
        self._reasoned = LineCount(entry.reasoning)
        self._thought = Flow(thought)
        self._text = Flow(markdown if entry.kind == "assistant" else lambda: Literal(_STYLES[entry.kind]))
        self._text_shown = False
        self._seam_settled = True
        """Whether more text can no longer move the seam."""
        self._seam_below = False
        """Whether the seam has no place in the text yet."""
        self._set_text(entry)
        self._set_reasoning(entry)
        self._head = Fixed(self._head_lines, self._head_count)
        self._tools = Fixed(self._tool_lines, self._tool_count)
        self._foot = Fixed(self._foot_lines, self._foot_count)
        super().__init__(self._head, self._thought, self._tools, self._text, self._foot)

    @property
    def fold_row(self) -> int | None:
        """The line that tells of the reasoning, if there is any."""
        return self._head.height - 1 if self._reasoned.lines else None

    def set(self, entry: Entry, *, streaming: bool) -> None:
        """Show another state; a text that did not change is not rendered again."""
        before, self._streaming = self._draft.entry, streaming
        self._draft.set(entry)
        if (before.text, before.seam_at) != (entry.text, entry.seam_at):
            self._set_text(entry)
        if before.reasoning != entry.reasoning:
            self._set_reasoning(entry)
        self._restate()

    def amend(self) -> None:
        """Show fields of the draft that changed."""
        self._restate()

    def fold(self, unfolded: bool) -> None:
        """Show or hide the reasoning."""
        self._unfolded = unfolded
        self._set_reasoning(self._draft.entry)
        self._restate()

    def feed(self, text: str, reasoning: str) -> None:
        """Add what has just been added to the draft."""
        if reasoning:
            self._reasoned.add(reasoning)
            if self._unfolded:
                self._thought.feed(without_marks(reasoning))
        if text and self._text_shown and self._seam_settled:
            self._text.feed(without_marks(text))
        elif text:
            self._set_text(self._draft.entry)
        if reasoning or (text and not self._text.parts):
            self._restate()

    def grow(self, ink: Ink, *, hold: bool = False) -> list[Part]:
        """Show what was fed; returns the parts that grow no more. With `hold`, none is cut or joined."""
        done = self._text.grow(ink, hold=hold) if self._text_shown else []
        return done + self._thought.grow(ink, hold=hold) if self._unfolded else done

    def close(self, entry: Entry, ink: Ink) -> None:
        """End the stream: all is now what it is in the whole text."""
        self._streaming = False
        self._draft.set(entry)
        self._text.close(self._source(entry), ink)
        self._reasoned = LineCount(entry.reasoning)
        if self._unfolded:
            self._thought.close(without_marks(entry.reasoning.rstrip()), ink)
        self._restate()

    def _set_text(self, entry: Entry) -> None:
        self._text.set(self._source(entry))

    def _set_reasoning(self, entry: Entry) -> None:
        self._reasoned = LineCount(entry.reasoning)
        self._thought.set(without_marks(entry.reasoning.rstrip()) if self._unfolded else "")

    def _source(self, entry: Entry) -> str:
        """The text to show, the seam in it if it has its place."""
        text, at = without_marks(entry.text), entry.seam_at
        self._seam_settled, self._seam_below = True, False
        if at is not None and entry.kind == "assistant":
            seamed = with_seam(text, at)
            self._seam_below = seamed is None
            self._seam_settled = seamed is not None and is_settled(seamed)
            text = text if seamed is None else seamed
        self._text_shown = bool(text.strip())
        if entry.kind != "assistant":
            return text.rstrip()
        return text if self._text_shown else ""

    def _restate(self) -> None:
        for fixed in (self._head, self._tools, self._foot):
            fixed.restate()

    # --- lines that are no text ------------------------------------------------------------

    def _head_count(self) -> int:
        entry = self._draft.fields
        return bool(entry.title or entry.variants) + bool(self._reasoned.lines)

    def _head_lines(self, ink: Ink) -> list[Line]:
        entry = self._draft.fields
        title = Content.styled(_one_line(entry.title), _TITLES[entry.kind])
        variants = Content.styled(entry.variants, ".muted")
        content = Content("  ").join([part for part in (title, variants) if part])
        lines = [ink.line(content.truncate(ink.width, ellipsis=True))] if content else []
        if count := self._reasoned.lines:
            thinking = self._streaming and not self._draft.has_text
            words = f"{'thinking:' if thinking else 'thought for'} {count} line{'s' * (count != 1)}"
            lines.append(ink.text(f"{'▾' if self._unfolded else '▸'} {words}", ".muted"))
        return lines

    def _tool_count(self) -> int:
        tools = len(self._draft.fields.tool_calls)
        return tools + (self._text_shown and bool(tools or self._reasoned.lines))

    def _tool_lines(self, ink: Ink) -> list[Line]:
        lines = [_tool(call, ink) for call in self._draft.fields.tool_calls]
        return [*lines, []] if self._text_shown and (lines or self._reasoned.lines) else lines

    def _foot_count(self) -> int:
        entry = self._draft.fields
        return bool(entry.note) + bool(entry.alert) + self._seam_below + 1

    def _foot_lines(self, ink: Ink) -> list[Line]:
        entry = self._draft.fields
        lines = [ink.seam(ink.width)] if self._seam_below else []
        lines += literal(entry.note, ink, ink.width, ".muted") if entry.note else []
        if entry.alert:
            lines += literal(f"! {entry.alert}", ink, ink.width, f".{entry.alert_level}")
        return [*lines, []]


class LineCount:
    """Counts the lines of a text that grows, blank ones at its end left out."""

    def __init__(self, text: str) -> None:
        self.lines = 0
        self._blank = 0
        self.add(text)

    def add(self, text: str) -> None:
        """Count more text."""
        said = text.rstrip()
        if said:
            self.lines = max(1, self.lines) + self._blank + said.count("\n")
            self._blank = 0
        self._blank += text.count("\n", len(said))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _tool(call: ToolLine, ink: Ink) -> Line:
    """One line, cut with an ellipsis: the whole call belongs elsewhere."""
    text = _one_line(f"» {call.name}({call.arguments})")
    text += " …" if call.result is None else f" → {_one_line(call.result)}"
    return ink.line(Content(text).truncate(ink.width, ellipsis=True), ink.on(".muted"))
