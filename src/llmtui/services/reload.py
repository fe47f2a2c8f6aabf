"""The config file, read anew while the app runs: everything that knows of providers and agents follows."""

import asyncio
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmtui.core.errors import ConfigError
from llmtui.core.history import Target
from llmtui.core.logs import keep_out_of_logs
from llmtui.core.models import ProviderInfo
from llmtui.core.ports import Reconfigurable
from llmtui.services.agents import Agents
from llmtui.services.health import HealthService
from llmtui.services.models import ModelService

if TYPE_CHECKING:
    from llmtui.config.loader import LoadedSettings
    from llmtui.config.schema import AppSettings

_FOLLOWED = ("default_provider", "providers", "plugins", "agents", "groups", "network", "health")
"""What counts from the reload on; providers have the app's `network` and `health` in them."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What another look at the config file has brought."""

    before: tuple[ProviderInfo, ...]
    now: tuple[ProviderInfo, ...]
    changed: frozenset[str]
    """The ids of those providers of `now` that are new or not what they were."""
    default: Target
    """What new chats ask by now."""
    default_moved: bool
    waiting: tuple[str, ...] = ()
    """Settings that count only from the next start, for they are not what they were at this one."""
    warnings: tuple[str, ...] = ()

    @property
    def gone(self) -> list[str]:
        """The ids of the providers that are not there any more."""
        now = {info.id for info in self.now}
        return [info.id for info in self.before if info.id not in now]


class ReloadService:
    """Puts to use what the config file says by now; one that is wrong changes nothing."""

    def __init__(
        self,
        read: "Callable[[], LoadedSettings]",
        at_start: "AppSettings",
        registry: "Reconfigurable[AppSettings]",
        *,
        health: HealthService,
        models: ModelService,
        agents: Agents,
    ) -> None:
        """`read` blocks and raises ConfigError."""
        self._read = read
        self._at_start = self._settings = at_start
        self._registry = registry
        self._health = health
        self._models = models
        self._agents = agents
        self._one_at_a_time = asyncio.Lock()

    async def reload(self, renewed: Collection[str] | None = None) -> Reloaded:
        """Read the file and use it from now on; raises ConfigError, and then all is as it was.

        A reply in flight ends at the provider that it was asked of, which is closed behind it. `renewed` are
        providers to be built anew though their settings may not tell; None: all whose key is kept elsewhere.
        """
        async with self._one_at_a_time:
            loaded = await asyncio.to_thread(self._read)
            settings = loaded.settings
            if not settings.providers:
                raise ConfigError(f"{loaded.source}: no providers are configured")
            keep_out_of_logs(settings.secrets())
            before, changed = self._health.infos, frozenset[str]()

            def announce(infos: Collection[ProviderInfo], ids: Collection[str]) -> None:
                # First: no check of the old server may tell of the new one, or send the new key there.
                nonlocal changed
                changed = frozenset(ids)
                self._health.configure(infos, ids)

            await self._registry.configure(settings, announce, renewed=renewed)
            self._agents.configure([agent.info() for agent in settings.agents])
            addresses = {info.id: info.base_url for info in before}
            for info in self._health.infos:
                if info.base_url != addresses.get(info.id):
                    await self._models.forget(info.id)
            old, self._settings = self._settings, settings
            return Reloaded(
                before=tuple(before),
                now=tuple(self._health.infos),
                changed=changed,
                default=Target(settings.default_provider or settings.providers[0].id),
                default_moved=settings.default_provider != old.default_provider,
                waiting=tuple(self._waiting()),
                warnings=tuple(loaded.warnings),
            )

    def _waiting(self) -> Iterator[str]:
        for name in type(self._settings).model_fields:
            if name not in _FOLLOWED and getattr(self._settings, name) != getattr(self._at_start, name):
                yield name
