"""llmtui in a window of tmux, as a person drives it."""

import itertools
import subprocess
import sys
import time
from pathlib import Path


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
