"""Text that no model should send: drawn, or cut with a mark, and never more work than a screen needs."""

import pytest
from textual.app import App, ComposeResult

from llmtui.ui.transcript import Entry, Transcript
from llmtui.ui.transcript.document import Document

ROW = "|" + "b|" * 500 + "\n"
INPUTS = {
    "one line of 2 MB": ("words and more " * 140_000, "words and more"),
    "2 MB without a space": ("x" * 2_000_000, "xxxx"),
    "nested lists": ("- " * 10_000 + "deep", "⋯ deep"),
    "nested quotes": ("> " * 10_000 + "deep", "⋯ d"),
    "nested numbers": ("1. " * 10_000 + "deep", "⋯ "),
    "unclosed fence": ("```python\n" + "x = 1\n" * 50_000, "x = 1"),
    "table of 500 columns": (f"|{'a|' * 500}\n|{'-|' * 500}\n{ROW * 200}", "b"),
    "only combining marks": ("\u0301" * 200_000, "\u0301"),
    "right to left": ("שלום עולם abc مرحبا " * 5_000, "שלום"),
    "brackets": ("[" * 100_000, "[[["),
    "blank lines": ("x" + "\n" * 100_000 + "y", "y"),
    "list items": ("".join(f"- item {n}\n" for n in range(50_000)), "item 49999"),
}


class Host(App[None]):
    def compose(self) -> ComposeResult:
        yield Transcript(rest=0)


def shown(transcript: Transcript) -> str:
    return "\n".join(transcript.render_line(y).text for y in range(transcript.size.height))


@pytest.mark.parametrize("kind", INPUTS)
async def test_bad_input_is_shown_and_parsed_in_pieces(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, mark = INPUTS[kind]
    parsed: list[int] = []
    init = Document.__init__

    def watched(self: Document, source: str, *args: object, inline: bool = True) -> None:
        parsed.append(len(source) if inline else 0)
        init(self, source, *args, inline=inline)  # type: ignore[arg-type]

    monkeypatch.setattr(Document, "__init__", watched)
    async with Host().run_test(size=(80, 24)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        transcript.begin(Entry("s", "assistant", "model"))
        for at in range(0, 4_000, 50):
            transcript.feed("s", text[at : at + 50])
        transcript.feed("s", text[4_000:])
        assert mark in shown(transcript)
        transcript.close(Entry("s", "assistant", "model", text))
        assert mark in shown(transcript)
        transcript.show([Entry("u", "user", "you", text), Entry("s", "assistant", "model", text)])
        assert mark in shown(transcript)
        transcript.focus()
        await pilot.press("pageup", "home", "pagedown", "end")
        assert max(parsed) < 20_000
        lines = [part.lines for card in transcript._viewport.stack for _, part in card.face or ()]
        assert sum(map(len, lines)) < 12_000
        assert max(len(strip.text) for strips in lines for strip in strips) < 1_000


async def test_a_message_too_long_to_be_styled_says_where_that_ends() -> None:
    text = "Some *styled* words.\n\n" * 6_000
    async with Host().run_test(size=(80, 24)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        transcript.show([Entry("s", "assistant", "model", text)])
        assert "Some *styled* words." in shown(transcript)
        transcript.focus()
        await pilot.press("home")
        assert "Some styled words." in shown(transcript)
        face = transcript._viewport.stack[0].face
        assert face is not None
        for _, part in face:
            part.render(transcript._ink)
        texts = [strip.text for _, part in face for strip in part.lines]
        assert len([text for text in texts if "as it is written" in text]) == 1
