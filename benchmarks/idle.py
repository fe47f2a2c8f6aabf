"""What is written while nothing happens."""

import tempfile
from pathlib import Path

from benchmarks.chat import SIZES, open_chat
from benchmarks.fake_server import fake_server
from benchmarks.figures import Figures
from benchmarks.programs import side_by_side


def measure(quick: bool) -> Figures:
    """Bytes in a minute (quick: ten seconds) after a reply, by program."""
    seconds = 10 if quick else 60
    rows = []
    with fake_server() as server, tempfile.TemporaryDirectory() as folder:
        for program in side_by_side(server.url, Path(folder)):
            with open_chat(program, server, SIZES["120x40"]) as chat:
                chat.prefill()
                chat.terminal.wait_quiet(2)
                written, cpu_s = len(chat.terminal.written), chat.terminal.cpu_s()
                chat.terminal.pump(seconds)
                used_s = chat.terminal.cpu_s() - cpu_s
                rows.append((program.name, f"{len(chat.terminal.written) - written:,}", f"{used_s:.2f}"))
    about = f"{seconds} s after a reply has ended, at 120×40. The bare app's cursor does not blink."
    return Figures("Idle", about, ("program", "bytes", "CPU s"), rows)
