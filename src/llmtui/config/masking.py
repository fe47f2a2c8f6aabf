"""Settings as they are in effect, to be shown to anybody: where a secret comes from, but not the secret."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, SecretStr

from llmtui.config.credentials import MASK, is_telling, masked_address
from llmtui.config.environment import KEY_FIELD
from llmtui.config.loader import INHERITED, LoadedSettings
from llmtui.config.schema import AppSettings, ProviderSettings
from llmtui.config.system_keyring import SERVICE

_SHORTEST_SECRET = 4
"""Hiding a shorter one wherever it stands would maim all text, and hide nothing that cannot be guessed."""


def masked(loaded: LoadedSettings) -> dict[str, Any]:
    """Everything that is set, as plain data; no key is fetched for it."""
    settings = loaded.settings
    shown: dict[str, Any] = _hidden(_plain(settings))
    if settings.providers:
        shown["providers"] = [
            _provider(_own(settings, provider), literal=("providers", index, KEY_FIELD) in loaded.literals)
            for index, provider in enumerate(settings.providers)
        ]
    secrets = {secret for provider in settings.providers for secret in provider.secrets()}
    found: dict[str, Any] = _without(shown, sorted(secrets, key=len, reverse=True))
    return found


def _own(app: AppSettings, provider: ProviderSettings) -> ProviderSettings:
    """A provider without what is the app's too, which is shown once."""
    return provider.model_copy(
        update={name: None for name in INHERITED if getattr(provider, name) == getattr(app, name)}
    )


def _provider(provider: ProviderSettings, *, literal: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, value in _hidden(_plain(provider)).items():
        shown[name] = value
        if name == KEY_FIELD:
            shown[f"{KEY_FIELD}_from"] = _origin(provider, literal=literal)
    return shown


def _origin(provider: ProviderSettings, *, literal: bool) -> str:
    """Where a key is, but for a command's text: that may hold another secret."""
    source = provider.key_source
    if source is None:
        return "literal" if literal or not provider.api_key_env else f"variable {provider.api_key_env}"
    if source.keyring is not None:
        return f"keyring, {source.keyring} of {SERVICE}"
    return "command" if source.command is not None else f"file {source.file}"


def _plain(value: Any) -> Any:
    """The value as YAML and JSON have it; of settings only what says something."""
    match value:
        case BaseModel():
            fields = {name: getattr(value, name) for name in type(value).model_fields}
            defaults = {name: field.default for name, field in type(value).model_fields.items()}
            plain = {
                name: _plain(item) for name, item in fields.items() if item is not defaults[name] or item
            }
            return {name: item for name, item in plain.items() if item not in ("", {}, [])}
        case SecretStr():
            return MASK
        case Mapping():
            return {str(name): _plain(item) for name, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case str() | bool() | int() | float() | None:
            return value
    return str(value)


def _hidden(shown: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _HIDE[name](value) if name in _HIDE else value for name, value in shown.items()}


def _network(network: Mapping[str, Any]) -> dict[str, Any]:
    return {name: masked_address(value) if name == "proxy" else value for name, value in network.items()}


def _telling(value: Any) -> Any:
    """Options are a kind's own affair: what has the name of a secret is taken for one."""
    match value:
        case dict():
            return {
                name: MASK if isinstance(item, str) and is_telling(name) else _telling(item)
                for name, item in value.items()
            }
        case list():
            return [_telling(item) for item in value]
    return value


_HIDE: Mapping[str, Callable[[Any], Any]] = {
    KEY_FIELD: lambda _: MASK,
    "base_url": masked_address,
    "headers": lambda headers: dict.fromkeys(headers, MASK),
    "network": _network,
    "options": _telling,
}
"""How each field is shown that may hold a secret."""


def _without(value: Any, secrets: Sequence[str]) -> Any:
    """The same without any secret that stands where none belongs."""
    match value:
        case dict():
            return {name: _without(item, secrets) for name, item in value.items()}
        case list():
            return [_without(item, secrets) for item in value]
        case str():
            for secret in secrets:
                if len(secret) >= _SHORTEST_SECRET:
                    value = value.replace(secret, MASK)
    return value
