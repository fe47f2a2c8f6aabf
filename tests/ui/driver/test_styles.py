from hypothesis import given
from hypothesis import strategies as st

from llmtui.ui.driver.styles import Style, change

COLOURS = ["", "31", "97", "38;5;200", "38;2;1;2;3"]
STYLES = st.builds(
    Style,
    st.frozensets(st.sampled_from(["1", "2", "3", "4", "5", "6", "7", "8", "9", "21", "53"])),
    st.sampled_from(COLOURS),
    st.sampled_from(["", "41", "107", "48;5;7", "48;2;4;5;6"]),
    st.just(""),
)


@given(STYLES, STYLES)
def test_a_change_leads_to_the_new_style(old: Style, new: Style) -> None:
    written = change(old, new)
    assert (written == "") == (old == new)
    if written:
        assert old.after(written.removeprefix("\x1b[").removesuffix("m")) == new


@given(STYLES)
def test_from_the_unknown_it_starts_at_nothing(new: Style) -> None:
    before = Style(frozenset({"1", "7"}), "31", "41")
    written = change(None, new).removeprefix("\x1b]8;;\x1b\\")
    assert before.after(written.removeprefix("\x1b[").removesuffix("m")) == new


@given(STYLES, STYLES)
def test_a_change_is_never_longer_than_starting_anew(old: Style, new: Style) -> None:
    assert len(change(old, new)) <= len(change(None, new))


def test_links_are_part_of_a_style() -> None:
    link = Style(link="id=1;https://example.com")
    assert change(Style(), link) == "\x1b]8;id=1;https://example.com\x1b\\"
    assert change(link, Style()) == "\x1b]8;;\x1b\\"


@given(STYLES)
def test_blanks_keep_what_is_seen_of_them(style: Style) -> None:
    seen = style.on_blank
    assert seen.background == style.background
    assert seen.attributes & {"4", "7", "9"} == style.attributes & {"4", "7", "9"}
