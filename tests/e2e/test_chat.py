"""The whole program in a terminal, with the shipped fake."""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.terminal import Terminal
from llmtui.cli.exit_codes import BROKEN_PIPE
from tests.e2e.conftest import Start

ENTER = "\r"
LEADER = "\x07"
CLEAR_LINE = "\x15"

FOCUS_OUT = "\x1b[O"

STORY = " ".join(f"word{n}" for n in range(400))
SLOW = f"""
providers:
  - id: fake
    kind: scripted
    name: Fake
    options:
      tokens_per_s: 20
      script:
        - {{text: "{STORY}"}}
  - id: other
    kind: scripted
    name: Other
    options: {{tokens_per_s: null}}
"""
QUICK = """
providers:
  - {id: fake, kind: scripted, name: Fake, options: {tokens_per_s: null}}
  - {id: other, kind: scripted, name: Other, options: {tokens_per_s: null}}
"""


def bells(terminal: Terminal) -> int:
    """How often it rang; a BEL that ends a sequence is no ring."""
    return re.sub(rb"\x1b[]P].*?(\a|\x1b\\\\)", b"", bytes(terminal.written), flags=re.DOTALL).count(b"\a")


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)])
def test_a_question_is_answered(start: Start, config: Callable[[str], str], size: tuple[int, int]) -> None:
    terminal = start("--config", config(QUICK), size=size)
    terminal.wait_for("Message")
    terminal.type("good morning" + ENTER)
    terminal.wait_for("You said: good morning")


def test_a_provider_is_chosen_by_its_digit_and_answers(start: Start, config: Callable[[str], str]) -> None:
    terminal = start("--config", config(QUICK))
    terminal.wait_for("Fake")
    terminal.type(LEADER + "2")
    terminal.wait_for("echo · other")
    terminal.type("hello" + ENTER)
    terminal.wait_for("You said: hello")


def test_kill_9_in_mid_reply_loses_at_most_a_second(start: Start, config: Callable[[str], str]) -> None:
    terminal = start("--config", config(SLOW))
    terminal.wait_for("Fake")
    terminal.type("tell me a story" + ENTER)
    terminal.wait_for("word30")
    shown = max(int(number) for number in re.findall(r"word(\d+)", terminal.text))
    terminal.pump(1.0)
    terminal.kill()
    again = start("--config", config(SLOW))
    again.wait_for("tell me a story")
    again.wait_for("interrupted")
    kept = max(int(number) for number in re.findall(r"word(\d+)", again.text))
    assert kept >= shown


def test_sigterm_records_what_was_shown(start: Start, config: Callable[[str], str]) -> None:
    terminal = start("--config", config(SLOW))
    terminal.wait_for("Fake")
    terminal.type("tell me a story" + ENTER)
    terminal.wait_for("word12")
    shown = max(int(number) for number in re.findall(r"word(\d+)", terminal.text))
    os.kill(terminal.pid, signal.SIGHUP)
    assert terminal.wait_exit() == 0
    again = start("--config", config(SLOW))
    again.wait_for("stopped")
    assert f"word{shown}" in again.text


def test_a_terminal_that_goes_away_is_no_crash(
    start: Start, config: Callable[[str], str], isolated: Path
) -> None:
    terminal = start("--config", config(SLOW))
    terminal.wait_for("Fake")
    terminal.type("tell me a story" + ENTER)
    terminal.wait_for("word3")
    terminal.hang_up()
    assert terminal.wait_exit() == BROKEN_PIPE
    log = (isolated / "state" / "llmtui" / "log" / "llmtui.log").read_text()
    assert "ended seconds=" in log
    assert "crash" not in log
    again = start("--config", config(SLOW))
    again.wait_for("stopped")


def test_keys_that_arrive_at_once_keep_their_order(start: Start, config: Callable[[str], str]) -> None:
    terminal = start("--config", config(QUICK))
    terminal.wait_for("Message")
    terminal.type("wrong" + CLEAR_LINE + "right")
    terminal.wait_for("right")
    terminal.wait_quiet()
    terminal.type(ENTER)
    terminal.wait_for("You said: right")


