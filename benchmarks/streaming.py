"""Bytes and CPU of one streamed reply, against those of a bare Textual Markdown stream in the same run.

python -m benchmarks.streaming [--size 80x24] [--remote] [--rounds 3] [--rate 60] [--tokens 600] [-- OPTIONS]

Each program is started anew with an empty home and filled with a reply of 3,000 tokens, so that the
measured one (600 tokens, 3.4 kB of prose, lists, fences and a table, at 60 a second) fills and scrolls the
screen. Its bytes are all that the program writes to its terminal from the first key of the prompt until
nothing moves any more, its CPU that of all its processes in the same time. The programs take turns, and the
ratios are taken within one turn; the median over the turns stands for them. `--remote` measures llmtui with
the defaults of SSH only; without it, with both. The bare app always runs as on a local terminal. OPTIONS
are llmtui's.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.chat import SIZES, Cost, open_chat
from benchmarks.fake_server import FakeServer, fake_server
from benchmarks.figures import Chart, Figures
from benchmarks.programs import Program, bare, llmtui
from benchmarks.replies import Segment

BARE = "bare Textual"


def turns(
    size: str,
    rounds: int,
    *,
    rate: int = 60,
    tokens: int = 600,
    remote_only: bool = False,
    options: Sequence[str] = (),
) -> Iterator[Mapping[str, Cost]]:
    """The cost of a reply by program, for each turn."""
    columns, _ = SIZES[size]
    makers: list[Callable[[str, Path], Program]] = [
        bare,
        *(
            lambda url, home, remote=remote: llmtui(
                url, home, columns=columns, remote=remote, options=options
            )
            for remote in ((True,) if remote_only else (False, True))
        ),
    ]
    with fake_server() as server:
        for _ in range(rounds):
            yield dict(_measure(make, server, size, Segment(tokens, rate)) for make in makers)


def _measure(
    make: Callable[[str, Path], Program], server: FakeServer, size: str, segment: Segment
) -> tuple[str, Cost]:
    with tempfile.TemporaryDirectory() as home:
        program = make(server.url, Path(home))
        with open_chat(program, server, SIZES[size]) as chat:
            chat.prefill()
            return program.name, chat.cost_of("mixed", segment)


def ratios(found: Sequence[Mapping[str, Cost]], name: str) -> tuple[float, float]:
    """How many times more bytes and CPU the bare app takes than a program: medians over the turns."""
    return (
        statistics.median(turn[BARE].bytes / turn[name].bytes for turn in found),
        statistics.median(turn[BARE].cpu_s / turn[name].cpu_s for turn in found),
    )


def measure(quick: bool) -> Figures:
    """Both sizes, with the defaults of a local terminal and of SSH."""
    rows, charts = [], []
    for size in ("80x24",) if quick else SIZES:
        found = list(turns(size, 1 if quick else 3))
        for name in found[0]:
            written = statistics.median(turn[name].bytes for turn in found)
            cpu_s = statistics.median(turn[name].cpu_s for turn in found)
            fewer, less = ratios(found, name)
            rows.append((size, name, f"{written:,.0f}", f"1/{fewer:.1f}", f"{cpu_s:.2f}", f"1/{less:.1f}"))
        bars = {name: statistics.median(turn[name].bytes / 1000 for turn in found) for name in found[0]}
        charts.append(Chart(f"Bytes to the terminal per streamed reply, {size}", "kB", bars))
    about = (
        "A reply of 600 tokens (3.4 kB of prose, lists, fences, a table) at 60 a second on a full screen, the"
        " sidebar shown; the bare app is a Markdown stream of Textual's own in an anchored scroll. Medians of"
        " turns."
    )
    columns = ("size", "program", "bytes", "to bare", "CPU s", "to bare")
    return Figures("A streamed reply", about, columns, rows, charts)


def main() -> None:
    """Print each turn and the ratios."""
    parser = argparse.ArgumentParser(description="bytes and CPU of a streamed reply")
    parser.add_argument("--size", choices=SIZES, default="80x24")
    parser.add_argument("--remote", action="store_true", help="only with the defaults of SSH")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=60, help="tokens a second; 0: as fast as they go")
    parser.add_argument("--tokens", type=int, default=600)
    parser.add_argument("options", nargs="*", help="options of llmtui, after --")
    asked = parser.parse_args()
    found = []
    for turn in turns(
        asked.size,
        asked.rounds,
        rate=asked.rate,
        tokens=asked.tokens,
        remote_only=asked.remote,
        options=asked.options,
    ):
        found.append(turn)
        for name, cost in turn.items():
            print(f"{asked.size} {name:16} {cost.bytes:>9,} bytes {cost.cpu_s:6.2f} s CPU", flush=True)
    for name in found[0]:
        fewer, less = ratios(found, name)
        print(f"{asked.size} {name:16} bytes 1/{fewer:.1f}, CPU 1/{less:.1f} of {BARE}")


if __name__ == "__main__":
    main()
