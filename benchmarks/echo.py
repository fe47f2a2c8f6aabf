"""How long a key takes to the screen."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.terminal import Terminal

KEY = "~"
"""Stands in no reply and no program's frame."""
BACKSPACE = "\x7f"
PAUSE_S = 0.1
PATIENCE_S = 30.0


@dataclass(slots=True)
class Echoes:
    """Seconds from keys to the screen."""

    seconds: list[float] = field(default_factory=list)

    def percentile(self, percent: int) -> float:
        """The time that so many per cent of the keys keep; the longest stands for the last."""
        ranked = sorted(self.seconds)
        return ranked[min(len(ranked) - 1, len(ranked) * percent // 100)]

    @property
    def median(self) -> float:
        """Half of the keys are faster."""
        return statistics.median(self.seconds)


def echo_s(terminal: Terminal) -> float:
    """Type a key, see it, and take it away; seconds to the moment when it stood on the screen.

    Raises TimeoutError when it never does.
    """
    shown = _count(terminal)
    position, started = len(terminal.written), time.monotonic()
    terminal.type(KEY)
    _until(terminal, lambda: KEY.encode() in terminal.written[position:] and _count(terminal) > shown)
    passed_s = time.monotonic() - started
    terminal.type(BACKSPACE)
    _until(terminal, lambda: _count(terminal) == shown)
    return passed_s


def echoes(terminal: Terminal, going_on: Callable[[], bool]) -> Echoes:
    """Type one key after the other for as long as something goes on, at least one."""
    found = Echoes()
    while not found.seconds or going_on():
        found.seconds.append(echo_s(terminal))
        terminal.pump(PAUSE_S)
    return found


def _until(terminal: Terminal, test: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not test():
        if time.monotonic() > end:
            raise TimeoutError(f"a key was not shown within {PATIENCE_S:.0f} s\n{terminal.text}")
        terminal.read(0.02)


def _count(terminal: Terminal) -> int:
    return sum(cell.data == KEY for row in terminal.screen.buffer.values() for cell in row.values())