def test_an_unsent_draft_survives(start: Start, config: Callable[[str], str]) -> None:
    terminal = start("--config", config(QUICK))
    terminal.wait_for("Fake")
    terminal.type("half a thought")
    terminal.wait_for("half a thought")
    terminal.pump(2.0)
    terminal.kill()
    again = start("--config", config(QUICK))
    again.wait_for("half a thought")


def test_what_is_queued_survives_kill_9_and_waits(start: Start, config: Callable[[str], str]) -> None:
    terminal = start("--config", config(SLOW))
    terminal.wait_for("Fake")
    terminal.type("tell me a story" + ENTER)
    terminal.wait_for("word3")
    terminal.type("and then")
    terminal.wait_for("and then")
    terminal.type(ENTER)
    terminal.wait_for("queued: and then")
    terminal.pump(1.0)
    terminal.kill()
    again = start("--config", config(QUICK))
    again.wait_for("held: and then")
    again.type(ENTER)
    again.wait_for("You said: and then")


def test_a_reply_rings_once_after_the_terminal_said_that_nobody_looks(
    start: Start, config: Callable[[str], str]
) -> None:
    terminal = start("--config", config(QUICK))
    terminal.wait_for("Message")
    terminal.type("seen" + ENTER)
    terminal.wait_for("You said: seen")
    terminal.wait_quiet()
    assert bells(terminal) == 0
    terminal.type("unseen" + ENTER + FOCUS_OUT)
    terminal.wait_for("You said: unseen")
    terminal.wait_for(lambda _: bells(terminal) > 0)
    terminal.wait_quiet()
    assert bells(terminal) == 1


def test_quitting_asks_but_a_hang_up_does_not(start: Start, config: Callable[[str], str]) -> None:
    terminal = start("--config", config(SLOW))
    terminal.wait_for("Fake")
    terminal.type("tell me a story" + ENTER)
    terminal.wait_for("word3")
    terminal.type(LEADER + "q")
    terminal.wait_for("1 reply is being written")
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.wait_exit() == 0


def test_the_screen_comes_back_whole_after_a_pause(start: Start, config: Callable[[str], str]) -> None:
    terminal = start("--config", config(QUICK))
    terminal.wait_for("Message")
    terminal.wait_quiet()
    os.kill(terminal.pid, signal.SIGTSTP)
    terminal.wait_for(lambda _: b"\x1b[?1049l" in terminal.written)
    terminal.wait_quiet()
    terminal.screen.reset()
    os.kill(terminal.pid, signal.SIGCONT)
    terminal.wait_for("Fake")
    terminal.wait_for("Message")


def test_it_ends_when_its_terminal_is_closed_in_mid_reply(start: Start, config: Callable[[str], str]) -> None:
    terminal = start("--config", config(SLOW))
    terminal.wait_for("Fake")
    terminal.type("tell me a story" + ENTER)
    terminal.wait_for("word10")
    terminal._close()
    terminal.wait_exit()


def test_the_prompt_is_written_in_the_persons_editor(
    start: Start, config: Callable[[str], str], tmp_path: Path
) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf " and finished there" >> "$1"\n')
    editor.chmod(0o700)
    terminal = start("--config", config(QUICK), EDITOR=str(editor), VISUAL="")
    terminal.wait_for("Message")
    terminal.type("begun here")
    terminal.wait_for("begun here")
    terminal.type(LEADER + "e")
    terminal.wait_for("begun here and finished there")


def test_an_editor_that_is_not_there_says_what_to_set(start: Start, config: Callable[[str], str]) -> None:
    terminal = start("--config", config(QUICK), EDITOR="/nowhere/ed", VISUAL="")
    terminal.wait_for("Message")
    terminal.type("kept")
    terminal.wait_for("kept")
    terminal.type(LEADER + "e")
    terminal.wait_for("cannot start the editor")
    terminal.wait_for("kept")
