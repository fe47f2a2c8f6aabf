"""Bytes and CPU of one streamed reply, against those of a bare Textual Markdown stream in the same run.

python -m benchmarks.streaming [--size 80x24] [--remote] [--rounds 3] [--rate 60] [--tokens 600] [-- OPTIONS OF LLMTUI]

Each program is started anew with an empty home and filled with a reply of 3,000 tokens, so that the measured one
(600 tokens, 3.4 kB of prose, lists, fences and a table, at 60 a second) fills and scrolls the screen. Its bytes are
all that the program writes to its terminal from the first key of the prompt until nothing moves any more, its CPU
that of all its processes in the same time. The programs take turns, and the ratios are taken within one turn; a
median over the turns stands for them. `--remote` measures llmtui with the defaults of SSH only; without it, with
both. The bare app always runs as on a local terminal.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.chat import SIZES, Cost, open_chat
from benchmarks.fake_server import FakeServer, fake_server
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
