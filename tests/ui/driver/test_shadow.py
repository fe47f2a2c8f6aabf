"""The law of the driver: whatever Textual writes, the terminal shows the same with it as without."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from llmtui.ui.driver.capabilities import Capabilities
from llmtui.ui.driver.shadow import Shadow
from tests.ui.driver.frames import FRAMES, HEIGHT, WIDTH, Emulator, Placed, scrolls, written

ABILITIES = st.builds(Capabilities, st.booleans(), st.booleans(), st.booleans())
CURSORS = st.tuples(st.integers(0, HEIGHT - 1), st.integers(0, WIDTH - 1))
SCRIPTS = st.lists(FRAMES, max_size=6) | scrolls()
ABLE = Capabilities(True, True, True)


def shadow_of(can: Capabilities = ABLE) -> Shadow:
    shadow = Shadow(can)
    shadow.resize(WIDTH, HEIGHT)
    return shadow


def strip(text: str, style: Style | None = None) -> Strip:
    return Strip([Segment(text, style)])


def page(top: int, first: int = 2, last: int = 9, column: int = 6) -> list[Placed]:
    """Lines from `top` on between a column that stays and a scroll bar, which is drawn anew in more rows."""
    lines = [f"{chr(97 + number) * 5} {number * 7919} {chr(120 - number) * 3}" for number in range(20)]
    bar = [Placed(row, WIDTH - 1, strip("#|"[row != top % HEIGHT])) for row in range(HEIGHT)]
    text = (lines[(top + row) % 20].ljust(WIDTH - column - 1) for row in range(first, last + 1))
    return [*bar, *(Placed(row, column, strip(line)) for row, line in enumerate(text, first))]


SIDE = [Placed(row, 0, strip(f"side{row:2}".ljust(WIDTH))) for row in range(HEIGHT)]


@given(SCRIPTS, CURSORS, ABILITIES)
def test_terminal_shows_what_textual_drew(
    script: list[list[Placed]], cursor: tuple[int, int], can: Capabilities
) -> None:
    plain, thrifty, shadow = Emulator(), Emulator(), shadow_of(can)
    for frame in script:
        plain.write(written(frame, cursor))
        thrifty.write(shadow.feed(written(frame, cursor)) + shadow.frame())
        assert thrifty.cells() == plain.cells()
        assert thrifty.cursor == plain.cursor


@given(SCRIPTS, st.lists(st.sampled_from([None, 0, 40, "drop", "forget"]), min_size=6, max_size=6), ABILITIES)
def test_dropped_and_partial_frames_are_caught_up_with(
    script: list[list[Placed]], rooms: list[int | str | None], can: Capabilities
) -> None:
    plain, thrifty, shadow = Emulator(), Emulator(), shadow_of(can)
    for frame, room in zip(script, rooms, strict=False):
        plain.write(written(frame))
        thrifty.write(shadow.feed(written(frame)))
        if room == "forget":
            shadow.forget()
        elif not isinstance(room, str):
            thrifty.write(shadow.frame(room))
    while out := shadow.frame(60):
        thrifty.write(out)
    assert not shadow.is_behind
    assert thrifty.cells() == plain.cells()


@given(SCRIPTS)
def test_a_frame_may_come_in_several_writes(script: list[list[Placed]]) -> None:
    whole, parts = shadow_of(), shadow_of()
    for frame in script:
        rows = {placed.row: placed for placed in frame}
        pieces = [written([rows[row]]) for row in sorted(rows)]
        assert whole.feed(written(frame)) == ""
        assert "".join(map(parts.feed, pieces)) == ""
        assert whole.frame() == parts.frame()


def test_nothing_new_writes_nothing() -> None:
    shadow = shadow_of()
    shadow.feed(written(SIDE))
    assert shadow.frame()
    shadow.feed(written(SIDE))
    assert shadow.frame() == ""


def test_what_scrolls_is_moved_by_the_terminal() -> None:
    plain, thrifty, shadow = Emulator(), Emulator(), shadow_of()
    for top in (0, 2, 1, 10):
        frame = [*SIDE, *page(top)] if not top else page(top)
        # The rows of the side are drawn first: a column of a row is drawn as often as it is placed.
        for placed in frame:
            plain.write(placed.render())
            thrifty.write(shadow.feed(placed.render()))
        out = shadow.frame()
        thrifty.write(out)
        assert ("\x1b[3;10r" in out) == (top in (1, 2))
        assert thrifty.cells() == plain.cells()


def test_a_terminal_without_regions_is_not_scrolled() -> None:
    shadow = shadow_of(Capabilities())
    for top in (0, 1):
        shadow.feed("".join(placed.render() for placed in [*SIDE, *page(top)]))
        assert not re.search(r"\x1b\[\d+;\d+r", shadow.frame())


@pytest.mark.parametrize(
    "aside",
    [
        "\x07",
        "\x1b]52;c;aGVsbG8=\x07",
        "\x1b]22;pointer\x1b\\",
        "\x1b[?25l",
        "\x1b[>25u",
        "\x1b[<u",
        "\x1b[?2048$p",
    ],
)
def test_what_draws_nothing_is_passed_on_at_once(aside: str) -> None:
    shadow = shadow_of()
    shadow.feed(written(SIDE))
    shadow.frame()
    assert shadow.feed(f"{written(SIDE[:2])}{aside}{written(SIDE[2:])}") == aside
    assert shadow.frame() == ""


@pytest.mark.parametrize("unknown", ["\x1b[2J", "\x1b[?1049h", "\x1b[5;1H\x1b[3L", "\x1bc", "\x1b"])
def test_what_is_not_understood_is_passed_on_and_all_is_drawn_again(unknown: str) -> None:
    thrifty, shadow = Emulator(), shadow_of()
    thrifty.write(shadow.feed(written(SIDE)) + shadow.frame())
    before = thrifty.cells()
    sent = shadow.feed(unknown)
    assert unknown.removeprefix("\x1b[5;1H") in sent
    thrifty.write("\x1b[2J\x1b[3;3Hgarbage" + shadow.frame())
    assert thrifty.cells() == before


def test_nothing_is_drawn_on_the_screen_of_the_shell() -> None:
    enter, leave = "\x1b[?1049h", "\x1b[?1049l"
    shadow = shadow_of()
    assert shadow.feed(enter) == f"\x1b[m{enter}"
    shadow.feed(written(SIDE))
    whole = shadow.frame()
    shadow.feed(
        Placed(0, 0, Strip([Segment("late", Style(color="red", link="https://example.com"))])).render()
    )
    shadow.frame()
    left = shadow.feed(written(SIDE[:2]) + leave)
    assert left.endswith(f"\x1b[m{leave}")
    assert not re.sub(r"\x1b\]8;[^\x1b]*\x1b\\|\x1b\[[?\d;]*[mhl]", "", left)
    assert shadow.feed(written(SIDE[2:]) + "\x1b[?25h") == "\x1b[?25h"
    assert shadow.frame() == ""
    shadow.forget()
    assert shadow.feed(enter) == f"\x1b[m{enter}"
    assert len(shadow.frame()) >= len(whole) - 10


def test_the_order_of_drawing_and_what_is_not_understood_is_kept() -> None:
    shadow = shadow_of()
    sent = shadow.feed("\x1b[1;1Hbefore\x1b[2Jnot drawn yet")
    assert "before" in sent
    assert sent.endswith("\x1b[2J")


def test_another_size_forgets_everything() -> None:
    thrifty, shadow = Emulator(20, 5), shadow_of()
    shadow.feed(written(SIDE))
    shadow.resize(20, 5)
    assert shadow.frame() in ("", "\x1b[H")
    thrifty.write(shadow.feed("\x1b[1;1H" + "narrow".ljust(20) + "\x1b[1;1H") + shadow.frame())
    assert thrifty.screen.display[0] == "narrow".ljust(20)


@pytest.mark.parametrize("fickle", ["👍🏽", "e\u0301", "🇩🇪", "⚠\ufe0f", "·", "“", "👨\u200d👩\u200d👧"])
def test_text_that_terminals_measure_differently_is_followed_by_an_absolute_position(fickle: str) -> None:
    shadow = shadow_of()
    line = strip(f"ab{fickle}cd")
    out = shadow.feed(Placed(4, 0, line).render()) + shadow.frame()
    column = line.cell_length - 2
    assert f"{fickle}\x1b[5;{column + 1}Hcd" in out
    # Nothing after it can be trusted once it goes: it may have been wider or narrower there.
    shadow.feed(Placed(4, 2, strip("x".ljust(line.cell_length - 4))).render())
    assert "cd" in shadow.frame()


def test_half_a_wide_character_is_none() -> None:
    shadow, thrifty = shadow_of(), Emulator()
    thrifty.write(shadow.feed("\x1b[1;1H漢字") + shadow.frame())
    thrifty.write(shadow.feed("\x1b[1;2Hx") + shadow.frame())
    assert thrifty.screen.display[0].startswith(" x字")


def test_long_frames_are_bracketed_where_the_terminal_knows_how() -> None:
    shadow = shadow_of()
    shadow.feed(written(SIDE))
    assert "\x1b[?2026h" not in shadow.frame()
    frame = [Placed(row, 0, strip(f"row {row} ".ljust(WIDTH, "="))) for row in range(HEIGHT)]
    assert shadow.feed(f"\x1b[?2026h{written(frame)}\x1b[?2026l") == ""
    out = shadow.frame()
    assert out.startswith("\x1b[?2026h")
    assert out.endswith("\x1b[?2026l")
    shadow.feed(f"\x1b[?2026h{Placed(0, 0, strip('a')).render()}\x1b[?2026l")
    assert "2026" not in shadow.frame()


def test_a_table_that_is_full_is_begun_anew_unnoticed() -> None:
    plain, thrifty, shadow = Emulator(), Emulator(), shadow_of()
    for number in range(1100):
        colour = f"#{number:06x}"
        frame = [Placed(number % HEIGHT, 0, strip("abcdefghijklmnopqrstuvwxyzABCD", Style(color=colour)))]
        plain.write(written(frame))
        thrifty.write(shadow.feed(written(frame)) + shadow.frame())
    assert thrifty.cells() == plain.cells()


def test_links_come_and_go() -> None:
    shadow = shadow_of()
    linked = Style(link="https://example.com/a")
    out = shadow.feed(Placed(0, 0, strip("here", linked)).render() + "\x1b[1;5H there") + shadow.frame()
    assert ";https://example.com/a\x1b\\" in out[: out.index("here")]
    assert "\x1b]8;;\x1b\\" in out[out.index("here") : out.index("there")]


def test_a_link_that_is_open_is_closed_before_all_is_drawn_again() -> None:
    shadow = shadow_of()
    shadow.feed(Placed(0, 0, strip("here", Style(link="https://example.com/a"))).render())
    shadow.frame()
    shadow.forget()
    assert "\x1b]8;;\x1b\\" in shadow.feed("\x1b[2;1Hplain") + shadow.frame()
