"""A terminal that takes 10 kB a second: the reader of the pseudo-terminal is throttled.

While a reply streams, keys are typed one after the other, and a probe in the program notes how long its
loop stands still. Once all has come through, `ctrl+l` makes the program paint everything again: a screen
that was right does not change by that, neither in its cells nor in their colours.
"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chat import SIZES, Chat, open_chat
from benchmarks.echo import Echoes, echoes
from benchmarks.fake_server import FakeServer, fake_server
from benchmarks.figures import Figures
from benchmarks.loop_probe import worst_stall_s
from benchmarks.programs import bare, llmtui, watched
from benchmarks.replies import Segment
from benchmarks.terminal import seen_cells

BYTES_PER_S = 10_000
SIZE = "80x24"
REPAINT = "\x0c"
COLUMNS = ("program", "line", "keys", "p50 ms", "p95 ms", "worst stall ms", "behind s", "screen")


@dataclass(frozen=True, slots=True)
class Passage:
    """What a reply on a slow line was like; `behind_s` is how long its end came after the wire's."""

    echoes: Echoes
    stall_s: float
    behind_s: float
    right: bool | None
    """None where the program cannot be made to paint again."""

    def cells(self) -> tuple[str, ...]:
        """The columns from `keys` on."""
        times = (self.echoes.median, self.echoes.percentile(95), self.stall_s)
        screen = {True: "right", False: "WRONG", None: "-"}[self.right]
        return (
            str(len(self.echoes.seconds)),
            *(f"{value * 1000:.0f}" for value in times),
            f"{self.behind_s:.1f}",
            screen,
        )


def measure(quick: bool) -> Figures:
    """With the line throttled and, to compare, without."""
    columns, _ = SIZES[SIZE]
    rows = []
    with fake_server() as server, tempfile.TemporaryDirectory() as folder:
        home, stalls = Path(folder), Path(folder, "stalls")
        for speed in (BYTES_PER_S, 0):
            name = f"{speed // 1000} kB a second" if speed else "unlimited"
            for program in (
                llmtui(server.url, home / name, columns=columns, remote=True),
                bare(server.url, home),
            ):
                with open_chat(watched(program, stalls), server, SIZES[SIZE], speed) as chat:
                    found = passage(
                        chat, server, stalls, 5 if quick else 20, repaints=program.name != "bare Textual"
                    )
                rows.append((program.name, name, *found.cells()))
    about = (
        "80×24, a reply at 60 tokens a second: milliseconds from a key to the screen while it streams, the"
        " longest time for which the program's loop stood still, seconds from the wire's last byte to the"
        " last word on the screen, and whether the screen was right when all had come through."
    )
    return Figures("A slow terminal", about, COLUMNS, rows)


def passage(chat: Chat, server: FakeServer, stalls: Path, seconds: int, *, repaints: bool) -> Passage:
    """Stream for so many seconds and type meanwhile."""
    chat.prefill(500)
    started_s = time.monotonic()
    plan = chat.ask("mixed", Segment(60 * seconds, 60))
    chat.wait_sent(plan, ended=False)
    typed = echoes(chat.terminal, lambda: server.sent(plan) is None)
    behind_s = chat.wait_shown(plan) - chat.wait_sent(plan)
    chat.terminal.wait_quiet(2)
    stall_s = worst_stall_s(stalls, started_s, time.monotonic())
    return Passage(typed, stall_s, behind_s, _is_right(chat) if repaints else None)


def _is_right(chat: Chat) -> bool:
    """Whether painting everything again changes nothing; raises TimeoutError when nothing was painted."""
    before, written = seen_cells(chat.terminal.screen), len(chat.terminal.written)
    chat.terminal.type(REPAINT)
    chat.terminal.wait_quiet(2)
    painted = len(chat.terminal.written) - written
    if painted < chat.terminal.screen.lines * chat.terminal.screen.columns / 4:
        raise TimeoutError(f"{REPAINT!r} painted {painted} bytes, which is not the screen")
    return seen_cells(chat.terminal.screen) == before
