"""How the providers are: their state in a word, from probes that block nothing and from real traffic."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from llmtui.core.errors import (
    AuthError,
    ConnectError,
    KeyUnavailable,
    LlmtuiError,
    MissingKey,
    ServerError,
    Timeout,
)
from llmtui.core.history import RequestRecord
from llmtui.core.logs import logfmt, scrubbed
from llmtui.core.models import CheckStage, CheckState, ConnectionReport, ProviderInfo, StageListener
from llmtui.core.ports import Provider, ProviderRegistry
from llmtui.services.connection import Connection, ask_one_token, reported, token_effect
from llmtui.services.recorder import Recorder
from llmtui.services.schedule import ProbeSchedule

_log = logging.getLogger(__name__)
PROBE_TIMEOUT_S = 3.0
TEST_TIMEOUT_S = 90.0
"""For a person's test, which shows what it waits for and can be cancelled."""
SLOW_FROM_S = 1.0
_KEYLESS = (MissingKey, KeyUnavailable)
JITTER_S = 0.1
JITTER_SHARE = 0.5
"""A latency this near to the known one is no news: it must not repaint the screen for ever."""
KEY_KEPT_BACK = "key not tried"
_UNHEALTHY = (*_KEYLESS, ConnectError, Timeout, ServerError, AuthError)
SETTINGS, CHECK = "settings", "check"
"""The stages of what went wrong before, or around, those of the provider."""


class HealthState(StrEnum):
    """The words of the sidebar."""

    UNCHECKED = "unchecked"
    READY = "ready"
    UP = "up"
    SLOW = "slow"
    DOWN = "down"
    KEY_REFUSED = "key refused"
    NO_KEY = "no key"
    OFF = "off"


