"""The configured providers, by id; adapters come from entry points, built-in and third-party alike."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event, Lock
from time import monotonic
from typing import TYPE_CHECKING, get_args

from pydantic import ValidationError

from llmtui.config.keys import with_key
from llmtui.config.schema import AppSettings, ProviderSettings, canonical_kind
from llmtui.core.errors import ConfigError, KeyUnavailable, LlmtuiError, MissingKey, UnknownProvider
from llmtui.core.history import Target
from llmtui.core.logs import keep_out_of_logs, logfmt
from llmtui.core.models import AgentInfo, ConfigIssue, ProviderInfo, ProviderType
from llmtui.core.ports import Announce, Provider
from llmtui.core.redaction import redact
from llmtui.core.settings import SettingField
from llmtui.providers.adapters import Adapters, ProviderClass
from llmtui.providers.kinds import Kind
from llmtui.providers.locality import host_of

if TYPE_CHECKING:
    from llmtui.providers.base import BaseProvider

_log = logging.getLogger(__name__)


class Registry:
    """Builds providers when they are first asked for; names are case-insensitive.

    `wrap` is put around every provider that is built: retries and the guard. `disabled` names kinds and
    packages that are not loaded.
    """

    def __init__(
        self,
        providers: Sequence[ProviderSettings],
        *,
        default_provider: str | None = None,
        disabled: Collection[str] = (),
        wrap: "Callable[[BaseProvider], Provider]" = lambda provider: provider,
    ) -> None:
        self._settings = {settings.id.lower(): settings for settings in providers}
        self._default = default_provider
        self._adapters = Adapters(disabled)
        self._wrap = wrap
        self._built: dict[str, Provider] = {}
        self._slots = {key: _Slot() for key in self._settings}
        self._secrets: set[str] = set()
        self._closing = Event()
        self._retired: list[Provider] = []

    def register(self, kind: str, provider_class: ProviderClass) -> None:
        """Make a kind known under this name, before any entry point of that name."""
        self._adapters.registered[canonical_kind(kind)] = provider_class

    def infos(self) -> list[ProviderInfo]:
        """All configured providers; a kind that cannot be loaded is listed with its error."""
        return [self.info_of(settings) for settings in self._settings.values()]

    def info(self, provider_id: str) -> ProviderInfo | None:
        """One configured provider, without building it; None where there is none."""
        settings = self._settings.get(provider_id.lower())
        return self.info_of(settings) if settings else None

    def get(self, provider_id: str) -> Provider:
        """Build or return a provider; raises MissingKey, KeyUnavailable, UnknownProvider or ConfigError.

        May import an SDK, and fetch a key for up to ten seconds: call it on a thread when a screen waits.
        """
        key = self._find(provider_id).id.lower()
        slot, asked = self._slots[key], monotonic()
        with slot.lock:
            # Its settings may have gone while others held the lock.
            settings = self._find(provider_id)
            if key not in self._built:
                if slot.failure and slot.failed_at >= asked:
                    raise KeyUnavailable(str(slot.failure), slot.failure.hint)
                try:
                    built = self.build(settings)
                except KeyUnavailable as error:
                    slot.failure, slot.failed_at = error, monotonic()
                    raise
                self._built[key] = self._wrap(built)
            return self._built[key]

    def prepare(self, provider_id: str) -> None:
        """Import what a provider's first request needs, if it has the key that it needs; fetches no key."""
        try:
            settings = self._find(provider_id)
            with _told(settings):
                provider_class = self._adapters.load(settings.kind)
                if provider_class.missing_key_of(settings) is None:
                    provider_class.prepare(settings)
        except LlmtuiError:
            # Whoever asks it is told.
            return

    def secrets(self) -> list[str]:
        """What must never be shown or logged, keys that were fetched from elsewhere included."""
        known = {secret for settings in self._settings.values() for secret in settings.secrets()}
        return sorted(known | self._secrets)

    def validate(self, provider_id: str) -> list[ConfigIssue]:
        """What the provider's kind says of its settings, without building it."""
        return self.issues(self._find(provider_id))

    def issues(self, settings: ProviderSettings) -> list[ConfigIssue]:
        """What the settings' kind finds wrong with them; offline."""
        try:
            with _told(settings):
                return self._adapters.load(settings.kind).validate_config(settings.model_dump())
        except ConfigError as error:
            return [ConfigIssue("kind", str(error))]

    def fields(self, settings: ProviderSettings) -> tuple[SettingField, ...]:
        """What the settings' kind lets a person set, beyond what all kinds do; none for a broken plugin."""
        # Only who edits settings needs it.
        from llmtui.providers.option_fields import option_fields, option_schema

        try:
            with _told(settings):
                return option_fields(option_schema(self._adapters.load(settings.kind).options_model))
        except ConfigError:
            return ()

    def takes_address(self, settings: ProviderSettings) -> bool:
        """Whether an address and a key mean anything to the settings' kind."""
        try:
            return self._adapters.facts(settings.kind).takes_address
        except ConfigError:
            return True

    async def configure(
        self, settings: AppSettings, announce: Announce, *, renewed: Collection[str] | None = None
    ) -> None:
        """Use the providers of these settings; one that is gone or changed ends with its last stream.

        `announce` is called before anything is replaced. `renewed` are providers that count as changed though
        their settings do not tell; None: all whose key is kept elsewhere, for it may be another one by now.
        """
        adapters = Adapters(settings.plugins.disabled, self._adapters.registered)
        if renewed is None:
            renewed = [one.id for one in settings.providers if one.key_source]
        infos = await asyncio.to_thread(lambda: [_described(one, adapters) for one in settings.providers])
        before = await asyncio.to_thread(self.infos)
        same = {
            info.id.lower()
            for info, one in zip(infos, settings.providers, strict=True)
            if info in before and one == self._settings.get(info.id.lower())
        } - {name.lower() for name in renewed}
        announce(infos, [info.id for info in infos if info.id.lower() not in same])
        self._adapters, self._default = adapters, settings.default_provider
        new = {one.id.lower(): one for one in settings.providers}
        for old in await asyncio.to_thread(self._swap, new, same):
            self._retired.append(old)
            await _closed(old.retire(), old)

    def for_agent(self, agent: AgentInfo) -> Target:
        """Where an agent's requests go: its own provider, else `default_provider`, else `openai`."""
        return Target(self._find(agent.provider or self._default or "openai").id, agent.model)

    async def aclose(self) -> None:
        """Close every provider that was built; commands that fetch keys end, for leaving waits for them."""
        self._closing.set()
        built, self._built, self._retired = [*self._built.values(), *self._retired], {}, []
        for provider in built:
            await _closed(provider.aclose(), provider)

    def _find(self, provider_id: str) -> ProviderSettings:
        try:
            return self._settings[provider_id.lower()]
        except KeyError:
            known = ", ".join(settings.id for settings in self._settings.values()) or "none"
            raise UnknownProvider(f"no provider '{provider_id}'; configured: {known}") from None

    def _swap(self, settings: Mapping[str, ProviderSettings], same: Collection[str]) -> list[Provider]:
        """Put the settings to use, and return what was built by others.

        Waits for whoever builds a provider by its old settings just now.
        """
        old: list[Provider] = []
        for key in [key for key in {**self._settings, **settings} if key not in same]:
            slot = self._slots.setdefault(key, _Slot())
            with slot.lock:
                others = {name: one for name, one in self._settings.items() if name != key}
                # Always another mapping: who reads this one on another thread sees it whole.
                self._settings = {**others, key: settings[key]} if key in settings else others
                slot.failure = None
                old += filter(None, [self._built.pop(key, None)])
        self._settings = {key: self._settings[key] for key in settings}
        return old

    def _with_key(self, settings: ProviderSettings) -> ProviderSettings:
        try:
            settings = with_key(settings, self._closing.is_set)
        except KeyUnavailable as error:
            raise KeyUnavailable(f"{settings.id}: {error}", error.hint) from None
        self._secrets.update(settings.secrets())
        keep_out_of_logs(settings.secrets())
        return settings

    def build(self, settings: ProviderSettings) -> "BaseProvider":
        """A provider beside the configured ones; who asks for it closes it.

        Raises what `get` raises, and may take as long.
        """
        settings = self._with_key(settings)
        with _told(settings):
            provider_class = self._adapters.load(settings.kind)
            if variable := provider_class.missing_key_of(settings):
                raise MissingKey(settings.id, variable)
            try:
                return provider_class(settings)
            # The cause of a ValidationError would show the values, and one may be a secret.
            except ValidationError:
                issues = provider_class.validate_config(settings.model_dump())
                problems = "; ".join(f"{issue.key}: {issue.message}" for issue in issues)
                raise ConfigError(f"provider '{settings.id}': {problems}") from None

    def info_of(self, settings: ProviderSettings) -> ProviderInfo:
        """What is known of a provider with these settings, without building it."""
        return _described(settings, self._adapters)


