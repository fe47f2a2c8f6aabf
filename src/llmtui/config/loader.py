"""From a config file and the environment to settings, or to everything that is wrong with them."""

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from llmtui.config.defaults import default_providers, is_usable, with_environment
from llmtui.config.document import Document, KeyPath, read_document
from llmtui.config.environment import expand
from llmtui.config.paths import Paths
from llmtui.config.schema import (
    AgentSettings,
    AppSettings,
    ProviderSettings,
    Settings,
    TimeoutSettings,
)
from llmtui.config.wording import in_words
from llmtui.core.errors import ConfigError

_MODELS: Mapping[tuple[str, ...], type[Settings]] = {
    (): AppSettings,
    ("providers",): ProviderSettings,
    ("providers", "timeouts"): TimeoutSettings,
    ("agents",): AgentSettings,
}
"""Which settings stand where; list indices left out."""


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings, and where they come from."""

    settings: AppSettings
    source: Path | None
    """The file; None without one."""
    warnings: list[str] = field(default_factory=list)
    document: Document | None = None
    """The file's data, to say on which line a value stands."""


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
    settings = settings_of(document, environ)
    return LoadedSettings(settings, path, list(_warnings(path, settings)), document)


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
    if problem["type"] == "duplicate_id":
        return
    path: KeyPath = problem["loc"]
    place = tuple(key for key in path[:-1] if isinstance(key, str))
    model = _MODELS.get(place)
    document.complain(path, in_words(problem, list(model.model_fields) if model else ()))


def _check_references(document: Document, environ: Mapping[str, str]) -> None:
    """Ids used twice, and names of providers that are not there."""
    ids: dict[str, KeyPath] = {}
    for path, name in _names(document.data, "providers", "id"):
        if name.lower() in ids:
            first = document.line_of(ids[name.lower()])
            document.complain(path, f"the id '{name}' is used twice, first on line {first}")
        ids.setdefault(name.lower(), path)
    known = list(ids) if "providers" in document.data else [one.id for one in default_providers(environ)]
    default = document.data.get("default_provider")
    for path, name in (
        *([(("default_provider",), default)] if isinstance(default, str) else []),
        *_names(document.data, "agents", "provider"),
    ):
        if name.lower() not in known:
            document.complain(path, f"no provider '{name}'; there are: {', '.join(known) or 'none'}")


def _names(data: dict[str, Any], section: str, key: str) -> Iterator[tuple[KeyPath, str]]:
    items = data.get(section)
    for index, item in enumerate(items if isinstance(items, list) else []):
        if isinstance(item, dict) and isinstance(name := item.get(key), str):
            yield (section, index, key), name


def _completed(settings: AppSettings, environ: Mapping[str, str]) -> AppSettings:
    """The settings with their providers' variables, and with a default provider."""
    if "providers" in settings.model_fields_set:
        providers = [with_environment(provider, environ) for provider in settings.providers]
    else:
        providers = default_providers(environ)
    usable = [provider.id for provider in providers if is_usable(provider)]
    default = settings.default_provider or next(iter(usable or [one.id for one in providers]), None)
    return settings.model_copy(update={"providers": providers, "default_provider": default})


def _warnings(path: Path, settings: AppSettings) -> Iterator[str]:
    literal = any(one.key is not None and one.api_key_env is None for one in settings.providers)
    if literal and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        yield f"{path} holds an API key and others can read it: chmod 600 {path}"
