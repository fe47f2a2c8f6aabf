"""Opening long conversations: from the start of the program to the last message on the screen, and memory."""

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.chat import SIZES
from benchmarks.fake_server import FakeServer, fake_server
from benchmarks.figures import Chart, Figures
from benchmarks.history import LAST, fill
from benchmarks.programs import llmtui
from benchmarks.terminal import Terminal


def measure(quick: bool) -> Figures:
    """By length of the conversation, in turns; memory once nothing moves."""
    lengths, rounds = ((10, 1000), 1) if quick else ((10, 200, 1000, 10_000), 5)
    with fake_server() as server, tempfile.TemporaryDirectory() as folder:
        homes = {length: Path(folder, str(length)) for length in lengths}
        for length, home in homes.items():
            fill(home, length)
        turns = [{length: _open(server, home) for length, home in homes.items()} for _ in range(rounds)]
    base = turns[0][lengths[0]][1]
    rows, bars = [], {}
    for length in lengths:
        seconds = statistics.median(turn[length][0] for turn in turns)
        ratio = statistics.median(turn[length][0] / turn[lengths[0]][0] for turn in turns)
        memory_mb = statistics.median(turn[length][1] for turn in turns)
        rows.append(
            (f"{length:,}", f"{seconds:.2f}", f"{ratio:.2f}", f"{memory_mb:.0f}", f"{memory_mb - base:+.0f}")
        )
        bars[f"{length:,} messages"] = seconds
    about = (
        "From the start of the program to the last message on the screen, at 120×40; half of the messages are"
        " answers of 200 tokens."
    )
    columns = (
        "messages",
        "seconds",
        f"to {lengths[0]} messages",
        "MB resident",
        f"over {lengths[0]} messages",
    )
    return Figures("Opening", about, columns, rows, (Chart("Opening a conversation in llmtui", "s", bars),))


def _open(server: FakeServer, home: Path) -> tuple[float, float]:
    """Seconds to the last message, and megabytes."""
    columns, rows = SIZES["120x40"]
    program = llmtui(server.url, home)
    with Terminal(program.argv, columns=columns, rows=rows, env=program.env) as terminal:
        terminal.wait_for(LAST, 120)
        seconds = time.monotonic() - terminal.started_s
        terminal.wait_quiet(1.5)
        return seconds, terminal.memory_mb()
