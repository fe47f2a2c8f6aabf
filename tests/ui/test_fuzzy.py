import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.ui.fuzzy import match


def best(query: str, *texts: str) -> str:
    scored = {text: found.score for text in texts if (found := match(query, text))}
    return max(scored, key=scored.__getitem__)


@pytest.mark.parametrize(
    ("query", "text"),
    [("llama", "ollama/Llama3.2"), ("oll 3.2", "ollama/llama3.2"), ("gpt4", "gpt-4.1"), ("", "anything")],
)
def test_it_finds(query: str, text: str) -> None:
    assert match(query, text)


@pytest.mark.parametrize(("query", "text"), [("x", "gpt"), ("tpg", "gpt"), ("gpt zz", "gpt-4")])
def test_it_does_not_find(query: str, text: str) -> None:
    assert match(query, text) is None


def test_the_start_of_a_word_is_better_than_its_middle_and_both_than_scattered_letters() -> None:
    assert best("mini", "gemini-pro", "gpt mini") == "gpt mini"
    assert best("mini", "m-i-n-i", "gemini") == "gemini"


def test_it_says_which_characters_fit() -> None:
    found = match("lm", "ollama")

    assert found is not None
    assert [("ollama")[at] for at in found.positions] == ["l", "m"]


def test_a_long_name_of_one_letter_takes_no_time() -> None:
    started = time.perf_counter()

    match("a" * 30, "ab" * 2000)

    # Placing the letters in every way would take longer than the age of the universe.
    assert time.perf_counter() - started < 5


@given(st.text(max_size=8), st.text(max_size=30))
def test_what_fits_is_there_in_any_case(query: str, text: str) -> None:
    found = match(query, text)

    assert match(text, text) is not None
    if found is not None:
        assert all(0 <= at < len(text) for at in found.positions)
