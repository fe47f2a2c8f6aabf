"""Closing what is still in use as soon as it is not."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager


class Uses:
    """Counts who uses something; once it is to go, whoever is the last closes it."""

    def __init__(self, close: Callable[[], Awaitable[None]]) -> None:
        self._close = close
        self._count = 0
        self._retired = False

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Use it for as long as the block lasts."""
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1
            await self._close_if_idle()

    async def retire(self) -> None:
        """Close it now, or when it is not used any more."""
        self._retired = True
        await self._close_if_idle()

    async def _close_if_idle(self) -> None:
        # Also when it is taken up once more: who has it in hand does not know that it is to go.
        if self._retired and not self._count:
            await self._close()
