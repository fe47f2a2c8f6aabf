"""A pull, push or create as it is shown; it ends in exactly one of done, failed, stopped."""

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from llmtui.core.errors import IncompleteStream, LlmtuiError
from llmtui.core.model_admin import Phase, TransferStep

STALLED_AFTER_S = 15.0
"""Ollama asks again for a part that is silent for 30 s, without end and without a word: only we can tell."""
RATE_OVER_S = 8.0
RATE_FROM_S = 1.0
_SAMPLE_EVERY_S = 0.25
_MOST_BYTES = 1 << 62
"""More than any disk holds: whatever a server says can be divided."""
_MOST_PARTS = 10_000
"""More than any model has: whatever a server says can be shown."""


class TransferState(StrEnum):
    """Where a transfer stands; the last three are ends."""

    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def ended(self) -> bool:
        """Whether nothing changes any more."""
        return self in (TransferState.DONE, TransferState.FAILED, TransferState.STOPPED)


@dataclass(frozen=True, slots=True)
class PartProgress:
    """A layer or file as it is shown, in bytes."""

    name: str
    completed: int
    """Never falls."""
    total: int | None

    @property
    def is_whole(self) -> bool:
        """Whether all of it is there."""
        return self.total is not None and self.completed >= self.total


@dataclass(frozen=True, slots=True)
class Progress:
    """What is shown of a transfer at one time."""

    state: TransferState
    phase: Phase
    text: str
    """The server's last words."""
    parts: tuple[PartProgress, ...]
    completed: int
    """Bytes of all parts; never falls."""
    total: int | None
    """Bytes of all parts that are known so far; never falls."""
    share: float | None
    """How much of the whole is there, from 0 to 1; it may fall when another part becomes known."""
    rate: float | None
    """Bytes per second, over the last seconds; None while nobody can tell."""
    left_s: float | None
    """Seconds that the rest of the known parts takes at this rate."""
    silent_s: float
    """Seconds without progress."""
    stalled: bool
    elapsed_s: float
    error: LlmtuiError | None = None

    @property
    def is_so_far(self) -> bool:
        """Whether parts that nobody knows of yet may follow."""
        return not self.state.ended and self.phase in ("prepare", "transfer")


@dataclass(slots=True)
class _Part:
    name: str
    at: int = 0
    """As the server said last: what the rest is counted from."""
    shown: int = 0
    total: int | None = None
    counted: bool = False
    """Whether it was spoken of since the transfer was asked for last; what it began with came at no rate."""

    @property
    def size(self) -> int:
        """Bytes of all of it; one of unknown size is at least as large as what has come of it."""
        return self.shown if self.total is None else self.total

    def take(self, completed: int, total: int | None) -> int:
        """Fold what the server says; returns the bytes that have come since it last did."""
        came = max(0, completed - self.at) if self.counted else 0
        self.at, self.counted = completed, True
        if total is not None:
            self.total = max(total, self.total or 0)
        if self.total is not None:
            self.total = max(self.total, self.shown)
            completed = min(completed, self.total)
        self.shown = max(self.shown, completed)
        return came


@dataclass(slots=True)
class _Rate:
    """Bytes per second over a window, sampled a few times a second."""

    received: int = 0
    samples: deque[tuple[float, int]] = field(default_factory=deque)

    def add(self, received: int, now_s: float) -> None:
        if not self.samples:
            self.samples.append((now_s, self.received))
        self.received += received
        if now_s - self.samples[-1][0] >= _SAMPLE_EVERY_S:
            self.samples.append((now_s, self.received))
        self._forget(now_s)

    def at(self, now_s: float) -> float | None:
        self._forget(now_s)
        if not self.samples or now_s - self.samples[0][0] < RATE_FROM_S:
            return None
        since_s, before = self.samples[0]
        return (self.received - before) / (now_s - since_s)

    def _forget(self, now_s: float) -> None:
        while len(self.samples) > 1 and self.samples[1][0] <= now_s - RATE_OVER_S:
            self.samples.popleft()


