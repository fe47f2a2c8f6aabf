"""Noticing that nobody has used a thing for some time."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeAlias


class Timer(Protocol):
    """A call that is due and can be called off."""

    def cancel(self) -> None:
        """Call it off."""
        ...


CallLater: TypeAlias = Callable[[float, Callable[[], None]], Timer]


def _call_later(seconds: float, call: Callable[[], None]) -> Timer:
    return asyncio.get_running_loop().call_later(seconds, call)


class Idleness:
    """Calls `act` once nobody has been `in_use` for `after_s` seconds; None never does.

    The clock is started by the end of the last use, so while nothing happens the loop sleeps.
    """

    def __init__(
        self, after_s: float | None, act: Callable[[], None], *, call_later: CallLater = _call_later
    ) -> None:
        self.after_s = after_s
        """Holds from the end of the next use on."""
        self._act = act
        self._call_later = call_later
        self._uses = 0
        self._timer: Timer | None = None

    @property
    def used(self) -> bool:
        """Whether anybody uses it now."""
        return self._uses > 0

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Count as a use; uses may overlap."""
        self.forget()
        self._uses += 1
        try:
            yield
        finally:
            self._uses -= 1
            if not self._uses and self.after_s:
                self._timer = self._call_later(self.after_s, self._due)

    def forget(self) -> None:
        """Stop the clock."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None

    def _due(self) -> None:
        self._timer = None
        self._act()
