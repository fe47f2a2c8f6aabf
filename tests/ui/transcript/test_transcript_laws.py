"""Laws over generated Markdown: streamed equals whole, and nothing is wider than the screen."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from textual.strip import Strip

from llmtui.ui.transcript import Entry
from llmtui.ui.transcript.card import Card
from llmtui.ui.transcript.document import Document
from llmtui.ui.transcript.ink import Ink, cells
from llmtui.ui.transcript.markdown import render

_WORDS = st.sampled_from(
    [
        "alpha",
        "**bold**",
        "*it*",
        "`code`",
        "~~no~~",
        "日本語",
        "👩‍👩‍👧",
        "é",
        "[/x]",
        "[@click=app.quit]",
        "a_b",
        "<b>",
        "[l](https://e.org/x)",
        "https://e.org/a_b.",
        "1.",
        "-",
        "#",
        "|",
        "&amp;",
        "$x$",
        "supercalifragilistic" * 4,
    ]
)
TEXT = st.lists(_WORDS, min_size=1, max_size=12).map(" ".join)
_PARAGRAPH = st.lists(TEXT, min_size=1, max_size=3).map("\n".join)
_HEADING = st.builds("{} {}".format, st.sampled_from(["#", "##", "####"]), TEXT)
_BULLETS = st.lists(
    st.builds("{}- {}".format, st.sampled_from(["", "  ", "    "]), TEXT), min_size=1, max_size=5
).map("\n".join)
_NUMBERS = st.lists(TEXT, min_size=1, max_size=12).map(
    lambda items: "\n".join(f"{number}. {item}" for number, item in enumerate(items, 1))
)
_TASKS = st.lists(st.builds("- [{}] {}".format, st.sampled_from(" x"), TEXT), min_size=1, max_size=3).map(
    "\n".join
)
_QUOTE = _PARAGRAPH.map(lambda text: "\n".join(f"> {line}" for line in text.split("\n")))
_FENCE = st.builds(
    "```{}\n{}\n```".format, st.sampled_from(["", "python", "nosuch"]), st.text("ab =()\n\t\"'#", max_size=80)
)
_TABLE = st.lists(
    st.lists(TEXT.map(lambda text: text.replace("|", "")), min_size=3, max_size=3), min_size=1, max_size=4
).map(
    lambda rows: "\n".join(["| h1 | h2 | h3 |", "|:--|:-:|--:|", *(f"| {' | '.join(row)} |" for row in rows)])
)
BLOCK = st.one_of(_PARAGRAPH, _HEADING, _BULLETS, _NUMBERS, _TASKS, _QUOTE, _FENCE, _TABLE, st.just("---"))
DOCUMENT = st.lists(BLOCK, max_size=7).map("\n\n".join)
SENTENCE = "Some **bold** words and `code` that go on for a line or two, with *more* to come. "
SHAPES = {
    "paragraph": SENTENCE * 60,
    "lines": (SENTENCE + "\n") * 60,
    "list": "".join(f"- {SENTENCE}\n" for _ in range(60)),
    "loose list": "".join(f"- {SENTENCE}\n\n" for _ in range(60)),
    "numbered list": "".join(f"{number}. {SENTENCE}\n" for number in range(1, 61)),
    "nested list": "1. Topic\n" + "".join(f"   - {SENTENCE}\n     1. deeper {SENTENCE}\n" for _ in range(30)),
    "item that goes on": "- Item\n\n" + f"  {SENTENCE}\n\n" * 60,
    "quote": "".join(f"> {SENTENCE}\n>\n" for _ in range(60)),
    "fence": "```python\n" + "".join(f"value_{n} = compute({n}, 'x')  # why\n" for n in range(120)),
    "fence in a list": "1. Do:\n\n   ```sh\n" + "".join(f"   run --step {n} 'x'\n" for n in range(200)),
    "table": "|a|b|c|\n|-|-:|-|\n"
    + "".join(f"| row {n} | {n} | some **words** here |\n" for n in range(120)),
}
LARGE = st.builds(
    lambda name, size: SHAPES[name][:size], st.sampled_from(sorted(SHAPES)), st.integers(1, 1500)
)
LONG = st.lists(BLOCK | LARGE, max_size=4).map("\n\n".join)
RAW = st.text("ab1.-*`>#|=~[]():! \n\n", max_size=60)
SIZES = st.lists(st.integers(3, 90), min_size=1, max_size=5)


def chunked(text: str, sizes: list[int]) -> list[str]:
    chunks, at, turn = [], 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        chunks.append(text[at : at + size])
        at, turn = at + size, turn + 1
    return chunks


def all_lines(card: Card, ink: Ink) -> list[Strip]:
    """The lines of a card, as they are when every one was seen."""
    face = card.open(ink)
    while face.stale(0, face.height, ink):
        face.render(0, face.height, ink)
    return [strip for _, strip in face.rows(0, face.height)]


def streamed(entry: Entry, sizes: list[int], ink: Ink) -> Card:
    """A card that was fed a text, before it is closed."""
    card = Card(replace(entry, text=""), streaming=True)
    for chunk in chunked(entry.text, sizes):
        card.feed(chunk, "")
        card.grow(ink)
    return card


def words(lines: Iterable[Strip]) -> list[str]:
    """The letters and digits on the screen, which no markup or line break takes away."""
    return [char for line in lines for char in line.text if char.isalnum()]


@settings(max_examples=100, deadline=None)
@given(document=LONG | RAW, sizes=SIZES, seam=st.none() | st.integers(0, 200))
def test_a_closed_reply_equals_the_same_text_shown_at_once(
    ink: Ink, document: str, sizes: list[int], seam: int | None
) -> None:
    seam = None if seam is None else min(seam, len(document))
    whole = Entry("1", "assistant", "m", document, note="done", seam_at=seam)
    card = streamed(whole, sizes, ink)
    card.close(whole, ink)
    assert all_lines(card, ink) == all_lines(Card(whole), ink)


@settings(max_examples=100, deadline=None)
@given(document=LONG, sizes=SIZES)
def test_no_word_is_missing_while_it_streams(ink: Ink, document: str, sizes: list[int]) -> None:
    whole = Entry("1", "assistant", "", document)
    shown = "".join(words(all_lines(streamed(whole, sizes, ink), ink)))
    expected = "".join(words(all_lines(Card(whole), ink)))
    assert Counter(expected) - Counter(shown) == Counter()


@settings(max_examples=80, deadline=None)
@given(document=DOCUMENT, sizes=SIZES)
def test_what_was_not_cut_is_exact_before_it_is_closed(ink: Ink, document: str, sizes: list[int]) -> None:
    whole = Entry("1", "assistant", "", document)
    card = streamed(whole, sizes, ink)
    assume(max(map(len, document.split("\n\n"))) < 100)
    assert all_lines(card, ink) == all_lines(Card(whole), ink)


@settings(max_examples=60, deadline=None)
@given(document=DOCUMENT | RAW, width=st.integers(8, 100))
def test_no_line_is_wider_than_the_ink(ink: Ink, document: str, width: int) -> None:
    narrow = replace(ink, width=width)
    assert all(cells(line) <= width for line in render(document, narrow))


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.lists(TEXT, min_size=4, max_size=4), min_size=1, max_size=3), width=st.integers(8, 80)
)
def test_a_table_fits_and_loses_no_text(ink: Ink, rows: list[list[str]], width: int) -> None:
    rows = [[cell.replace("|", "/") for cell in row] for row in rows]
    source = "\n".join(["|a|b|c|d|", "|-|:-|:-:|-:|", *(f"|{'|'.join(row)}|" for row in rows)])
    wide = render(source, replace(ink, width=4000))
    fitted = render(source, replace(ink, width=width))
    assert all(cells(line) <= width for line in fitted)
    characters = {char for line in wide for segment in line for char in segment.text} - set(" │─┼")
    assert characters <= {char for line in fitted for segment in line for char in segment.text}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_text_that_is_rendered_again_stays_short(
    ink: Ink, shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[int] = []
    init = Document.__init__

    def watched(self: Document, source: str, *args: object, **options: bool) -> None:
        parsed.append(len(source))
        init(self, source, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Document, "__init__", watched)
    streamed(Entry("1", "assistant", "", SHAPES[shape]), [12], ink)
    flushes = len(SHAPES[shape]) // 12
    assert sum(parsed) < flushes * 900
    assert len(parsed) < flushes * 2
