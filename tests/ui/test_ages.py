from datetime import UTC, datetime, timedelta

import pytest

from llmtui.ui.ages import age, ago

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "word"),
    [
        (timedelta(seconds=-5), "now"),
        (timedelta(seconds=59), "now"),
        (timedelta(seconds=119), "1 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=23, minutes=59), "23 h"),
        (timedelta(days=6, hours=23), "6 d"),
        (timedelta(days=40), "2026-01-29"),
    ],
)
def test_an_age_is_never_rounded_up(ago: timedelta, word: str) -> None:
    assert age(NOW - ago, NOW) == word


@pytest.mark.parametrize(
    ("past", "words"),
    [(timedelta(seconds=9), ""), (timedelta(hours=3), "3 h ago"), (timedelta(days=40), "2026-01-29")],
)
def test_an_age_in_a_sentence(past: timedelta, words: str) -> None:
    assert ago(NOW - past, NOW) == words
