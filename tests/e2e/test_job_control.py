"""Stopping and going on under a real shell, and the editor while a reply streams."""

import os
import re
import shlex
import signal
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.terminal import Terminal
from tests.e2e.conftest import Start

ENTER = "\r"
LEADER = "\x07"
STORY = " ".join(f"word{n}" for n in range(400))
STREAMS = f"""
providers:
  - id: fake
    kind: scripted
    name: Fake
    options:
      tokens_per_s: 20
      script:
        - {{text: "{STORY}"}}
"""
LEFT_SCREEN = b"\x1b[?1049l"
PROMPT = "shell$ "


def is_raw(terminal: Terminal) -> bool:
    """Whether the terminal neither echoes nor gathers lines."""
    flags = termios.tcgetattr(terminal._fd)[3]
    return not flags & (termios.ECHO | termios.ICANON)


def newest_word(terminal: Terminal) -> int:
    return max((int(number) for number in re.findall(r"word(\d+)", terminal.text)), default=-1)


def wait_for_word(terminal: Terminal, number: int) -> None:
    terminal.wait_for(lambda _: newest_word(terminal) >= number)


@pytest.fixture
def shell(isolated: Path) -> Iterator[Terminal]:
    """An interactive shell, which stops and continues its jobs."""
    env = {**os.environ, "TERM": "xterm-256color", "PS1": PROMPT, "HISTFILE": ""}
    with Terminal(["bash", "--norc", "--noprofile", "--noediting", "-i"], env=env) as terminal:
        terminal.wait_for(PROMPT)
        yield terminal


def start_in(shell: Terminal, path: str, variables: str = "") -> int:
    """Start llmtui as the shell's job and let a reply stream; returns its process id."""
    shell.type(f"{variables} {shlex.quote(sys.executable)} -m llmtui --config {shlex.quote(path)}{ENTER}")
    shell.wait_for("Message")
    shell.type("tell me a story" + ENTER)
    shell.wait_for("word5")
    return next(pid for pid in shell.tree() if pid != shell.pid)


@pytest.mark.parametrize("rounds", [1, 3])
def test_a_stopped_app_gives_the_terminal_back_and_fg_brings_it_whole(
    shell: Terminal, config: Callable[[str], str], rounds: int
) -> None:
    pid = start_in(shell, config(STREAMS))
    for _ in range(rounds):
        seen = newest_word(shell)
        os.kill(pid, signal.SIGTSTP)
        shell.wait_for("Stopped")
        assert not is_raw(shell)
        shell.type("echo in the sh''ell" + ENTER)
        shell.wait_for("in the shell")
        shell.type("fg" + ENTER)
        shell.wait_for("Fake")
        wait_for_word(shell, seen + 1)
        assert "in the shell" not in shell.text
        assert is_raw(shell)
    shell.type("typed after all")
    shell.wait_for("typed after all")


def test_in_the_background_it_waits_for_the_foreground(shell: Terminal, config: Callable[[str], str]) -> None:
    pid = start_in(shell, config(STREAMS))
    os.kill(pid, signal.SIGTSTP)
    shell.wait_for("Stopped")
    for _ in range(4):
        shell.type("clear; bg" + ENTER)
        shell.wait_for("Stopped")
        assert not is_raw(shell)
    shell.type("fg" + ENTER)
    shell.wait_for("Fake")
    shell.type("typed after all")
    shell.wait_for("typed after all")


def test_a_stop_that_nobody_can_catch_leaves_one_reader_of_the_keys(
    shell: Terminal, config: Callable[[str], str]
) -> None:
    pid = start_in(shell, config(STREAMS))
    for _ in range(3):
        os.kill(pid, signal.SIGSTOP)
        shell.wait_for("Stopped")
        shell.type("fg" + ENTER)
        shell.wait_for("Fake")
        shell.wait_for(lambda _: is_raw(shell))
    readers = Path(f"/proc/{pid}/task")
    assert [(task / "comm").read_text() for task in readers.iterdir()].count("textual-input\n") <= 1
    shell.type("abcdefghijklmnopqrstuvwxyz")
    shell.wait_for("abcdefghijklmnopqrstuvwxyz")
    shell.type(LEADER + "q")
    shell.wait_for("1 reply is being written")
    shell.type(LEADER + "q" + ENTER)
    shell.wait_for(PROMPT)
    shell.wait_for(lambda _: not is_raw(shell))


def test_without_a_shell_it_does_not_stop_for_ever(start: Start, config: Callable[[str], str]) -> None:
    terminal = start("--config", config(STREAMS))
    terminal.wait_for("Message")
    os.kill(terminal.pid, signal.SIGTSTP)
    terminal.wait_for(lambda _: LEFT_SCREEN in terminal.written)
    terminal.type("still here")
    terminal.wait_for("still here")
