"""Laws over generated Markdown: streamed equals whole, and nothing is wider than the screen."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from llmtui.ui.transcript import Entry
from llmtui.ui.transcript.blocks import Card, Growing
from llmtui.ui.transcript.ink import Ink, cells
from llmtui.ui.transcript.markdown import render
from llmtui.ui.transcript.rendered import Rendered

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
RAW = st.text("ab1.-*`>#|=~[]():! \n\n", max_size=60)
SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=5)


def chunked(text: str, sizes: list[int]) -> list[str]:
    chunks, at, turn = [], 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        chunks.append(text[at : at + size])
        at, turn = at + size, turn + 1
    return chunks


@settings(max_examples=60, deadline=None)
@given(document=DOCUMENT | RAW, sizes=SIZES, seam=st.none() | st.integers(0, 200))
def test_a_closed_reply_equals_the_same_text_shown_at_once(
    ink: Ink, document: str, sizes: list[int], seam: int | None
) -> None:
    seam = None if seam is None else min(seam, len(document))
    whole = Entry("1", "assistant", "m", document, note="done", seam_at=seam)
    card = Card(replace(whole, text=""), streaming=True)
    for chunk in chunked(document, sizes):
        card.entry = replace(card.entry, text=card.entry.text + chunk)
        card.invalidate()
        card.render(ink)
    card.close(whole)
    card.render(ink)
    at_once = Card(whole)
    at_once.render(ink)
    assert card.lines == at_once.lines
    assert card.height == len(card.lines) == at_once.height


@settings(max_examples=80, deadline=None)
@given(document=DOCUMENT, sizes=SIZES)
def test_without_reference_links_the_stream_is_exact_before_it_is_closed(
    ink: Ink, document: str, sizes: list[int]
) -> None:
    growing, text = Growing(render), ""
    for chunk in chunked(document, sizes):
        text += chunk
        growing.lines(text, ink)
    assert growing.lines(document, ink) == Growing(render).lines(document, ink)


@settings(max_examples=60, deadline=None)
@given(document=DOCUMENT | RAW, width=st.integers(8, 100))
def test_no_line_is_wider_than_the_ink(ink: Ink, document: str, width: int) -> None:
    narrow = replace(ink, width=width)
    assert all(cells(line) <= width for line in render(document, narrow).lines)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.lists(TEXT, min_size=4, max_size=4), min_size=1, max_size=3), width=st.integers(8, 80)
)
def test_a_table_fits_and_loses_no_text(ink: Ink, rows: list[list[str]], width: int) -> None:
    rows = [[cell.replace("|", "/") for cell in row] for row in rows]
    source = "\n".join(["|a|b|c|d|", "|-|:-|:-:|-:|", *(f"|{'|'.join(row)}|" for row in rows)])
    wide = render(source, replace(ink, width=4000)).lines
    fitted = render(source, replace(ink, width=width)).lines
    assert all(cells(line) <= width for line in fitted)
    characters = {char for line in wide for segment in line for char in segment.text} - set(" │─┼")
    assert characters <= {char for line in fitted for segment in line for char in segment.text}


def test_closed_blocks_are_not_rendered_again(ink: Ink) -> None:
    sources: list[str] = []

    def watched(source: str, ink: Ink) -> Rendered:
        sources.append(source)
        return render(source, ink)

    growing, text = Growing(watched), ""
    for number in range(50):
        text += f"Paragraph {number} is long enough to be settled.\n\n"
        growing.lines(text, ink)
    assert max(map(len, sources)) < 200
