"""One provider's settings: read, reviewed as one types, tried out, saved, and put to use."""

import asyncio
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llmtui.core.errors import LlmtuiError
from llmtui.core.logs import scrubbed
from llmtui.core.models import (
    ConfigIssue,
    ConnectionReport,
)
from llmtui.core.ports import ProviderWorkshop
from llmtui.core.settings import SettingField
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

TEST_CLOCK_S = 3.0
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

    async def test(self, form: ProviderForm, edits: Edits) -> ConnectionReport:
        """Check the connection by these edits, without saving them; never raises."""
        provider, _ = self._edited(form, edits)
        settings, issues = self._file.settings(provider, edits.key)
        if settings is None:
            return ConnectionReport.failed(
                form.provider_id, "settings", f"{issues[0].key}: {issues[0].message}"
            )
        try:
            async with asyncio.timeout(TEST_CLOCK_S):
                return await self._checked(settings)
        except TimeoutError:
            return ConnectionReport.failed(form.provider_id, "answer", f"none within {TEST_CLOCK_S:g} s")
        except LlmtuiError as error:
            return ConnectionReport.failed(form.provider_id, "settings", str(error), error.hint)
        # A plugin's bug is told like anything else that is wrong.
        except Exception as error:  # noqa: BLE001
            words = scrubbed(f"{type(error).__name__}: {error}")
            return ConnectionReport.failed(form.provider_id, "check", words, "this is a bug in the provider")

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

    async def _checked(self, settings: "ProviderSettings") -> ConnectionReport:
        provider = await asyncio.to_thread(self._workshop.build, settings)
        # Whoever tries a key there has decided where it goes.
        self._health.trust(self._workshop.info_of(settings).host)
        try:
            return await provider.check()
        finally:
            await provider.aclose()


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
