"""The person's editor has the terminal while a reply streams."""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.terminal import Terminal
from tests.e2e.conftest import Start

ENTER = "\r"
LEADER = "\x07"
FOCUS_OUT = "\x1b[O"
LEFT_SCREEN = b"\x1b[?1049l"
LONG = 600


def streams(words: int) -> str:
    story = " ".join(f"word{n}" for n in range(words))
    return f"""
providers:
  - id: fake
    kind: scripted
    name: Fake
    options:
      tokens_per_s: 40
      script:
        - {{text: "{story}"}}
"""


class Editor:
    """An editor that is open until it is told to save."""

    def __init__(self, folder: Path) -> None:
        self._save = folder / "save"
        self.command = folder / "editor"
        self.command.write_text(
            "#!/bin/sh\n"
            "echo the editor is open\n"
            f"while [ ! -e '{self._save}' ]; do read -r line </dev/tty; done\n"
            'printf " and finished there" >> "$1"\n'
        )
        self.command.chmod(0o700)

    def save(self, terminal: Terminal) -> None:
        self._save.touch()
        terminal.type("\n")


@pytest.fixture
def editor(tmp_path: Path) -> Editor:
    return Editor(tmp_path)


def newest_word(terminal: Terminal) -> int:
    return max((int(number) for number in re.findall(r"word(\d+)", terminal.text)), default=-1)


def open_editor(terminal: Terminal) -> None:
    """Ask, let the reply begin, and open the editor on a half-written prompt."""
    terminal.wait_for("Message")
    terminal.type("tell me a story" + ENTER)
    terminal.wait_for("word5")
    terminal.type("begun here")
    terminal.wait_for("begun here")
    terminal.type(LEADER + "e")
    terminal.wait_for("the editor is open")


def test_the_reply_goes_on_behind_the_editor(
    start: Start, config: Callable[[str], str], editor: Editor
) -> None:
    terminal = start("--config", config(streams(LONG)), EDITOR=str(editor.command), VISUAL="")
    open_editor(terminal)
    seen = newest_word(terminal)
    written = len(terminal.written)
    # More frames than Textual's queue of writes holds.
    terminal.pump(3.0)
    assert len(terminal.written) == written
    editor.save(terminal)
    terminal.wait_for("begun here and finished there")
    terminal.wait_for(lambda _: newest_word(terminal) > seen + 60)
    terminal.type(" typed")
    terminal.wait_for("finished there typed")


def test_a_reply_that_ends_behind_the_editor_is_there_afterwards(
    start: Start, config: Callable[[str], str], editor: Editor
) -> None:
    terminal = start("--config", config(streams(60)), EDITOR=str(editor.command), VISUAL="")
    open_editor(terminal)
    terminal.pump(2.5)
    editor.save(terminal)
    terminal.wait_for("begun here and finished there")
    terminal.wait_for("word59")


@pytest.mark.parametrize("name", [signal.SIGHUP, signal.SIGTERM])
def test_leaving_while_the_editor_is_open_keeps_what_came(
    start: Start, config: Callable[[str], str], editor: Editor, name: signal.Signals
) -> None:
    path = config(streams(LONG))
    terminal = start("--config", path, EDITOR=str(editor.command), VISUAL="")
    open_editor(terminal)
    seen = newest_word(terminal)
    os.kill(terminal.pid, name)
    assert terminal.wait_exit() == 0
    again = start("--config", path)
    again.wait_for("stopped")
    assert newest_word(again) >= seen


def test_ctrl_c_at_the_editor_is_the_editors(
    start: Start, config: Callable[[str], str], editor: Editor
) -> None:
    terminal = start("--config", config(streams(LONG)), EDITOR=str(editor.command), VISUAL="")
    open_editor(terminal)
    os.kill(terminal.pid, signal.SIGINT)
    editor.save(terminal)
    terminal.wait_for("begun here and finished there")


def test_the_editor_and_the_app_stop_together(
    start: Start, config: Callable[[str], str], editor: Editor
) -> None:
    """As when an editor answers ctrl+z: it stops its whole group."""
    terminal = start("--config", config(streams(LONG)), EDITOR=str(editor.command), VISUAL="")
    open_editor(terminal)
    left = terminal.written.count(LEFT_SCREEN)
    os.kill(terminal.pid, signal.SIGSTOP)
    terminal.pump(0.3)
    os.kill(terminal.pid, signal.SIGCONT)
    os.kill(terminal.pid, signal.SIGTSTP)
    terminal.pump(1.0)
    assert terminal.written.count(LEFT_SCREEN) == left
    editor.save(terminal)
    terminal.wait_for("begun here and finished there")
