"""Changes of one provider in the config file: comments, order, quotes and `${VARIABLE}` stay as they are."""

import os
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmtui.config.defaults import unfilled_defaults
from llmtui.config.document import KeyPath, parse_document
from llmtui.config.loader import settings_of
from llmtui.config.private_files import write_private
from llmtui.config.schema import ProviderSettings
from llmtui.core.errors import ConfigError

PROVIDERS = "providers"
HEADER = "# The configuration of llmtui; `config.example.yaml` shows every key.\n\n"
_ORDER = tuple(ProviderSettings.model_fields)


def save_provider(
    path: Path,
    provider_id: str,
    changes: Mapping[str, Any],
    *,
    read: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Change values of one provider in the file, which is made if need be; None takes a key away.

    Keys are dotted paths inside the provider: `options.num_ctx`. `read` is what the changes started from: a
    value that stands there differently by now is not overwritten. Raises ConfigError, and then nothing was
    written.
    """
    text = revised_config(path, provider_id, changes, read=read, environ=environ)
    target = path.resolve()
    try:
        write_private(target, text)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from error


def revised_config(
    path: Path,
    provider_id: str,
    changes: Mapping[str, Any],
    *,
    read: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> str:
    """What the file would hold after these changes; raises ConfigError where they cannot be made."""
    file = _read(path)
    wanted, steps = _with_providers(file, environ)
    place = _place_of(path, wanted, provider_id)
    provider = wanted[PROVIDERS][place]
    for key, value in changes.items():
        keys, now = key.split("."), value_at(provider, key)
        if now == value:
            continue
        if read is not None and now != value_at(read, key):
            raise ConfigError(f"{path}: {key} was changed there meanwhile; nothing was saved")
        set_value(provider, key, value)
        steps[PROVIDERS, place, *keys] = value
    text = file.text
    # What is taken away goes last, so that a mapping is not made anew for what is added to it.
    for step, value in sorted(steps.items(), key=lambda item: item[1] is None):
        text = _revised(path, text, step, value)
    _verify(path, text, wanted, environ)
    return file.mark + text


def value_at(provider: Mapping[str, Any], key: str) -> Any:
    """The value at a dotted path, None where there is none."""
    value: Any = provider
    for name in key.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def set_value(provider: dict[str, Any], key: str, value: Any) -> None:
    """Put a value at a dotted path; None takes it away, and what gets empty by that."""
    name, _, rest = key.partition(".")
    if rest:
        inner = provider.get(name)
        inner = inner if isinstance(inner, dict) else {}
        set_value(inner, rest, value)
        value = inner or None
    if value is None:
        provider.pop(name, None)
    else:
        provider[name] = value


@dataclass(slots=True)
class _File:
    text: str = field(repr=False)
    mark: str
    """The byte order mark, if there is one."""
    data: dict[str, Any] = field(repr=False)


def _read(path: Path) -> _File:
    if not path.exists():
        return _File(HEADER, "", {})
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    document = parse_document(path, raw)
    data = {} if document.data is None else document.data
    if not isinstance(data, dict):
        document.complain((), "the file should be a mapping of keys to values")
    if document.problems:
        raise ConfigError("\n".join(document.report()))
    text = raw.decode("utf-8")
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    return _File(text.removeprefix(mark), mark, data)


def _with_providers(file: _File, environ: Mapping[str, str]) -> tuple[dict[str, Any], dict[KeyPath, Any]]:
    """The file's data, and the first step to it: once a file names providers, only these are there."""
    data = deepcopy(file.data)
    if PROVIDERS in data:
        return data, {}
    all_of_them = [
        settings.model_dump(mode="json", exclude_unset=True) for settings in unfilled_defaults(environ)
    ]
    return data | {PROVIDERS: deepcopy(all_of_them)}, {(PROVIDERS,): all_of_them}


def _place_of(path: Path, data: Mapping[str, Any], provider_id: str) -> int:
    providers = data[PROVIDERS] if isinstance(data[PROVIDERS], list) else []
    for place, provider in enumerate(providers):
        if isinstance(provider, dict) and str(provider.get("id")).lower() == provider_id.lower():
            return place
    raise ConfigError(f"{path}: the provider '{provider_id}' is not there any more; nothing was saved")


def _revised(path: Path, text: str, step: KeyPath, value: Any) -> str:
    from ruamel.yaml.error import YAMLError

    from llmtui.config.revision import revised

    try:
        return revised(text, step, value, _ORDER)
    except (YAMLError, ValueError, IndexError) as error:
        raise _by_hand(path) from error


def _verify(path: Path, text: str, wanted: Mapping[str, Any], environ: Mapping[str, str]) -> None:
    """Make sure that the reader finds in the text what is meant, and nothing wrong."""
    document = parse_document(path, text.encode())
    if document.problems or document.data != wanted:
        raise _by_hand(path)
    settings_of(document, environ)


def _by_hand(path: Path) -> ConfigError:
    error = ConfigError(f"{path}: cannot be changed without touching more of it; nothing was saved")
    error.hint = "change the file by hand"
    return error