ANSWERING = (HealthState.READY, HealthState.UP, HealthState.SLOW)
FAILING = (HealthState.DOWN, HealthState.KEY_REFUSED)


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of a provider now."""

    provider: str
    state: HealthState = HealthState.UNCHECKED
    detail: str = ""
    hint: str = ""
    latency_s: float | None = None
    """Seconds of a probe that was typical since the state is what it is."""
    models: int | None = None
    untried: bool = False
    """Whether the server answered without having seen the key, which may be wrong."""
    checked_at_s: float | None = field(default=None, compare=False)
    """Monotonic seconds of the last check; a later check with the same outcome is an equal value."""


class HealthService:
    """Probes providers, all at once, none for longer than three seconds.

    A probe carries a key only to hosts that the person has used: those of `used` and of the ledger of
    `recorder`, and those that were asked or tested since the start.
    """

    def __init__(
        self,
        registry: ProviderRegistry,
        recorder: Recorder | None = None,
        schedule: ProbeSchedule | None = None,
        used: Iterable[str] = (),
    ) -> None:
        self._registry = registry
        self._recorder = recorder
        self._infos = {info.id: info for info in registry.infos()}
        self._health = {info.id: _offline(info) for info in self._infos.values()}
        self._used = set(used)
        self.schedule = schedule or ProbeSchedule()
        for info in self._infos.values():
            self._plan(info)

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

    def configure(self, infos: Iterable[ProviderInfo], changed: Collection[str]) -> None:
        """Take other providers; what was known of those that changed is no longer true."""
        fresh = {info.id: info for info in infos}
        for outdated in {*changed, *(self._infos.keys() - fresh.keys())}:
            self.schedule.drop(outdated)
        self._health = {
            info.id: _offline(info) if info.id in changed else self.of(info.id) for info in fresh.values()
        }
        # One that is what it was stays the same object: its check may be under way.
        self._infos = {
            info.id: info if info.id in changed else self._infos.get(info.id, info) for info in fresh.values()
        }
        for info in fresh.values():
            self._plan(info)

    def trust(self, host: str) -> None:
        """The person has sent a key there: checks may carry it, too."""
        if host:
            self._used.add(host)

    def may_ask(self, provider_id: str) -> bool:
        """Whether its server may be asked with all that it needs, unasked for by the person."""
        info = self._infos.get(provider_id)
        if info is None or info.health == "off":
            return False
        return info.host in self._used or not info.has_key

    async def recall(self) -> None:
        """Learn from the ledger which hosts the person has used."""
        if self._recorder is not None:
            self._used |= await self._recorder.read(self._recorder.store.hosts(), frozenset())

    async def probe(self, provider_id: str, *, tested: bool = False) -> Health:
        """Ask one provider how it is; never raises. `tested` when a person wants its key to be tried."""
        info, known = self._infos.get(provider_id), self.of(provider_id)
        if info is None or info.error or info.missing_key:
            return known
        if tested:
            self.trust(info.host)
        report = await self._checked(info)
        # Its settings may have changed meanwhile, and then this is news of another server.
        if self._infos.get(provider_id) is not info:
            return self.of(provider_id)
        return self._learn(_of_report(provider_id, report))

    async def examine(
        self, provider_id: str, *, tested: bool = True, told: StageListener = lambda _: None
    ) -> ConnectionReport:
        """Check one provider and report every stage; never raises. `tested` as of `probe`.

        What a person tests is tested in full, and `told` gets the stages as they come.
        """
        info = self._infos.get(provider_id)
        if info is None:
            return ConnectionReport.failed(provider_id, SETTINGS, f"no provider '{provider_id}'")
        if info.error or info.missing_key:
            known = _offline(info)
            return ConnectionReport.failed(
                provider_id, SETTINGS, info.error or "it has no API key", known.hint
            )
        if tested:
            self.trust(info.host)
            report = await self._checked(info, lambda provider: provider.examine(told), TEST_TIMEOUT_S)
        else:
            report = await self._checked(info)
        if self._infos.get(provider_id) is info:
            self._learn(_of_report(provider_id, report))
        return report

    def connection(self, provider_id: str) -> Connection:
        """A configured provider's connection, for a person to test."""
        return _Configured(self, provider_id)

    async def ask_token(self, provider_id: str, told: StageListener) -> ConnectionReport:
        """Ask a provider's model for one token, which costs; never raises."""

        async def ask() -> ConnectionReport:
            provider = await asyncio.to_thread(self._registry.get, provider_id)
            return await ask_one_token(provider, told)

        return await reported(provider_id, ask())

    async def probe_all(self, report: Callable[[Health], None], *, tested: bool = False) -> None:
        """Ask all providers at the same time; `report` gets each answer as it comes."""
        await self._probe_each(self._infos, report, tested=tested)

    async def probe_due(self, report: Callable[[Health], None]) -> None:
        """Ask the providers whose time has come."""
        await self._probe_each(self.schedule.take_due(), report)

    def note_failure(self, provider_id: str, error: LlmtuiError) -> Health:
        """Take a failed request as news of the provider's health, where it is any."""
        if not isinstance(error, _UNHEALTHY):
            return self.of(provider_id)
        state = _failing(error)
        return self._learn(Health(provider_id, state, str(error), error.hint, checked_at_s=time.monotonic()))

    def note_success(self, provider_id: str) -> Health:
        """Take a reply as news of the provider's health; one that is known to answer stays as it is."""
        known = self.of(provider_id)
        state = known.state if known.state in ANSWERING else HealthState.UP
        return self._learn(
            replace(known, state=state, detail="", hint="", untried=False, checked_at_s=time.monotonic())
        )

    def note_reply(self, request: RequestRecord, error: LlmtuiError | None) -> Health:
        """Take the end of a request as news; one stopped before its first word tells nothing."""
        self.trust(request.host)
        info = self._infos.get(request.provider)
        if info is not None and request.host and request.host != info.host:
            # News of the server that it had before.
            return self.of(request.provider)
        if error is not None:
            return self.note_failure(request.provider, error)
        if request.first_token_at is None and request.outcome != "complete":
            return self.of(request.provider)
        return self.note_success(request.provider)

    def note_test(self, provider_id: str, report: ConnectionReport) -> Health:
        """Take a check that a person asked for, key included, as news."""
        if (info := self._infos.get(provider_id)) is not None:
            self.trust(info.host)
        return self._learn(_of_report(provider_id, report))

    def _plan(self, info: ProviderInfo) -> None:
        self.schedule.plan(info.id, "off" if info.error or info.missing_key else info.health)

    async def _probe_each(
        self, provider_ids: Iterable[str], report: Callable[[Health], None], *, tested: bool = False
    ) -> None:
        async def one(provider_id: str) -> None:
            report(await self.probe(provider_id, tested=tested))

        await asyncio.gather(*map(one, provider_ids))

    async def _checked(
        self,
        info: ProviderInfo,
        ask: Callable[[Provider], Awaitable[ConnectionReport]] | None = None,
        timeout_s: float | None = None,
    ) -> ConnectionReport:
        provider, timeout_s = None, timeout_s or PROBE_TIMEOUT_S
        try:
            async with asyncio.timeout(timeout_s):
                provider = await asyncio.to_thread(self._registry.get, info.id)
                if self._infos.get(info.id) is not info:
                    words = "its settings have changed meanwhile"
                    return ConnectionReport(info.id, (CheckStage(SETTINGS, CheckState.SKIPPED, words),))
                # Read late: a person may have used the host meanwhile.
                checking = ask(provider) if ask else provider.check(with_key=info.host in self._used)
                report = await checking
                if not report.stages:
                    raise ValueError("its check tells of no stage")
                return report
        except TimeoutError:
            if provider is None:
                words = "its key is still being fetched, or its client loaded"
                return ConnectionReport(info.id, (CheckStage(SETTINGS, CheckState.SKIPPED, words),))
            return ConnectionReport.failed(info.id, CHECK, f"no answer within {timeout_s:g} s")
        except LlmtuiError as error:
            return ConnectionReport.failed(info.id, SETTINGS, str(error), error.hint, error)
        # A plugin's bug is told where its provider stands, and stops no other probe.
        except Exception as error:  # noqa: BLE001
            _log.exception(logfmt("probe failed", provider=info.id))
            words = scrubbed(f"{type(error).__name__}: {error}")
            return ConnectionReport.failed(info.id, CHECK, words, "this is a bug in the provider")

    def _learn(self, news: Health) -> Health:
        """Keep what is new; a latency that only jitters is not."""
        known = self.of(news.provider)
        if known.state is news.state and _jitters(known.latency_s, news.latency_s):
            news = replace(news, latency_s=known.latency_s)
        if news.provider in self._infos:
            self._health[news.provider] = news
            self.schedule.note_news(news.provider, down=news.state in FAILING)
            if news.state is not known.state:
                level = logging.WARNING if news.state in FAILING else logging.INFO
                _log.log(level, logfmt("health", provider=news.provider, was=known.state, now=news.state))
        return self.of(news.provider)


