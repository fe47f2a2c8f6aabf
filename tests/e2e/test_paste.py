"""A paste in a real terminal: its text, and nothing that it says to do."""

from collections.abc import Callable

import pytest

from llmtui.core.text import sanitise
from tests.e2e.conftest import Start

ENTER = "\r"
QUICK = "providers: [{id: fake, kind: scripted, name: Fake, options: {tokens_per_s: null}}]\n"
HOSTILE = "begin\x1b[2J\x1b]0;owned\x07 more than thirty-two characters of it end"


def bracketed(text: str) -> str:
    return f"\x1b[200~{text}\x1b[201~"


def test_a_paste_with_esc_and_enter_in_it_types_and_sends_nothing(
    start: Start, config: Callable[[str], str]
) -> None:
    terminal = start("--config", config(QUICK))
    terminal.wait_for("Message")
    terminal.type(bracketed(f"first\x1b\r{HOSTILE}\rlast"))
    terminal.wait_for("last")
    terminal.wait_quiet()
    assert sanitise(HOSTILE) in terminal.text
    assert "You said" not in terminal.text
    assert b"owned\x07" not in terminal.written
    terminal.type(ENTER)
    terminal.wait_for("You said: first")


@pytest.mark.parametrize(
    ("keys", "opened"),
    [("\x0f", "f2 ★"), ("\x12", "esc close"), ("\x10", "Search"), ("\x07t", "esc close")],
    ids=["model picker", "history search", "palette", "title"],
)
def test_no_line_takes_a_pasted_escape(
    start: Start, config: Callable[[str], str], keys: str, opened: str
) -> None:
    terminal = start("--config", config(QUICK))
    terminal.wait_for("Message")
    terminal.wait_quiet()
    terminal.type(keys)
    terminal.wait_for(opened)
    terminal.type(bracketed(HOSTILE))
    terminal.wait_for("begin␛[2J")
    assert b"\x1b[2J" not in terminal.written
    assert b"owned\x07" not in terminal.written


def test_a_paste_that_the_terminal_never_ends_does_not_take_the_keys(
    start: Start, config: Callable[[str], str]
) -> None:
    terminal = start("--config", config(QUICK))
    terminal.wait_for("Message")
    terminal.type("\x1b[200~half a paste")
    terminal.wait_for("half a paste")
    terminal.type(" and keys")
    terminal.wait_for("half a paste and keys")