class Transfer:
    """Folds the steps of one transfer, whose times are monotonic seconds.

    The connection may be lost and asked for again with `begin`: what is shown goes on from where it was.
    """

    def __init__(self, now_s: float) -> None:
        self.state = TransferState.RUNNING
        self.error: LlmtuiError | None = None
        self._phase: Phase = "prepare"
        self._text = ""
        self._parts: dict[str, _Part] = {}
        # Counted along, for there are lines by the thousand, and models of a thousand parts.
        self._completed = self._size = 0
        self._has_size = False
        self._share: float | None = None
        self._done = False
        self._started_s = self._progress_s = now_s
        self._ended_s: float | None = None
        self._rate = _Rate()

    @property
    def phase(self) -> Phase:
        """What the server does."""
        return self._phase

    @property
    def total(self) -> int | None:
        """Bytes of all parts that are known so far; never falls."""
        return self._size if self._has_size else None

    @property
    def to_come(self) -> int | None:
        """Bytes of the known parts that are not there yet."""
        return self._size - self._completed if self._has_size else None

    def begin(self, now_s: float) -> None:
        """Asked for again: the server tells anew what it has, and its silence counts from now."""
        if self.state.ended:
            return
        self._progress_s = now_s
        self._rate = _Rate()
        for part in self._parts.values():
            part.counted = False

    def take(self, step: TransferStep, now_s: float) -> None:
        """Fold a step; one that comes after the server's last word, or after the end, is none."""
        if self._done or self.state.ended:
            return
        if step.phase != self._phase:
            self._phase, self._progress_s = step.phase, now_s
        self._text = step.text or self._text
        self._done = step.phase == "done"
        if step.share is not None and 0 <= step.share <= 1 and step.share > (self._share or 0):
            self._share, self._progress_s = step.share, now_s
        if step.part:
            self._take_part(step, now_s)

    def ask_to_stop(self) -> None:
        """Say that it shall end; it has not before `close`."""
        if self.state is TransferState.RUNNING:
            self.state = TransferState.STOPPING

    def close(self, now_s: float, error: LlmtuiError | None = None) -> None:
        """The stream has ended, by this error if any: done only if the server has said so."""
        if self.state.ended:
            return
        self._ended_s = now_s
        if self._done:
            self.state = TransferState.DONE
            # The server need not have told of each part's last bytes.
            for part in self._parts.values():
                part.shown = max(part.shown, part.total or 0)
            self._completed = sum(part.shown for part in self._parts.values())
        elif self.state is TransferState.STOPPING:
            self.state = TransferState.STOPPED
        else:
            self.state = TransferState.FAILED
            self.error = error or IncompleteStream("the server ended without saying that it is done")

    def progress(self, now_s: float) -> Progress:
        """What is shown at a time."""
        parts = self._parts.values()
        completed, total = self._completed, self.total
        now_s = now_s if self._ended_s is None else self._ended_s
        silent_s = max(0.0, now_s - self._progress_s)
        is_moving = not self.state.ended and self._phase in ("prepare", "transfer")
        stalled = is_moving and silent_s >= STALLED_AFTER_S
        rate = self._rate.at(now_s) if self._phase == "transfer" and is_moving and not stalled else None
        rest = None if total is None else max(0, total - sum(part.at for part in parts))
        return Progress(
            self.state,
            self._phase,
            self._text,
            tuple(PartProgress(part.name, part.shown, part.total) for part in parts),
            completed,
            total,
            self._whole_share(completed, total),
            rate,
            rest / rate if rate and rest is not None else None,
            silent_s,
            stalled,
            now_s - self._started_s,
            self.error,
        )

    def _take_part(self, step: TransferStep, now_s: float) -> None:
        part = self._parts.get(step.part)
        if part is None:
            if len(self._parts) >= _MOST_PARTS:
                return
            part = self._parts[step.part] = _Part(step.part)
            self._progress_s = now_s
        shown, size = part.shown, part.size
        came = part.take(_bytes(step.completed), None if step.total is None else _bytes(step.total))
        self._completed += part.shown - shown
        self._size += part.size - size
        self._has_size = self._has_size or part.total is not None
        self._rate.add(came, now_s)
        if came:
            self._progress_s = now_s

    def _whole_share(self, completed: int, total: int | None) -> float | None:
        if self.state is TransferState.DONE:
            return 1.0
        if total:
            return min(1.0, completed / total)
        return self._share


def _bytes(said: int) -> int:
    return max(0, min(said, _MOST_BYTES))
