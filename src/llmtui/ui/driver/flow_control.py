"""How far behind the screen may be: what is under way to the terminal is counted by its own answers."""

from __future__ import annotations

import time
from collections.abc import Callable

QUERY = "\x1b[6n"
"""Asks where the cursor is (DSR 6); the answer tells that all before it has been drawn."""

WINDOW = 2_048
"""Bytes that may be under way when another frame is sent: 0.2 s of a link of 10 kB/s."""
_ASK_AFTER = 512
_SLOW_S = 0.1
LOST_AFTER_S = 5.0
"""An answer that is later than that is not waited for."""


class FlowControl:
    """Decides whether to send more, by what the terminal has answered.

    Buffers on the way (the terminal's, ssh's, the network's) take much more than a slow link carries in the
    time that a person waits for a key's echo. A terminal that never answers is not waited for.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.restart()

    def restart(self) -> None:
        """Begin anew, as with another terminal."""
        self._sent = self._drawn = 0
        self._asked_at = 0.0
        self._asked_of: int | None = None
        self._answers = False
        self._slow = False

    @property
    def awaits_answer(self) -> bool:
        """Whether the terminal was asked and has not answered."""
        return self._asked_of is not None

    @property
    def room(self) -> int | None:
        """About how many bytes may be sent now; None: as many as there are."""
        if not self._answers or self._gave_up():
            return None
        left = WINDOW - (self._sent - self._drawn)
        return max(0, left) if self._slow or left <= 0 else None

    def sent(self, size: int) -> bool:
        """Count what was sent; returns whether to ask the terminal now (after which `asked` is called)."""
        self._sent += size
        return self._asked_of is None and self._sent - self._drawn >= _ASK_AFTER

    def asked(self) -> None:
        """The query is under way, behind all that was sent."""
        self._asked_of, self._asked_at = self._sent, self._clock()

    def answered(self) -> bool:
        """The terminal told where its cursor is; returns whether it was asked by us."""
        if self._asked_of is None:
            return False
        self._slow = self._answers and self._clock() - self._asked_at > _SLOW_S
        self._answers = True
        self._drawn, self._asked_of = self._asked_of, None
        return True

    def _gave_up(self) -> bool:
        """Whether an answer is so late that it must have been lost, as when a terminal was exchanged."""
        if self._asked_of is None or self._clock() - self._asked_at < LOST_AFTER_S:
            return False
        self.restart()
        return True
