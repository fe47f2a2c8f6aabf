"""Entries that come before the first one: nothing moves, nothing is drawn that nobody sees."""

from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.geometry import Offset
from textual.selection import Selection

from llmtui.ui.transcript import Entry, Transcript
from llmtui.ui.transcript.ink import Ink
from llmtui.ui.transcript.selection import line_key
from llmtui.ui.transcript.viewport import Viewport
from tests.ui.transcript.test_transcript_laws import DOCUMENT


@st.composite
def conversations(draw: st.DrawFn, name: str) -> list[Entry]:
    kinds = st.sampled_from(["user", "assistant"])
    documents = draw(st.lists(st.tuples(kinds, DOCUMENT), min_size=1, max_size=8))
    return [Entry(f"{name}{place}", kind, "t", text) for place, (kind, text) in enumerate(documents)]  # type: ignore[arg-type]


def view(viewport: Viewport) -> list[object]:
    return [row.strip for row in viewport.rows()]


@settings(max_examples=60, deadline=None)
@given(
    shown=conversations("shown"),
    slices=st.lists(st.integers(0, 6), max_size=4),
    scrolls=st.lists(st.integers(0, 200), max_size=3),
    height=st.integers(1, 12),
    data=st.data(),
)
def test_what_is_in_view_stays_while_earlier_entries_come(
    ink: Ink, shown: list[Entry], slices: list[int], scrolls: list[int], height: int, data: st.DataObject
) -> None:
    viewport = Viewport()
    viewport.resize(ink, height)
    viewport.show(shown)
    for top in scrolls:
        viewport.scroll(top)
    full = viewport.stack.height >= height
    before, following = view(viewport), viewport.following
    ids = [entry.id for entry in shown]
    for number, count in enumerate(slices):
        earlier = data.draw(conversations(f"earlier{number}-"))[:count]
        viewport.prepend(earlier)
        ids = [*(entry.id for entry in earlier), *ids]
        if full:
            assert view(viewport) == before
            assert viewport.following == following
    assert [card.entry.id for card in viewport.stack] == ids
    assert [viewport.stack.place(entry_id) for entry_id in ids] == list(range(len(ids)))
    assert viewport.arrived == 0 or not following


def test_earlier_entries_are_not_drawn_before_they_are_seen(ink: Ink) -> None:
    viewport = Viewport()
    viewport.resize(ink, 10)
    viewport.show([Entry(f"late{number}", "assistant", "t", "words") for number in range(20)])
    viewport.prepend([Entry(f"early{number}", "assistant", "t", "words") for number in range(20)])
    assert not any(card.face for card in viewport.stack if card.id.startswith("early"))
    viewport.scroll(0)
    assert viewport.stack[0].face


class Host(App[None]):
    def compose(self) -> ComposeResult:
        yield Transcript()


async def test_a_selection_stays_on_its_text() -> None:
    app = Host()
    async with app.run_test() as pilot:
        transcript = app.query_one(Transcript)
        transcript.show([Entry("1", "user", "you", "one"), Entry("2", "user", "you", "two")])
        await pilot.pause()
        first, second = (line_key(place, transcript._viewport.stack[place].spot(1)) for place in (0, 1))
        selected = Selection(Offset(0, first), Offset(4, second))
        app.screen.selections = {transcript: selected}
        transcript.prepend([Entry("0", "user", "you", "zero")])
        assert transcript.text_selection is not None
        assert transcript.get_selection(transcript.text_selection) == ("one\n\nyou\ntw", "\n")
