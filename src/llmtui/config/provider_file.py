"""One provider as the config file has it, and as it would be with other values."""

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from pydantic import SecretStr, ValidationError

from llmtui.config.defaults import unfilled_defaults, with_environment
from llmtui.config.document import Document, dotted, read_document
from llmtui.config.environment import KEY_FIELD, VARIABLE_FIELD, expand
from llmtui.config.keys import StoredKey, forget_key, store_key
from llmtui.config.legacy import is_legacy
from llmtui.config.loader import INHERITED, load_settings, within
from llmtui.config.paths import from_home
from llmtui.config.schema import AppSettings, KeySource, ProviderSettings
from llmtui.config.wording import in_words, place_of
from llmtui.config.writer import PROVIDERS, revised_config, save_provider
from llmtui.core.errors import ConfigError, KeyUnavailable
from llmtui.core.models import ConfigIssue


class KeyStore(Protocol):
    """Where keys are put that a person types."""

    def __call__(self, provider_id: str, key: str, folder: Path) -> StoredKey:
        """Keep a key; blocks."""


class ProviderFile:
    """Reads and writes single providers of one config file; what touches the disk blocks."""

    def __init__(
        self,
        path: Path,
        environ: Mapping[str, str],
        key_folder: Path,
        *,
        key_suffix: str = "",
        store: KeyStore = store_key,
    ) -> None:
        """`key_suffix` tells the keys of this file from those of others that name providers alike."""
        self.path = path
        self._environ = environ
        self._key_folder = key_folder
        self._key_suffix = key_suffix
        self._store = store
        self._app = AppSettings()

    def read(self, provider_id: str) -> dict[str, Any]:
        """The provider as it is written, `${VARIABLE}` and all; raises ConfigError. Holds secrets."""
        data: Any = {}
        if self.path.exists():
            try:
                document = read_document(self.path)
            except OSError as error:
                raise ConfigError(f"{self.path}: {error.strerror or error}") from error
            if document.problems:
                raise ConfigError("\n".join(document.report()))
            data = document.data or {}
            if is_legacy(data):
                problem = ConfigError(f"{self.path}: settings in the flat form of old cannot be edited here")
                problem.hint = f"llmtui config migrate {self.path}"
                raise problem
        data = data if isinstance(data, dict) else {}
        self._app = self._shared(data)
        providers = data.get(PROVIDERS)
        if providers is None:
            defaults = unfilled_defaults(self._environ)
            providers = [settings.model_dump(mode="json", exclude_unset=True) for settings in defaults]
        for provider in providers if isinstance(providers, list) else []:
            if isinstance(provider, dict) and str(provider.get("id")).lower() == provider_id.lower():
                return provider
        raise ConfigError(f"{self.path}: the provider '{provider_id}' is not there any more")

    def settings(
        self, provider: Mapping[str, Any], key: str = ""
    ) -> tuple[ProviderSettings | None, list[ConfigIssue]]:
        """What a provider that is written so would be, with a key that was just typed; never raises."""
        if key:
            # Like a key that is kept elsewhere: it stops the variables of the vendor in the same way.
            provider = {**provider, KEY_FIELD: {"file": "/"}}
        document = Document(self.path, {PROVIDERS: [dict(provider)]})
        expand(document, self._environ)
        issues = [ConfigIssue(dotted(path[2:]), words) for path, words in document.problems.items()]
        try:
            settings = ProviderSettings.model_validate(document.data[PROVIDERS][0])
        except ValidationError as error:
            for problem in error.errors(include_url=False, include_input=False):
                known = list(ProviderSettings.model_fields)
                issues.append(ConfigIssue(dotted(place_of(problem)), in_words(problem, known)))
            return None, issues
        settings = within(self._app, with_environment(settings, self._environ))
        if key:
            settings = settings.model_copy(update={KEY_FIELD: SecretStr(key.strip())})
        return settings, issues

    def borrowed_address(self, provider: Mapping[str, Any]) -> str | None:
        """The address that a provider has from its vendor's variable; None where it has its own, or none."""
        settings = None if provider.get("base_url") else self.settings(provider)[0]
        return settings.base_url if settings else None

    def _shared(self, data: Mapping[str, Any]) -> AppSettings:
        """What the file says of all providers; nothing where that is wrong, which the loader tells."""
        document = Document(self.path, {name: data[name] for name in INHERITED if name in data})
        expand(document, self._environ)
        try:
            return AppSettings.model_validate(document.data)
        except ValidationError:
            return AppSettings()

    def save(
        self,
        provider: Mapping[str, Any],
        changes: Mapping[str, Any],
        *,
        key: str = "",
        forget: bool = False,
    ) -> ProviderSettings:
        """Write what was changed since the provider was read, and keep its key or do without it.

        Raises ConfigError when the file cannot be written; then no key was stored.
        """
        provider_id = str(provider["id"])
        if key or forget:
            changes = {**changes, KEY_FIELD: None, VARIABLE_FIELD: None}
        if key:
            changes = {**changes, KEY_FIELD: {"keyring": f"{provider_id}{self._key_suffix}"}}
            revised_config(self.path, provider_id, changes, read=provider, environ=self._environ)
            changes = {**changes, KEY_FIELD: self._stored(provider_id, key)}
        save_provider(self.path, provider_id, changes, read=provider, environ=self._environ)
        settings = load_settings(self.path, self._environ).settings
        return next(one for one in settings.providers if one.id.lower() == provider_id.lower())

    def forget(self, provider: Mapping[str, Any]) -> str:
        """Remove the key that a provider had before it was saved; says why, where it has to stay.

        Only what was stored under the provider's own name, and only if nobody has it any more.
        """
        written = provider.get(KEY_FIELD)
        if not isinstance(written, dict):
            return ""
        source = KeySource.model_validate(written)
        own = source.keyring or (source.file.name if source.file else "")
        providers = load_settings(self.path, self._environ).settings.providers
        if own != f"{provider['id']}{self._key_suffix}" or any(one.key_source == source for one in providers):
            return ""
        try:
            forget_key(source, self._key_folder)
        except (OSError, KeyUnavailable) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            return f"the old key stays {_place_of_source(source)}: {reason}"
        return ""

    def _stored(self, provider_id: str, key: str) -> dict[str, Any]:
        try:
            source = self._store(f"{provider_id}{self._key_suffix}", key, self._key_folder).source
        except OSError as error:
            raise ConfigError(f"the key cannot be kept: {error.strerror or error}") from error
        return source.model_dump(mode="json", exclude_none=True)


def key_place(provider: Mapping[str, Any], settings: ProviderSettings) -> str:
    """Where the key is kept, in words for a person; never the key."""
    source = settings.key_source
    if source is not None:
        return _place_of_source(source)
    if settings.key is None:
        return f"no key: {settings.api_key_env} is not set" if settings.api_key_env else "no key"
    if settings.api_key_env and not _is_literal(provider):
        return f"from the variable {settings.api_key_env}"
    return "literal in the config file"


def _is_literal(provider: Mapping[str, Any]) -> bool:
    written = provider.get(KEY_FIELD)
    return isinstance(written, str) and "${" not in written


def _place_of_source(source: KeySource) -> str:
    if source.keyring is not None:
        return "in the system keyring"
    if source.command is not None:
        return "from the command in the config file"
    path = (source.file or Path()).expanduser()
    name = from_home(path)
    try:
        private = not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    except OSError as error:
        return f"in {name}, which cannot be read: {error.strerror}"
    return f"in {name}, " + ("readable only by you" if private else "which others can read")
