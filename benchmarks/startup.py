"""Start and memory: against a bare Textual app and a bare interpreter, in one run.

python -m benchmarks.startup [rounds]
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.terminal import Terminal

BARE_APP = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("bare app")
Bare().run()
"""


def first_frame_s(argv: Sequence[str], mark: str, env: Mapping[str, str]) -> float:
    """Seconds from the start of a process to a text on its screen."""
    with Terminal(argv, env=env) as terminal:
        terminal.wait_for(mark)
        return time.monotonic() - terminal.started_s


def cpu_s(argv: Sequence[str], env: Mapping[str, str]) -> float:
    """User and system seconds of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, env=dict(env), check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def idle(argv: Sequence[str], mark: str, env: Mapping[str, str], seconds: float = 5) -> tuple[float, int]:
    """Resident megabytes of a program that has settled, and the bytes that it then writes while idle."""
    with Terminal(argv, env=env) as terminal:
        terminal.wait_for(mark)
        terminal.wait_quiet(1.5)
        written = len(terminal.written)
        terminal.pump(seconds)
        return terminal.memory_mb(), len(terminal.written) - written


def main(rounds: int = 7) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as home:
        env = _environment(Path(home))
        bare, ours = [sys.executable, "-c", BARE_APP], [sys.executable, "-m", "llmtui"]
        first_frame_s(ours, "Embedded", env)  # The first start makes the database.
        # Taken in turn, so that whatever else the machine does falls on both.
        pairs = [
            (first_frame_s(bare, "bare app", env), first_frame_s(ours, "Embedded", env))
            for _ in range(rounds)
        ]
        floor, frame = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"first frame: llmtui {frame:.3f} s, bare Textual app {floor:.3f} s, ratio {frame / floor:.2f}")
        version = [
            cpu_s([sys.executable, "-m", "llmtui", "--version"], env) - cpu_s([sys.executable, "-c", ""], env)
            for _ in range(rounds)
        ]
        print(f"--version: {statistics.median(version):.3f} s CPU over a bare interpreter")
        memory, written = idle(ours, "Embedded", env)
        floor_memory, _ = idle(bare, "bare app", env)
        print(f"idle: {memory:.0f} MB resident (bare Textual app {floor_memory:.0f}), {written} bytes in 5 s")


def _environment(home: Path) -> dict[str, str]:
    """A home of its own and no provider's keys, so that nothing outside this machine is asked."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    places = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
    return {**kept, **places, "HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"}


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