def _described(settings: ProviderSettings, adapters: Adapters) -> ProviderInfo:
    try:
        with _told(settings):
            return _facts(settings, adapters.facts(settings.kind))
    except ConfigError as error:
        return ProviderInfo(settings.id, settings.title, settings.kind, "cloud", error=str(error))


def _facts(settings: ProviderSettings, kind: type[Kind]) -> ProviderInfo:
    place = kind.type_of(settings)
    if place not in get_args(ProviderType):
        raise ConfigError(
            f"the kind '{settings.kind}' says that it is '{place}', which is no type of provider"
        )
    return ProviderInfo(
        id=settings.id,
        name=settings.title,
        kind=settings.kind,
        type=place,
        model=kind.model_of(settings),
        base_url=(base_url := kind.base_url_of(settings)),
        host=host_of(base_url),
        health=settings.health or "live",
        missing_key=kind.missing_key_of(settings),
        has_key=settings.api_key is not None or bool(settings.credentials()),
        keeps_models=kind.keeps_models,
        stated={model: said.info(model) for model, said in settings.models.items()},
    )


@contextmanager
def _told(settings: ProviderSettings) -> Iterator[None]:
    """Turn a bug of a kind into a ConfigError, without its cause, which may hold a secret."""
    try:
        yield
    except LlmtuiError:
        raise
    except Exception as error:  # noqa: BLE001
        _log.exception(logfmt("provider cannot be used", provider=settings.id, kind=settings.kind))
        words = redact(f"{type(error).__name__}: {error}", settings.secrets())
        raise ConfigError(f"provider '{settings.id}' cannot be used: {words}") from None


async def _closed(closing: Awaitable[None], provider: Provider) -> None:
    """Close a provider; one that fails at that keeps no other from being closed."""
    try:
        await closing
    except Exception:  # noqa: BLE001
        _log.exception(logfmt("provider cannot be closed", provider=provider.id))


class _Slot:
    """Lets one caller at a time build a provider; who waited for a key in vain does not fetch it again."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.failure: KeyUnavailable | None = None
        self.failed_at = 0.0
