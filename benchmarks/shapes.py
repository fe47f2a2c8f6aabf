"""CPU of one endless list, table, fence or paragraph, against as many tokens of prose."""

import tempfile
from pathlib import Path

from benchmarks.chat import SIZES, Cost, open_chat
from benchmarks.fake_server import fake_server
from benchmarks.figures import Figures
from benchmarks.programs import llmtui
from benchmarks.replies import Segment

OPEN = ("list", "table", "fence", "paragraph")
RATE = 200


def measure(quick: bool) -> Figures:
    """The cost of a reply of each shape; each in a fresh app, the screen full before."""
    tokens = 1000 if quick else 4000
    found: dict[str, Cost] = {}
    with fake_server() as server:
        for shape in ("prose", *OPEN):
            with (
                tempfile.TemporaryDirectory() as home,
                open_chat(llmtui(server.url, Path(home)), server, SIZES["120x40"]) as chat,
            ):
                chat.prefill()
                found[shape] = chat.cost_of(shape, Segment(tokens, RATE))
    prose = found["prose"].cpu_s
    rows = [
        (shape, f"{cost.cpu_s:.2f}", f"{cost.cpu_s / prose:.2f}", f"{cost.bytes:,}")
        for shape, cost in found.items()
    ]
    about = f"A reply of {tokens:,} tokens at {RATE} a second that is one block from end to end, at 120×40."
    return Figures("Open blocks", about, ("shape", "CPU s", "to prose", "bytes"), rows)
