"""What the full screen starts from: the terminal, and what Textual reads from the environment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.terminal import Terminal

FACTS = """
import os, sys
from llmtui.cli import tui
from llmtui.core.terminal import TerminalProfile
tui._prepare_textual(TerminalProfile(remote=sys.argv[1] == "remote"))
from textual import constants
print(constants.ESCAPE_DELAY, constants.TEXTUAL_ANIMATIONS, constants.MAX_FPS, "NO_COLOR" in os.environ)
"""


def facts(link: str, **environ: str) -> list[str]:
    """What Textual has read, in an interpreter of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    run = subprocess.run(
        [sys.executable, "-c", FACTS, link], env=kept | environ, capture_output=True, text=True, check=True
    )
    return run.stdout.split()


@pytest.mark.parametrize(
    ("link", "environ", "expected"),
    [
        ("local", {}, ["0.025", "none", "120", "False"]),
        ("remote", {}, ["0.05", "none", "120", "False"]),
        (
            "remote",
            {"ESCDELAY": "200", "TEXTUAL_FPS": "30", "NO_COLOR": "1"},
            ["0.2", "none", "30", "True"],
        ),
        ("local", {"NO_COLOR": ""}, ["0.025", "none", "120", "False"]),
    ],
    ids=["local", "over SSH", "a person's own", "empty NO_COLOR"],
)
def test_textual_is_told_before_it_is_imported(
    link: str, environ: dict[str, str], expected: list[str]
) -> None:
    assert facts(link, **environ) == expected


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"TERM": "dumb"}, ["TERM=dumb", "cannot show a full screen", "xterm-256color"]),
        ({"TERM": ""}, ["TERM is not set", "cannot show a full screen"]),
    ],
    ids=["dumb", "empty"],
)
def test_a_terminal_that_cannot_is_refused_with_a_sentence(
    isolated: Path, environ: dict[str, str], words: list[str]
) -> None:
    argv = [sys.executable, "-m", "llmtui"]
    with Terminal(argv, env={**os.environ, **environ}) as terminal:
        assert terminal.wait_exit() == 2
    assert b"\x1b[" not in terminal.written
    assert all(word in terminal.text for word in words)


def test_an_unknown_driver_is_explained(isolated: Path) -> None:
    argv = [sys.executable, "-m", "llmtui", "--driver", "fast"]
    finished = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert finished.returncode == 2
    assert "invalid choice: 'fast'" in finished.stderr
