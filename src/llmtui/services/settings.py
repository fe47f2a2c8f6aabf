"""One provider's settings: read, reviewed as one types, tried out, saved, and put to use."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llmtui.core.errors import LlmtuiError
from llmtui.core.models import ConfigIssue, ConnectionReport, ProviderInfo, StageListener
from llmtui.core.ports import Provider, ProviderWorkshop
from llmtui.core.settings import SettingField
from llmtui.services.connection import Connection, ask_one_token, reported, token_effect
from llmtui.services.health import HealthService
from llmtui.services.provider_form import (
    ADDRESS,
    FIELDS,
    KEY,
    KEY_VARIABLE,
    Edits,
    ProviderForm,
    Review,
    Saved,
)
from llmtui.services.reload import ReloadService

if TYPE_CHECKING:
    from llmtui.config.provider_file import ProviderFile
    from llmtui.config.schema import ProviderSettings

TEST_CLOCK_S = 330.0
"""Only a bound on foreign code: what is asked has its own clocks, and can be cancelled."""
KEY_TO_COME = "goes to the system keyring; where none answers, to a file that only you can read"


class SettingsService:
    """Edits providers of the config file; everything else learns of it at once."""

    def __init__(
        self,
        file: "ProviderFile",
        workshop: "ProviderWorkshop[ProviderSettings]",
        health: HealthService,
        reloading: ReloadService,
    ) -> None:
        self._file = file
        self._workshop = workshop
        self._health = health
        self._reloading = reloading

    async def open(self, provider_id: str) -> ProviderForm:
        """Read a provider; raises LlmtuiError."""
        return await asyncio.to_thread(self._form, provider_id)

    def review(self, form: ProviderForm, edits: Edits) -> Review:
        """What is wrong with the edits, and what would hold; offline, never raises."""
        provider, issues = self._edited(form, edits)
        settings, found = self._file.settings(provider, edits.key)
        issues += found
        defaults: dict[str, str] = {}
        place = ""
        if settings is not None:
            from llmtui.config.provider_file import key_place

            issues += [] if issues else self._workshop.issues(settings)
            info = self._workshop.info_of(settings)
            defaults |= {"name": info.id, "model": info.model or "the server's first", ADDRESS: info.base_url}
            place = KEY_TO_COME if edits.key else key_place(provider, settings)
            defaults[KEY] = "not set" if settings.api_key is None else "unchanged"
        removable = form.read.get(KEY) is not None or form.read.get(KEY_VARIABLE) is not None
        return Review(tuple(issues), defaults, place, removable)

    def connection(self, form: ProviderForm, edits: Edits) -> Connection:
        """The connection by these edits, which need not be saved to be tested."""
        return _Edited(self, form, edits)

    async def test(
        self, form: ProviderForm, edits: Edits, told: StageListener = lambda _: None
    ) -> ConnectionReport:
        """Check the connection by these edits, without saving them; never raises."""
        return await self._tried(form, edits, lambda provider: provider.examine(told))

    async def ask_token(self, form: ProviderForm, edits: Edits, told: StageListener) -> ConnectionReport:
        """Ask the model of these edits for one token, which costs; never raises."""
        return await self._tried(form, edits, lambda provider: ask_one_token(provider, told))

    def info(self, form: ProviderForm, edits: Edits) -> ProviderInfo | None:
        """What is known of the provider as edited; None where the edits mean nothing."""
        settings, _ = self._file.settings(self._edited(form, edits)[0], edits.key)
        return None if settings is None else self._workshop.info_of(settings)

    async def save(self, form: ProviderForm, edits: Edits) -> Saved:
        """Write the edits and use them from now on; raises LlmtuiError, and then nothing was written."""
        from llmtui.config.provider_file import key_place

        changes = {**dict(_changes(form, edits)), **self._anchor(form, edits)}
        settings = await asyncio.to_thread(
            self._file.save, form.read, changes, key=edits.key, forget=edits.forget_key
        )
        reloaded = await self._reloading.reload(renewed={settings.id})
        provider, _ = self._edited(form, edits)
        notes: list[str] = []
        if edits.key or edits.forget_key:
            notes += [
                _of_key(key_place(provider, settings)),
                await asyncio.to_thread(self._file.forget, form.read),
            ]
        return Saved(self._workshop.info_of(settings), reloaded, tuple(filter(None, notes)))

    def _form(self, provider_id: str) -> ProviderForm:
        from llmtui.config.field_text import masked, shown
        from llmtui.config.writer import value_at

        read = self._file.read(provider_id)
        settings, issues = self._file.settings(read)
        if settings is None:
            raise LlmtuiError(f"{self._file.path}: {issues[0].key}: {issues[0].message}")
        shared: tuple[SettingField, ...] = FIELDS
        if not self._workshop.takes_address(settings):
            shared = tuple(one for one in FIELDS if one.key not in (ADDRESS, KEY) or read.get(one.key))
        fields = (*shared, *self._workshop.fields(settings))
        texts = {one.key: shown(one, value_at(read, one.key)) for one in fields if one.kind != "secret"}
        if ADDRESS in texts:
            texts[ADDRESS] = masked(texts[ADDRESS])
        form = ProviderForm(
            provider_id=settings.id,
            title=settings.title,
            kind=settings.kind,
            place=str(self._file.path),
            fields=fields,
            texts=texts,
            headers=len(settings.headers),
            read=read,
        )
        # The validators are built when they are first used: here, and not under a person's fingers.
        self.review(form, Edits())
        return form

    def _edited(self, form: ProviderForm, edits: Edits) -> tuple[dict[str, Any], list[ConfigIssue]]:
        """The provider as it would be written, and which texts mean nothing."""
        from llmtui.config.writer import set_value

        provider, issues = deepcopy(dict(form.read)), []
        for key in edits.texts:
            try:
                for _, value in _changes(form, replace(edits, texts={key: edits.texts[key]})):
                    set_value(provider, key, value)
            except ValueError as error:
                issues.append(ConfigIssue(key, str(error)))
        for key, value in self._anchor(form, edits).items():
            provider.setdefault(key, value)
        if edits.key or edits.forget_key:
            provider.pop(KEY, None)
            provider.pop(KEY_VARIABLE, None)
        return provider, issues

    def _anchor(self, form: ProviderForm, edits: Edits) -> dict[str, str]:
        """The address from the environment, to be kept with a key that is typed for the server shown."""
        if not edits.key or edits.texts.get(ADDRESS, "").strip():
            return {}
        address = self._file.borrowed_address(form.read)
        return {ADDRESS: address} if address else {}

    async def _tried(
        self, form: ProviderForm, edits: Edits, ask: Callable[[Provider], Awaitable[ConnectionReport]]
    ) -> ConnectionReport:
        provider, _ = self._edited(form, edits)
        settings, issues = self._file.settings(provider, edits.key)
        if settings is None:
            words = f"{issues[0].key}: {issues[0].message}"
            return ConnectionReport.failed(form.provider_id, "settings", words)
        try:
            async with asyncio.timeout(TEST_CLOCK_S):
                return await reported(form.provider_id, self._asked(settings, ask))
        except TimeoutError:
            return ConnectionReport.failed(form.provider_id, "answer", f"none within {TEST_CLOCK_S:g} s")

    async def _asked(
        self, settings: "ProviderSettings", ask: Callable[[Provider], Awaitable[ConnectionReport]]
    ) -> ConnectionReport:
        provider = await asyncio.to_thread(self._workshop.build, settings)
        # Whoever tries a key there has decided where it goes.
        self._health.trust(self._workshop.info_of(settings).host)
        try:
            return await ask(provider)
        finally:
            await provider.aclose()


class _Edited:
    """The connection of a provider as it is being edited."""

    def __init__(self, settings: SettingsService, form: ProviderForm, edits: Edits) -> None:
        self._settings = settings
        self._form = form
        self._edits = edits

    @property
    def token_effect(self) -> str:
        info = self._settings.info(self._form, self._edits)
        return token_effect(info) if info else ""

    async def test(self, told: StageListener) -> ConnectionReport:
        return await self._settings.test(self._form, self._edits, told)

    async def ask_token(self, told: StageListener) -> ConnectionReport:
        return await self._settings.ask_token(self._form, self._edits, told)


def _changes(form: ProviderForm, edits: Edits) -> Iterator[tuple[str, Any]]:
    """The values that the texts mean; raises ValueError."""
    from llmtui.config.field_text import parsed, unmasked

    for one in form.fields:
        if one.key in edits.texts:
            text = edits.texts[one.key]
            if one.key == ADDRESS:
                text = unmasked(text, str(form.read.get(ADDRESS) or ""))
            yield one.key, parsed(one, text)


def _of_key(place: str) -> str:
    return place if place.startswith("no key") else f"key {place}"
