"""What each kind of Markdown looks like."""

from dataclasses import replace

import pytest
from rich.segment import Segment

from llmtui.ui.transcript.document import code_blocks
from llmtui.ui.transcript.ink import Ink
from llmtui.ui.transcript.markdown import render
from llmtui.ui.transcript.marks import FILLER, SEAM, without_marks
from llmtui.ui.transcript.seam import with_seam


def shown(source: str, ink: Ink) -> list[str]:
    return ["".join(segment.text for segment in line).rstrip() for line in render(source, ink)]


def links(source: str, ink: Ink) -> set[tuple[str, str]]:
    segments = [segment for line in render(source, ink) for segment in line]
    return {
        (segment.text, segment.style.link) for segment in segments if segment.style and segment.style.link
    }


def segment_of(text: str, source: str, ink: Ink) -> Segment:
    return next(s for line in render(source, ink) for s in line if text in s.text)


def test_lists_nest_and_numbers_stand_right_aligned(ink: Ink) -> None:
    source = "9. nine\n10. ten\n    - inner\n      wrapped\n- [ ] open\n- [x] done"
    assert shown(source, ink) == [
        " 9. nine",
        "10. ten",
        "    • inner",
        "      wrapped",
        "",
        "[ ] open",
        "[x] done",
    ]


def test_a_loose_list_keeps_its_blank_lines(ink: Ink) -> None:
    assert shown("- a\n\n- b", ink) == ["• a", "", "• b"]


def test_a_quote_has_a_bar_on_every_line(ink: Ink) -> None:
    assert shown("> one\n>\n> - two", ink) == ["▌ one", "▌", "▌ • two"]


def test_a_table_is_aligned_by_column(ink: Ink) -> None:
    assert shown("|a|b|c|\n|:-|:-:|-:|\n|1|2|3|\n|long|long|日本|", ink) == [
        "a    │  b   │    c",
        "─────┼──────┼─────",
        "1    │  2   │    3",
        "long │ long │ 日本",
    ]


def test_too_many_columns_become_records(ink: Ink) -> None:
    source = f"|{'|'.join('abcdefgh')}|\n|{'-|' * 8}\n|{'|'.join(['value'] * 8)}|"
    assert shown(source, replace(ink, width=30))[:2] == ["a: value", "b: value"]


def test_long_code_goes_on_in_the_next_line(ink: Ink) -> None:
    code = "x" * 100
    lines = shown(f"```nosuch\n{code}\n```", replace(ink, width=40))
    assert lines[0] == "  nosuch"
    assert lines[1].startswith("  x")
    assert lines[2].startswith("↪ x")
    assert "".join(line[2:] for line in lines[1:]) == code


def test_tabs_in_code_do_not_shift_its_colours(ink: Ink) -> None:
    assert segment_of("return", "```python\nif x:\n\treturn y\n```", ink).text.strip() == "return"


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "[/x]", "[@click=app.quit]go[/]", "[bold]no[/bold]", "$x", "&"]
)
def test_html_and_markup_are_text(text: str, ink: Ink) -> None:
    for source in (text, f"- {text}", f"> {text}", f"# {text}", f"`{text}`", f"```\n{text}\n```"):
        assert text in "\n".join(shown(source, ink))
        assert not links(source, ink)


def test_a_link_says_where_it_leads(ink: Ink) -> None:
    assert shown("[docs](https://e.org/a) and <https://e.org/b>", ink) == [
        "docs (https://e.org/a) and https://e.org/b"
    ]
    assert links("[docs](https://e.org/a)", ink) == {("docs", "https://e.org/a")}


def test_a_text_that_lies_about_its_target_is_found_out(ink: Ink) -> None:
    assert shown("[https://bank.org](https://evil.org)", ink) == ["https://bank.org (https://evil.org)"]


def test_only_web_addresses_become_terminal_links(ink: Ink) -> None:
    source = "[a](mailto:a@b.c) [b](file:///etc/passwd) [c](javascript:alert) [d](ssh://host) [e](data.md)"
    assert not links(source, ink)
    assert "d (ssh://host)" in shown(source, ink)[0] + shown(source, ink)[1]


def test_a_bare_address_is_a_link_without_its_full_stop(ink: Ink) -> None:
    assert links("See https://e.org/a_b_c?q=1. Or (http://f.org).", ink) == {
        ("https://e.org/a_b_c?q=1", "https://e.org/a_b_c?q=1"),
        ("http://f.org", "http://f.org"),
    }


def test_an_image_is_named(ink: Ink) -> None:
    assert shown("![a *cat*](https://e.org/c.png)", ink) == ["[image: a cat] https://e.org/c.png"]


def test_line_breaks_of_the_source_are_kept(ink: Ink) -> None:
    assert shown("Roses are red,\nviolets are blue", ink) == ["Roses are red,", "violets are blue"]


@pytest.mark.parametrize("source", ["", " ", "\n\n", "[a]: https://e.org", "```", "- ", "> ", "|", "# "])
def test_empty_and_unfinished_sources_render(source: str, ink: Ink) -> None:
    assert all(len(line) < 100 for line in shown(source, ink))


def test_an_endless_paragraph_is_shown_as_it_is_written(ink: Ink) -> None:
    source = "[**a** " * 20_000
    assert "".join(shown(source, ink)).replace(" ", "") == source.replace(" ", "")


def test_code_blocks_are_found_in_order() -> None:
    assert code_blocks("```py\na\n```\ntext\n\n- item\n  ```\n  b\n  ```\n") == ["a\n", "b\n"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("The capital is ", "Paris.", ["The capital is", "╌", "Paris."]),
        ("Intro\n\n", "# Head", ["Intro", "", "╌", "Head"]),
        ("Intro\n\n", "1. first", ["Intro", "", "╌", "1. first"]),
        ("- a\n", "- b", ["• a", "╌", "• b"]),
        ("```py\nx = 1\n", "y = 2\n```", ["  py", "  x = 1", "╌", "  y = 2"]),
        ("Intro\n\n", "```py\nx\n```", ["Intro", "", "╌", "  py", "  x"]),
        ("|a|\n|-|\n|1", "2|", ["╌", "a", "──", "12"]),
    ],
)
def test_the_seam_is_shown_and_breaks_nothing(before: str, after: str, expected: list[str], ink: Ink) -> None:
    source = with_seam(before + after, len(before))
    assert source is not None
    lines = ["╌" if "continued" in line else line for line in shown(source, ink)]
    assert lines == expected


def test_a_seam_waits_for_a_word() -> None:
    assert with_seam("Text", 4) is None
    assert with_seam("Text\n\n---\n", 4) is None


def test_forged_marks_are_replaced() -> None:
    assert without_marks(f"a{SEAM}b{FILLER}c") == "a\ufffdb\ufffdc"
