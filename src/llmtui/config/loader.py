"""From a config file and the environment to settings, or to everything that is wrong with them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from llmtui.config.defaults import default_providers, is_usable, with_environment
from llmtui.config.document import Document, KeyPath, read_document
from llmtui.config.environment import expand
from llmtui.config.exposure import exposure_warnings, literal_secrets
from llmtui.config.legacy import is_legacy, modernise
from llmtui.config.paths import Paths
from llmtui.config.retired_models import retirement
from llmtui.config.schema import (
    AgentSettings,
    AppSettings,
    KeySource,
    NetworkSettings,
    PluginSettings,
    ProviderSettings,
    Settings,
    TerminalSettings,
    TimeoutSettings,
)
from llmtui.config.wording import in_words, place_of
from llmtui.core.errors import ConfigError

_MODELS: Mapping[tuple[str, ...], type[Settings]] = {
    (): AppSettings,
    ("providers",): ProviderSettings,
    ("providers", "api_key"): KeySource,
    ("providers", "timeouts"): TimeoutSettings,
    ("providers", "network"): NetworkSettings,
    ("network",): NetworkSettings,
    ("plugins",): PluginSettings,
    ("terminal",): TerminalSettings,
    ("agents",): AgentSettings,
}
"""Which settings stand where; list indices left out."""
INHERITED = ("health", "network")
"""What a provider takes from the app where it has none of its own."""


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings, and where they come from."""

    settings: AppSettings
    source: Path | None
    """The file; None without one."""
    warnings: list[str] = field(default_factory=list)
    document: Document | None = None
    """The file's data, to say on which line a value stands."""
    literals: frozenset[KeyPath] = frozenset()
    """Where secrets stand in the file in plain text."""


def find_config(option: Path | None, paths: Paths) -> Path | None:
    """The file to load: the one asked for, else the user's own where there is one."""
    if option is not None:
        return option
    return paths.config_file if paths.config_file.exists() else None


def load_settings(path: Path | None, environ: Mapping[str, str]) -> LoadedSettings:
    """Read a file, or with None only the environment; raises ConfigError with all problems, a line each."""
    if path is None:
        return LoadedSettings(_completed(AppSettings.model_construct(), environ), None)
    try:
        document = read_document(path)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    flat = is_legacy(document.data)
    if flat:
        modernise(document)
    literals = list(literal_secrets(document.data))
    settings = settings_of(document, environ)
    warnings = list(exposure_warnings(document, literals, settings))
    if flat:
        warnings += _retired(document, settings)
    return LoadedSettings(settings, path, warnings, document, frozenset(literals))


def settings_of(document: Document, environ: Mapping[str, str]) -> AppSettings:
    """What a file says, together with the environment; raises ConfigError with all problems, a line each."""
    settings = _validated(document, environ)
    if document.problems or settings is None:
        raise ConfigError("\n".join(document.report()))
    return _completed(settings, environ)


def _validated(document: Document, environ: Mapping[str, str]) -> AppSettings | None:
    if document.data is None:
        document.data = {}
    if not isinstance(document.data, dict):
        document.complain((), "the file should be a mapping of keys to values")
        return None
    expand(document, environ)
    _check_references(document, environ)
    try:
        return AppSettings.model_validate(document.data)
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            _note(document, problem)
    return None


def _note(document: Document, problem: ErrorDetails) -> None:
    # `_check_references` names the lines of these.
    if problem["type"] == "used_twice":
        return
    path = place_of(problem)
    place = tuple(key for key in path[:-1] if isinstance(key, str))
    model = _MODELS.get(place)
    document.complain(path, in_words(problem, list(model.model_fields) if model else ()))


def _check_references(document: Document, environ: Mapping[str, str]) -> None:
    """Names used twice, and names of providers that are not there."""
    ids = _differing(document, "providers", "id")
    _differing(document, "agents", "name")
    known = list(ids) if "providers" in document.data else [one.id for one in default_providers(environ)]
    default = document.data.get("default_provider")
    for path, name in (
        *([(("default_provider",), default)] if isinstance(default, str) else []),
        *_names(document.data, "agents", "provider"),
    ):
        if name.lower() not in known:
            document.complain(path, f"no provider '{name}'; there are: {', '.join(known) or 'none'}")


def _differing(document: Document, section: str, key: str) -> dict[str, KeyPath]:
    """The names of a section and where each stands first; one that stands twice is complained of."""
    seen: dict[str, KeyPath] = {}
    for path, name in _names(document.data, section, key):
        if name.lower() in seen:
            first = document.line_of(seen[name.lower()])
            document.complain(path, f"the {key} '{name}' is used twice, first on line {first}")
        seen.setdefault(name.lower(), path)
    return seen


def _names(data: dict[str, Any], section: str, key: str) -> Iterator[tuple[KeyPath, str]]:
    items = data.get(section)
    for index, item in enumerate(items if isinstance(items, list) else []):
        if isinstance(item, dict) and isinstance(name := item.get(key), str):
            yield (section, index, key), name


def _completed(settings: AppSettings, environ: Mapping[str, str]) -> AppSettings:
    """The settings with a default provider, and the providers with their variables and what is the app's."""
    if "providers" in settings.model_fields_set:
        providers = [with_environment(provider, environ) for provider in settings.providers]
    else:
        providers = default_providers(environ)
    providers = [within(settings, provider) for provider in providers]
    usable = [provider.id for provider in providers if is_usable(provider)]
    default = settings.default_provider or next(iter(usable or [one.id for one in providers]), None)
    return settings.model_copy(update={"providers": providers, "default_provider": default})


def _retired(document: Document, settings: AppSettings) -> Iterator[str]:
    """Settings that are that old may name a model that is no more: it is kept, and told."""
    for index, provider in enumerate(settings.providers):
        if words := retirement(provider, date.today()):
            yield document.describe(("providers", index, "model"), words)


def within(app: AppSettings, provider: ProviderSettings) -> ProviderSettings:
    """A provider with the app's settings where it has none of its own."""
    network = provider.network.over(app.network) if provider.network else app.network
    return provider.model_copy(update={"network": network, "health": provider.health or app.health})
