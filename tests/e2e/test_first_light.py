"""What a stranger does first, in tmux, with the real embedded model."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
]


class Tmux:
    """One window of tmux; each start has a new server, since an old one may still be ending."""

    def __init__(self, folder: Path, columns: int, rows: int) -> None:
        self._sockets = (folder / f"tmux-{number}" for number in itertools.count())
        self._size = ["-x", str(columns), "-y", str(rows)]

    def start(self) -> int:
        """Start llmtui; returns its process id."""
        self._base = ["tmux", "-S", str(next(self._sockets)), "-f", "/dev/null"]
        command = f"exec {sys.executable} -m llmtui"
        self._run("new-session", "-d", *self._size, "-e", "COLORTERM=truecolor", command)
        return int(self._run("display-message", "-p", "#{pane_pid}"))

    def type(self, *keys: str) -> None:
        """Type tmux's names of keys, or text."""
        self._run("send-keys", *keys)

    def wait_for(self, *texts: str, timeout_s: float = 60) -> str:
        """The screen, once all texts stand on it."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            screen = self._run("capture-pane", "-p")
            if all(text in screen for text in texts):
                return screen
        raise TimeoutError(f"never shown: {texts}\n{screen}")

    def stop(self) -> None:
        """End the server and what runs in it."""
        subprocess.run([*self._base, "kill-server"], capture_output=True, check=False)

    def _run(self, *arguments: str) -> str:
        return subprocess.run(
            [*self._base, *arguments], capture_output=True, text=True, check=True
        ).stdout.strip("\n")


@pytest.fixture(params=[(120, 40), (80, 24)], ids=["120x40", "80x24"])
def tmux(
    request: pytest.FixtureRequest, tmp_path: Path, isolated: Path, embedded_weights: Path
) -> Iterator[Tmux]:
    models = Path(os.environ["XDG_DATA_HOME"]) / "llmtui" / "models"
    models.mkdir(parents=True)
    (models / embedded_weights.name).symlink_to(embedded_weights)
    terminal = Tmux(tmp_path, *request.param)
    yield terminal
    terminal.stop()


def test_a_stranger_asks_switches_and_pulls_the_plug(tmux: Tmux) -> None:
    pid = tmux.start()
    tmux.wait_for("Ask anything")
    tmux.type("What is the capital of France?", "Enter")
    tmux.wait_for("Paris", "tok/s")

    tmux.type("C-g", "2")
    tmux.wait_for("claude")
    tmux.type("C-t")
    tmux.wait_for("SmolLM2-135M-Instruct · embedded", "local")

    tmux.type("Tell me a very long story about the sea.", "Enter")
    tmux.wait_for("writing 1 s")
    os.kill(pid, signal.SIGKILL)
    tmux.stop()
    tmux.start()
    tmux.wait_for("Tell me a very long story about the sea.", "interrupted")

    tmux.type("C-g", "n")
    tmux.wait_for("continued")
