import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.terminal import Terminal

Start = Callable[..., Terminal]


@pytest.fixture
def start(isolated: Path) -> Iterator[Start]:
    """Starts `llmtui` with these arguments in a terminal; all share one home."""
    with ExitStack() as stack:

        def run(
            *arguments: str, size: Sequence[int] = (120, 40), bytes_per_s: int = 0, **env: str
        ) -> Terminal:
            argv = [sys.executable, "-m", "llmtui", *arguments]
            surroundings = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **env}
            columns, rows = size
            terminal = Terminal(argv, columns=columns, rows=rows, env=surroundings, bytes_per_s=bytes_per_s)
            return stack.enter_context(terminal)

        yield run


@pytest.fixture
def config(isolated: Path) -> Callable[[str], str]:
    """Writes a config file and returns its path."""

    def write(text: str) -> str:
        path = isolated / "config.yaml"
        path.write_text(text)
        return str(path)

    return write
