"""How long a key takes to the screen, idle and while a reply streams at 200 tokens a second."""

import tempfile
import time
from pathlib import Path

from benchmarks.chat import SIZES, open_chat
from benchmarks.echo import Echoes, echoes
from benchmarks.fake_server import FakeServer, fake_server
from benchmarks.figures import Figures
from benchmarks.programs import Program, side_by_side
from benchmarks.replies import Segment

RATE = 200


def measure(quick: bool) -> Figures:
    """Milliseconds at 120×40, by program."""
    seconds = 4 if quick else 20
    rows = []
    with fake_server() as server, tempfile.TemporaryDirectory() as folder:
        for program in side_by_side(server.url, Path(folder)):
            idle, busy = _typed(program, server, seconds)
            p95_idle, p95_busy = (found.percentile(95) * 1000 for found in (idle, busy))
            medians = (f"{found.median * 1000:.0f}" for found in (idle, busy))
            rows.append(
                (program.name, *medians, f"{p95_idle:.0f}", f"{p95_busy:.0f}", f"{p95_busy - p95_idle:.0f}")
            )
    about = (
        f"Milliseconds from a key to the screen at 120×40: one key after the other for {seconds} s, idle and"
        f" while a reply streams at {RATE} tokens a second."
    )
    columns = ("program", "p50 idle", "p50 streaming", "p95 idle", "p95 streaming", "p95 over idle")
    return Figures("Keys", about, columns, rows)


def _typed(program: Program, server: FakeServer, seconds: int) -> tuple[Echoes, Echoes]:
    """Keys while idle and while streaming."""
    with open_chat(program, server, SIZES["120x40"]) as chat:
        chat.prefill()
        end = time.monotonic() + seconds
        idle = echoes(chat.terminal, lambda: time.monotonic() < end)
        plan = chat.ask("mixed", Segment(RATE * seconds, RATE))
        chat.wait_sent(plan, ended=False)
        busy = echoes(chat.terminal, lambda: server.sent(plan) is None)
        return idle, busy
