"""Stopping and going on under a real shell, and the editor while a reply streams."""

import os
import re
import select
import shlex
import signal
import sys
import termios
from collections.abc import Callable, Iterator, Sequence
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


def stop(shell: Terminal, pid: int, name: signal.Signals) -> None:
    """Stop the job, and wait until its shell says so and asks for the next command."""
    said = shell.written.count(b"Stopped")
    os.kill(pid, name)
    shell.wait_for(lambda _: shell.written.count(b"Stopped") > said and shell.written.endswith(b"shell$ "))


def is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"


def foreground(shell: Terminal, typed: str) -> None:
    """Continue the job, and wait until it takes keys."""
    shell.type("fg" + ENTER)
    shell.wait_for(lambda _: is_raw(shell))
    shell.type(typed)
    shell.wait_for(typed)


@pytest.mark.parametrize("rounds", [1, 3])
def test_a_stopped_app_gives_the_terminal_back_and_fg_brings_it_whole(
    shell: Terminal, config: Callable[[str], str], rounds: int
) -> None:
    pid = start_in(shell, config(STREAMS))
    for number in range(rounds):
        seen = newest_word(shell)
        stop(shell, pid, signal.SIGTSTP)
        assert not is_raw(shell)
        shell.type("echo in the sh''ell" + ENTER)
        shell.wait_for("in the shell")
        foreground(shell, f"typed {number} times")
        wait_for_word(shell, seen + 1)
        assert "Fake" in shell.text
        assert "in the shell" not in shell.text


def test_in_the_background_it_waits_for_the_foreground(shell: Terminal, config: Callable[[str], str]) -> None:
    pid = start_in(shell, config(STREAMS))
    stop(shell, pid, signal.SIGTSTP)
    # More often than Textual's queue of writes is deep.
    for number in range(4):
        shell.type(f"bg; echo round $(({number}+10))" + ENTER)
        shell.wait_for(f"round {number + 10}")
        shell.wait_for(lambda _: is_stopped(pid))
        assert not is_raw(shell)
    foreground(shell, "typed after all")


def test_a_stop_that_nobody_can_catch_leaves_one_reader_of_the_keys(
    shell: Terminal, config: Callable[[str], str]
) -> None:
    pid = start_in(shell, config(STREAMS))
    for number in range(3):
        stop(shell, pid, signal.SIGSTOP)
        foreground(shell, f"typed {number} times")
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


@pytest.mark.parametrize(
    "prefix",
    [["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"], ["setsid", "--wait"]],
    ids=["SIGHUP is ignored", "no controlling terminal"],
)
def test_it_ends_with_its_terminal_though_no_signal_comes(
    isolated: Path, config: Callable[[str], str], prefix: Sequence[str]
) -> None:
    argv = [*prefix, sys.executable, "-m", "llmtui", "--config", config(STREAMS)]
    with Terminal(argv, env={**os.environ, "TERM": "xterm-256color"}) as terminal:
        terminal.wait_for("Message")
        terminal.type("tell me a story" + ENTER)
        terminal.wait_for("word5")
        ended = os.pidfd_open(terminal.tree()[-1])
        terminal.hang_up()
        assert select.select([ended], [], [], 10)[0]
        os.close(ended)
    log = (isolated / "state" / "llmtui" / "log" / "llmtui.log").read_text()
    assert "ended seconds=" in log
    assert "crash" not in log
