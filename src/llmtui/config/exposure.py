"""Secrets that stand in a config file in plain text, and who else can read them."""

import shlex
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from llmtui.config.credentials import is_telling, split_credentials
from llmtui.config.document import Document, KeyPath, dotted
from llmtui.config.environment import KEY_FIELD, names_variable
from llmtui.config.schema import AppSettings

_OTHERS = stat.S_IRGRP | stat.S_IROTH


def literal_secrets(data: Any) -> Iterator[KeyPath]:
    """The places of the secrets in a file's data before its `${VARIABLE}`s are replaced; any data will do."""
    yield from _proxy((), data)
    providers = data.get("providers") if isinstance(data, dict) else None
    for index, provider in enumerate(providers if isinstance(providers, list) else []):
        if isinstance(provider, dict):
            yield from _of_provider(("providers", index), provider)


def exposure_warnings(
    document: Document, literals: Iterable[KeyPath], settings: AppSettings
) -> Iterator[str]:
    """What others can read: the file itself where it holds secrets, and the files of keys."""
    places = [dotted(document.place(path)) for path in literals]
    if places and _is_open(document.path):
        remedy = f"chmod 600 {shlex.quote(str(document.path))}"
        yield f"{document.path} holds secrets ({', '.join(places)}) and others can read it: {remedy}"
    for index, provider in enumerate(settings.providers):
        source = provider.key_source
        if source is not None and source.file is not None and _is_open(source.file.expanduser()):
            remedy = f"chmod 600 {shlex.quote(str(source.file.expanduser()))}"
            path = ("providers", index, KEY_FIELD, "file")
            yield document.describe(path, f"others can read the key's file: {remedy}")


def _of_provider(path: KeyPath, provider: dict[str, Any]) -> Iterator[KeyPath]:
    if _is_literal(provider.get(KEY_FIELD)):
        yield (*path, KEY_FIELD)
    if _has_user(provider.get("base_url")):
        yield (*path, "base_url")
    yield from _telling((*path, "headers"), provider.get("headers"))
    yield from _telling((*path, "options"), provider.get("options"))
    yield from _proxy(path, provider)


def _proxy(path: KeyPath, around: Any) -> Iterator[KeyPath]:
    network = around.get("network") if isinstance(around, dict) else None
    if isinstance(network, dict) and _has_user(network.get("proxy")):
        yield (*path, "network", "proxy")


def _telling(path: KeyPath, data: Any) -> Iterator[KeyPath]:
    """Texts under names that secrets have, at any depth."""
    if isinstance(data, list):
        data = dict(enumerate(data))
    if isinstance(data, dict):
        for name, value in data.items():
            if is_telling(str(name)) and _is_literal(value):
                yield (*path, name)
            else:
                yield from _telling((*path, name), value)


def _is_literal(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and not names_variable(value)


def _has_user(url: Any) -> bool:
    user = split_credentials(url)[1] if isinstance(url, str) else ""
    return bool(user) and not names_variable(user)


def _is_open(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & _OTHERS)
    except (OSError, ValueError):
        return False
