from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmtui.core.text import Sanitiser, sanitise, sanitise_line, well_formed

# Any code point, lone surrogates included, with those that matter more often than by chance.
HOSTILE = st.text(
    st.one_of(st.characters(codec=None), st.sampled_from("\r\n\t\x1b\x9b\x00\ud83d\ude42\u2028\u202e\ufeff"))
)


def in_pieces(text: str, cuts: list[int]) -> list[str]:
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    return [text[start:end] for start, end in pairwise(edges)]


@given(HOSTILE)
def test_sanitising_twice_changes_nothing_more(text: str) -> None:
    assert sanitise(sanitise(text)) == sanitise(text)


@given(HOSTILE, st.lists(st.integers(0, 40)))
@example("a\r\nb", [2])
@example("\ud83d\ude42", [1])
@example("\r", [1, 1])
def test_the_result_does_not_depend_on_the_chunks(text: str, cuts: list[int]) -> None:
    sanitiser = Sanitiser()
    fed = "".join(sanitiser.feed(piece) for piece in in_pieces(text, cuts))
    assert fed + sanitiser.flush() == sanitise(text)


@given(HOSTILE)
def test_nothing_that_a_terminal_acts_on_remains(text: str) -> None:
    clean = sanitise(text)
    clean.encode("utf-8")
    for character in clean:
        code = ord(character)
        assert character in "\n\t" or code >= 0x20
        assert not 0x7F <= code < 0xA0
        assert not 0x202A <= code <= 0x202E
        assert not 0x2066 <= code <= 0x2069
        assert character not in "\u2028\u2029\ufeff"


@given(HOSTILE)
def test_a_line_is_one_line_without_edges(text: str) -> None:
    line = sanitise_line(text)
    assert line == " ".join(line.split())
    assert "\n" not in line


@given(HOSTILE)
def test_well_formed_text_fits_into_utf8_and_keeps_everything_else(text: str) -> None:
    fixed = well_formed(text)
    fixed.encode("utf-8")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        assert fixed != text
    else:
        assert fixed == text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("plain é🙂 日本\n\ttext", "plain é🙂 日本\n\ttext"),
        ("\x1b]52;c;ZXZpbA==\x07", "␛]52;c;ZXZpbA==␇"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\x9b31m\x7f", "\ufffd31m␡"),
        ("\ud83d\ude42 \ud83d", "🙂 \ufffd"),
        ("one\u2028two\u2029three", "one\ntwo\nthree"),
        ("if\u202e \u2066x\u2069", "if<U+202E> <U+2066>x<U+2069>"),
        ("\U000e0041\ufeff", "\ufffd\ufffd"),
        # Joiners and marks are part of emoji and of many scripts.
        ("\U0001f469\u200d\U0001f4bb \u0627\u200f", "\U0001f469\u200d\U0001f4bb \u0627\u200f"),
    ],
)
def test_what_becomes_of_what(text: str, clean: str) -> None:
    assert sanitise(text) == clean
