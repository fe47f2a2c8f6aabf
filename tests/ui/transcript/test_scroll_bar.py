from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color
from rich.segment import Segment
from textual.scrollbar import ScrollBarRender

from llmtui.ui.transcript.scroll_bar import rows_of

PARTS = {"scroll_up": {"above"}, "scroll_down": {"below"}, "grab": {"thumb", "head", "tail"}}


@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 5000), st.floats(0, 1))
def test_it_is_drawn_as_textual_draws_its_own(size: int, window: int, more: int, at: float) -> None:
    whole = window + more
    position = int(at * more * 8) / 8
    red, blue = Color.parse("red"), Color.parse("blue")
    theirs = ScrollBarRender.render_bar(
        size, whole, window if more else 0, position, back_color=red, bar_color=blue
    )
    segments: list[Segment] = list(theirs.segments)
    ours = rows_of(size, window, whole, position)
    assert [character for _, character in ours] == [segment.text for segment in segments[:size]]
    if more and size != whole:
        for (part, _), segment in zip(ours, segments, strict=False):
            assert segment.style is not None
            assert part in PARTS[segment.style.meta["@mouse.down"]]
