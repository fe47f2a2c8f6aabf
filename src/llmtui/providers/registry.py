"""The configured providers, by id; adapters come from entry points, built-in and third-party alike."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from threading import Event, Lock
from time import monotonic
from typing import TYPE_CHECKING, TypeAlias

from pydantic import ValidationError

from llmtui.config.keys import with_key
from llmtui.config.schema import KIND_ALIASES, ProviderSettings
from llmtui.core.errors import ConfigError, KeyUnavailable, LlmtuiError, MissingKey, UnknownProvider
from llmtui.core.history import Target
from llmtui.core.logs import keep_out_of_logs, logfmt
from llmtui.core.models import AgentInfo, ConfigIssue, ProviderInfo
from llmtui.core.ports import Provider
from llmtui.core.redaction import redact
from llmtui.core.settings import SettingField
from llmtui.providers.kinds import Kind, known_kind
from llmtui.providers.locality import host_of

if TYPE_CHECKING:
    from llmtui.providers.base import BaseProvider
    from llmtui.providers.plugins import Plugins

_log = logging.getLogger(__name__)
ProviderClass: TypeAlias = "type[BaseProvider]"


class Registry:
    """Builds providers when they are first asked for; names are case-insensitive.

    `wrap` is put around every provider that is built: retries and the guard.
    """

    def __init__(
        self,
        providers: Sequence[ProviderSettings],
        *,
        default_provider: str | None = None,
        wrap: "Callable[[BaseProvider], Provider]" = lambda provider: provider,
    ) -> None:
        self._settings = {settings.id.lower(): settings for settings in providers}
        self._default = default_provider
        self._wrap = wrap
        self._built: dict[str, Provider] = {}
        self._slots = {key: _Slot() for key in self._settings}
        self._secrets: set[str] = set()
        self._closing = Event()
        self._retired: list[Provider] = []
        self._classes: dict[str, ProviderClass] = {}

    def register(self, kind: str, provider_class: ProviderClass) -> None:
        """Make a kind known under this name, before any entry point of that name."""
        self._classes[kind.lower()] = provider_class

    def infos(self) -> list[ProviderInfo]:
        """All configured providers; a kind that cannot be loaded is listed with its error."""
        return [self.info_of(settings) for settings in self._settings.values()]

    def get(self, provider_id: str) -> Provider:
        """Build or return a provider; raises MissingKey, KeyUnavailable, UnknownProvider or ConfigError.

        May import an SDK, and fetch a key for up to ten seconds: call it on a thread when a screen waits.
        """
        key = self._find(provider_id).id.lower()
        slot, asked = self._slots[key], monotonic()
        with slot.lock:
            if key not in self._built:
                if slot.failure and slot.failed_at >= asked:
                    raise KeyUnavailable(str(slot.failure), slot.failure.hint)
                try:
                    built = self.build(self._settings[key])
                except KeyUnavailable as error:
                    slot.failure, slot.failed_at = error, monotonic()
                    raise
                self._built[key] = self._wrap(built)
            return self._built[key]

    def prepare(self, provider_id: str) -> None:
        """Import what a provider's first request needs, if it has the key that it needs; fetches no key."""
        try:
            settings = self._find(provider_id)
            provider_class = self._class_of(settings.kind)
        except LlmtuiError:
            return
        if provider_class.missing_key_of(settings) is None:
            provider_class.prepare(settings)

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
            provider_class = self._class_of(settings.kind)
        except ConfigError as error:
            return [ConfigIssue("kind", str(error))]
        return provider_class.validate_config(settings.model_dump())

    def fields(self, settings: ProviderSettings) -> tuple[SettingField, ...]:
        """What the settings' kind lets a person set, beyond what all kinds do; none for a broken plugin."""
        # Only who edits settings needs it.
        from llmtui.providers.option_fields import option_fields

        try:
            return option_fields(self._class_of(settings.kind).options_model)
        except ConfigError:
            return ()

    def takes_address(self, settings: ProviderSettings) -> bool:
        """Whether an address and a key mean anything to the settings' kind."""
        try:
            return self._kind_of(settings.kind).takes_address
        except ConfigError:
            return True

    async def replace(self, settings: ProviderSettings) -> ProviderInfo:
        """Use these settings from now on; the old provider ends with its last stream."""
        old = await asyncio.to_thread(self._swap, settings)
        if old is not None:
            self._retired.append(old)
            await old.retire()
        return self.info_of(settings)

    def for_agent(self, agent: AgentInfo) -> Target:
        """Where an agent's requests go: its own provider, else `default_provider`, else `openai`."""
        return Target(self._find(agent.provider or self._default or "openai").id, agent.model)

    async def aclose(self) -> None:
        """Close every provider that was built; commands that fetch keys end, for leaving waits for them."""
        self._closing.set()
        built, self._built, self._retired = [*self._built.values(), *self._retired], {}, []
        for provider in built:
            await provider.aclose()

    def _find(self, provider_id: str) -> ProviderSettings:
        try:
            return self._settings[provider_id.lower()]
        except KeyError:
            known = ", ".join(settings.id for settings in self._settings.values()) or "none"
            raise UnknownProvider(f"no provider '{provider_id}'; configured: {known}") from None

    def _swap(self, settings: ProviderSettings) -> Provider | None:
        """Waits for whoever builds the provider by its old settings just now."""
        key = self._find(settings.id).id.lower()
        with self._slots[key].lock:
            self._settings[key] = settings
            self._slots[key].failure = None
            return self._built.pop(key, None)

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
        provider_class = self._class_of(settings.kind)
        if variable := provider_class.missing_key_of(settings):
            raise MissingKey(settings.id, variable)
        try:
            return provider_class(settings)
        except LlmtuiError:
            raise
        # The cause of a ValidationError would show the values, and one may be a secret.
        except ValidationError:
            issues = provider_class.validate_config(settings.model_dump())
            problems = "; ".join(f"{issue.key}: {issue.message}" for issue in issues)
            raise ConfigError(f"provider '{settings.id}': {problems}") from None
        # Nor is the cause of any other error known to be free of them.
        except Exception as error:  # noqa: BLE001
            _log.exception(logfmt("provider cannot be built", provider=settings.id, kind=settings.kind))
            words = redact(str(error), settings.secrets())
            raise ConfigError(f"provider '{settings.id}' cannot be built: {words}") from None

    def info_of(self, settings: ProviderSettings) -> ProviderInfo:
        """What is known of a provider with these settings, without building it."""
        try:
            kind = self._kind_of(settings.kind)
        except ConfigError as error:
            return ProviderInfo(settings.id, settings.title, settings.kind, "cloud", error=str(error))
        return ProviderInfo(
            id=settings.id,
            name=settings.title,
            kind=settings.kind,
            type=kind.type_of(settings),
            model=kind.model_of(settings),
            base_url=(base_url := kind.base_url_of(settings)),
            host=host_of(base_url),
            health=settings.health or "live",
            missing_key=kind.missing_key_of(settings),
            has_key=settings.api_key is not None or bool(settings.credentials()),
        )

    def _kind_of(self, kind: str) -> type[Kind]:
        """The facts of a kind, of our own ones without loading their adapters."""
        kind = KIND_ALIASES.get(kind.lower(), kind.lower())
        return self._classes.get(kind) or known_kind(kind) or self._class_of(kind)

    def _class_of(self, kind: str) -> ProviderClass:
        kind = KIND_ALIASES.get(kind.lower(), kind.lower())
        if kind not in self._classes:
            self._classes[kind] = self._plugins.load(kind)
        return self._classes[kind]

    @cached_property
    def _plugins(self) -> "Plugins":
        # The first frame needs no package's metadata, nor what reads it.
        from llmtui.providers.plugins import Plugins

        return Plugins()


class _Slot:
    """Lets one caller at a time build a provider; who waited for a key in vain does not fetch it again."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.failure: KeyUnavailable | None = None
        self.failed_at = 0.0
