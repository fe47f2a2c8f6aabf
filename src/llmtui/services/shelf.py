"""The models on a server's disk and in its memory: looked at, found, and acted upon."""

import math
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from llmtui.core.errors import ConfigError, LlmtuiError
from llmtui.core.model_admin import ModelAction, ModelDetails, OfferedModel, RunningModel, StoredModel
from llmtui.services.model_admins import OpenAdmin, opened

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

ORDERS: Mapping[str, tuple[Callable[[StoredModel], Any], bool]] = {
    "name": (lambda model: model.name.lower(), False),
    "size": (lambda model: model.size or 0, True),
    "modified": (lambda model: model.modified_at or _LONG_AGO, True),
    "family": (lambda model: (model.family, model.name.lower()), False),
    "context": (lambda model: model.capabilities.context_window.tokens or 0, True),
}
"""What a list can be sorted by: the key, and whether its highest value comes first."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a server tells of its models at one time."""

    stored: tuple[StoredModel, ...] = ()
    running: tuple[RunningModel, ...] = ()
    actions: frozenset[ModelAction] = frozenset()

    def in_order(self, order: str) -> list[StoredModel]:
        """The stored models, sorted by one of `ORDERS`."""
        key, highest_first = ORDERS[order]
        return sorted(self.stored, key=key, reverse=highest_first)

    def has(self, name: str) -> bool:
        """Whether a name is taken; one without a tag stands for its `latest`."""
        return any(one.name in (name, f"{name}:latest") for one in self.stored)

    def is_last(self, model: StoredModel) -> bool:
        """Whether the files go with this name, for no other name has them."""
        same = [one for one in self.stored if one.digest and one.digest == model.digest]
        return len(same) <= 1

    def running_model(self, name: str) -> RunningModel | None:
        """The model in memory, if it is there."""
        return next((one for one in self.running if one.name == name), None)


class ShelfService:
    """Looks at the models of servers and acts on them; each call has a connection of its own.

    Methods raise LlmtuiError.
    """

    def __init__(self, open_admin: OpenAdmin, refresh: Callable[[str], Awaitable[object]]) -> None:
        """`refresh` reads a provider's model list anew."""
        self._open_admin = open_admin
        self._refresh = refresh

    async def look(self, provider_id: str) -> Shelf:
        """What is there now."""
        async with opened(self._open_admin, provider_id) as admin:
            stored = tuple(await admin.stored())
            can_run = ModelAction.RUNNING in admin.actions
            running = tuple(await admin.running()) if can_run else ()
            return Shelf(stored, running, admin.actions)

    async def offered(self, provider_id: str) -> list[OfferedModel]:
        """What can be pulled there."""
        async with opened(self._open_admin, provider_id) as admin:
            return await admin.offered()

    async def show(self, provider_id: str, model: str) -> ModelDetails:
        """All that is told of a model."""
        async with opened(self._open_admin, provider_id) as admin:
            return await admin.show(model)

    async def load(self, provider_id: str, model: str, keep_alive_s: float | None = None) -> None:
        """Take a model into memory, or keep it there for so long."""
        async with opened(self._open_admin, provider_id) as admin:
            await admin.load(model, keep_alive_s)

    async def unload(self, provider_id: str, model: str) -> None:
        """Give a model's memory back."""
        async with opened(self._open_admin, provider_id) as admin:
            await admin.unload(model)

    async def copy(self, provider_id: str, source: str, destination: str) -> None:
        """Give a model a second name."""
        async with opened(self._open_admin, provider_id) as admin:
            await admin.copy(source, destination)
        await self._renew(provider_id)

    async def delete(self, provider_id: str, model: str) -> None:
        """Take a name away, and the files with the last one."""
        async with opened(self._open_admin, provider_id) as admin:
            await admin.delete(model)
        await self._renew(provider_id)

    async def _renew(self, provider_id: str) -> None:
        with suppress(LlmtuiError):
            await self._refresh(provider_id)


def keep_alive_of(text: str) -> float:
    """The seconds that `90`, `90s`, `30m`, `2h`, `1d` or `forever` stand for; raises ConfigError."""
    words = text.strip().lower()
    if words in ("forever", "-1"):
        return math.inf
    number, unit = (words[:-1], words[-1]) if words[-1:] in _UNITS_S else (words, "s")
    try:
        seconds = float(number) * _UNITS_S[unit]
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < math.inf:
        raise ConfigError(f"'{text}' is no time such as 90s, 30m, 2h or forever")
    return seconds
