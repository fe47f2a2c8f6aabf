import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import echo
from benchmarks.echo import Echoes, echo_s, echoes
from benchmarks.terminal import Terminal

ECHO = """
import os, tty
tty.setraw(0)
os.write(1, b'ready ~ ')
while key := os.read(0, 1):
    os.write(1, b'\\b \\b' if key == b'\\x7f' else key)
"""
DEAF = "import os, tty; tty.setraw(0); os.write(1, b'ready')\nwhile True: os.read(0, 1)"


def test_a_key_is_seen_and_taken_away() -> None:
    with Terminal([sys.executable, "-c", ECHO]) as terminal:
        terminal.wait_for("ready")
        assert 0 < echo_s(terminal) < 30
        assert terminal.screen.display[0].rstrip() == "ready ~"


def test_keys_are_typed_while_something_goes_on() -> None:
    with Terminal([sys.executable, "-c", ECHO]) as terminal:
        terminal.wait_for("ready")
        left = iter([True, True, False])
        assert len(echoes(terminal, lambda: next(left)).seconds) == 3


def test_a_key_that_never_shows_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(echo, "PATIENCE_S", 0.2)
    with Terminal([sys.executable, "-c", DEAF]) as terminal:
        terminal.wait_for("ready")
        with pytest.raises(TimeoutError, match="not shown"):
            echo_s(terminal)


@given(st.lists(st.floats(0, 9), min_size=1))
def test_percentiles_are_among_the_times_and_in_order(seconds: list[float]) -> None:
    found = Echoes(seconds)
    ranks = [found.percentile(percent) for percent in (0, 50, 95, 100)]
    assert ranks == sorted(ranks)
    assert set(ranks) <= set(seconds)
    assert ranks[-1] == max(seconds)