class _Configured:
    """The connection of a provider as it is configured."""

    def __init__(self, health: HealthService, provider_id: str) -> None:
        self._health = health
        self._provider_id = provider_id

    @property
    def token_effect(self) -> str:
        info = self._health.info(self._provider_id)
        return token_effect(info) if info else ""

    async def test(self, told: StageListener) -> ConnectionReport:
        return await self._health.examine(self._provider_id, told=told)

    async def ask_token(self, told: StageListener) -> ConnectionReport:
        return await self._health.ask_token(self._provider_id, told)


def _jitters(known: float | None, fresh: float | None) -> bool:
    if known is None or fresh is None:
        return False
    return abs(fresh - known) <= max(JITTER_S, JITTER_SHARE * known)


def _offline(info: ProviderInfo) -> Health:
    if info.error:
        return Health(info.id, HealthState.DOWN, info.error)
    if info.missing_key:
        return Health(info.id, HealthState.NO_KEY, f"set {info.missing_key}", f"set {info.missing_key}")
    return Health(info.id, HealthState.OFF if info.health == "off" else HealthState.UNCHECKED)


def _failing(error: LlmtuiError | None) -> HealthState:
    if isinstance(error, _KEYLESS):
        return HealthState.NO_KEY
    return HealthState.KEY_REFUSED if isinstance(error, AuthError) else HealthState.DOWN


def _of_report(provider_id: str, report: ConnectionReport) -> Health:
    first = report.stages[0]
    if first.name == SETTINGS and first.state is CheckState.SKIPPED:
        return Health(provider_id, detail=first.detail, checked_at_s=time.monotonic())
    # Where an extra stage failed, the server itself has answered.
    if (failure := report.failure) and not failure.extra:
        state = _failing(report.error)
        return Health(provider_id, state, failure.detail, report.hint, checked_at_s=time.monotonic())
    network = any(stage.name == "http" for stage in report.stages)
    state = HealthState.UP if network else HealthState.READY
    latency = report.latency_s if network else None
    if latency is not None and latency >= SLOW_FROM_S:
        state = HealthState.SLOW
    untried = report.key_kept_back
    return Health(
        provider_id,
        state,
        KEY_KEPT_BACK if untried else "",
        latency_s=latency,
        models=len(report.models) or None,
        untried=untried,
        checked_at_s=time.monotonic(),
    )
