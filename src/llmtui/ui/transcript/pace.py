"""When the next frame may be painted."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from textual.timer import Timer

_COVERED_S = 0.5
"""Seconds between two frames while something is in front."""


class SetTimer(Protocol):
    """Textual's `set_timer`."""

    def __call__(self, delay: float, callback: Callable[[], None]) -> Timer:
        """Call back after `delay` seconds."""


class Pace:
    """Paints at once, unless the last frame was too recent for what it cost."""

    def __init__(
        self,
        paint: Callable[[], None],
        set_timer: SetTimer,
        is_covered: Callable[[], bool],
        rest: float = 4.0,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """`rest` is how often the cost of a frame must pass before the next one: the loop has other work."""
        self._paint = paint
        self._set_timer = set_timer
        self._is_covered = is_covered
        self._rest = rest
        self._clock = clock
        self._timer: Timer | None = None
        self._last_s, self._cost_s = float("-inf"), 0.0

    def ask(self) -> None:
        """Have what is new painted as soon as it may be."""
        if self._timer is not None:
            return
        rest_s = max(self._rest * self._cost_s, _COVERED_S if self._is_covered() else 0)
        wait_s = self._last_s + rest_s - self._clock()
        if wait_s <= 0:
            self._frame()
        else:
            self._timer = self._set_timer(wait_s, self._frame)

    def hurry(self) -> None:
        """Paint now what waits to be painted."""
        if self._timer is not None:
            self._frame()

    def _frame(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        start_s = self._clock()
        self._paint()
        self._last_s = self._clock()
        self._cost_s = self._last_s - start_s
