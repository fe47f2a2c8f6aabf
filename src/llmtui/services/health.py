"""How the providers are: their state in a word, from probes that block nothing."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from llmtui.core.errors import AuthError, ConnectError, LlmtuiError, MissingKey, ServerError, Timeout
from llmtui.core.history import RequestRecord
from llmtui.core.models import ConnectionReport, ProviderInfo
from llmtui.core.ports import ProviderRegistry

PROBE_TIMEOUT_S = 3.0
SLOW_FROM_S = 1.0
_UNHEALTHY = (MissingKey, ConnectError, Timeout, ServerError, AuthError)


class HealthState(StrEnum):
    """The words of the sidebar."""

    UNCHECKED = "unchecked"
    READY = "ready"
    UP = "up"
    SLOW = "slow"
    DOWN = "down"
    NO_KEY = "no key"


_ANSWERING = (HealthState.READY, HealthState.UP, HealthState.SLOW)


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of a provider now."""

    provider: str
    state: HealthState = HealthState.UNCHECKED
    detail: str = ""
    hint: str = ""
    latency_s: float | None = None
    models: int | None = None
    checked_at_s: float | None = None
    """Monotonic seconds of the last check."""


class HealthService:
    """Probes providers, all at once, none for longer than three seconds."""

    def __init__(self, registry: ProviderRegistry) -> None:
        self._registry = registry
        self._infos = {info.id: info for info in registry.infos()}
        self._health = {info.id: _offline(info) for info in self._infos.values()}

    @property
    def infos(self) -> list[ProviderInfo]:
        """The configured providers."""
        return list(self._infos.values())

    def info(self, provider_id: str) -> ProviderInfo | None:
        """A configured provider."""
        return self._infos.get(provider_id)

    def of(self, provider_id: str) -> Health:
        """What is known of a provider, without asking it."""
        return self._health.get(provider_id, Health(provider_id))

    def replace(self, info: ProviderInfo) -> Health:
        """Take a provider's new settings; what was known of it is no longer true."""
        self._infos[info.id] = info
        self._health[info.id] = _offline(info)
        return self._health[info.id]

    async def probe(self, provider_id: str) -> Health:
        """Ask one provider how it is; never raises."""
        known = self.of(provider_id)
        if provider_id not in self._infos:
            return known
        info = self._infos[provider_id]
        if known.state is not HealthState.NO_KEY and not info.error:
            health = await self._probe(provider_id)
            # Its settings may have changed meanwhile, and then this is news of another server.
            if self._infos[provider_id] is info:
                self._health[provider_id] = health
        return self._health[provider_id]

    async def probe_all(self, report: Callable[[Health], None]) -> None:
        """Ask all providers at the same time; `report` gets each answer as it comes."""

        async def one(provider_id: str) -> None:
            report(await self.probe(provider_id))

        await asyncio.gather(*(one(provider_id) for provider_id in self._infos))

    def note_failure(self, provider_id: str, error: LlmtuiError) -> Health:
        """Take a failed request as news of the provider's health, where it is any."""
        if provider_id in self._infos and isinstance(error, _UNHEALTHY):
            state = HealthState.NO_KEY if isinstance(error, MissingKey) else HealthState.DOWN
            self._health[provider_id] = Health(
                provider_id, state, str(error), error.hint, checked_at_s=time.monotonic()
            )
        return self.of(provider_id)

    def note_success(self, provider_id: str) -> Health:
        """Take a reply as news of the provider's health; one that is known to answer stays as it is."""
        known = self.of(provider_id)
        if known.state not in _ANSWERING:
            known = replace(known, state=HealthState.UP, detail="", hint="", checked_at_s=time.monotonic())
        if provider_id in self._infos:
            self._health[provider_id] = known
        return known

    def note_reply(self, request: RequestRecord, error: LlmtuiError | None) -> Health:
        """Take the end of a request as news; one stopped before its first word tells nothing."""
        if error is not None:
            return self.note_failure(request.provider, error)
        if request.first_token_at is None and request.outcome != "complete":
            return self.of(request.provider)
        return self.note_success(request.provider)

    async def _probe(self, provider_id: str) -> Health:
        started = time.monotonic()
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                provider = await asyncio.to_thread(self._registry.get, provider_id)
                report = await provider.check()
        except TimeoutError:
            return Health(
                provider_id,
                HealthState.DOWN,
                f"no answer within {PROBE_TIMEOUT_S:g} s",
                checked_at_s=time.monotonic(),
            )
        except LlmtuiError as error:
            return Health(provider_id, HealthState.DOWN, str(error), error.hint, checked_at_s=started)
        return _of_report(provider_id, report)


def _offline(info: ProviderInfo) -> Health:
    if info.error:
        return Health(info.id, HealthState.DOWN, info.error)
    if info.missing_key:
        return Health(info.id, HealthState.NO_KEY, f"set {info.missing_key}", f"set {info.missing_key}")
    return Health(info.id)


def _of_report(provider_id: str, report: ConnectionReport) -> Health:
    checked = time.monotonic()
    if failure := report.failure:
        return Health(provider_id, HealthState.DOWN, failure.detail, report.hint, checked_at_s=checked)
    network = any(stage.name == "http" for stage in report.stages)
    state = HealthState.UP if network else HealthState.READY
    latency = report.latency_s if network else None
    if latency is not None and latency >= SLOW_FROM_S:
        state = HealthState.SLOW
    return Health(
        provider_id, state, latency_s=latency, models=len(report.models) or None, checked_at_s=checked
    )
