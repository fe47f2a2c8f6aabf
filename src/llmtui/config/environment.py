"""`${VARIABLE}` in the strings of a config file."""

import re
from collections.abc import Mapping
from typing import Any

from llmtui.config.document import Document, KeyPath

_REFERENCE = re.compile(r"\$\$\{|\$\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
KEY_FIELD = "api_key"
COMMAND_FIELD = "command"
VARIABLE_FIELD = "api_key_env"


def expand(document: Document, environ: Mapping[str, str]) -> None:
    """Replace every `${VARIABLE}` by its value, and `$${` by `${`.

    A variable that is not set is a problem, except in `api_key`: there it means that the provider has no
    key yet, and `api_key_env` remembers which variable to ask for. The command of a key is left alone: there
    `$` belongs to the shell.
    """
    document.data = _Expansion(document, environ).value(document.data, ())


def names_variable(text: str) -> bool:
    """Whether any part of a text is to come from the environment."""
    return any(match[1] is not None for match in _REFERENCE.finditer(text))


class _Expansion:
    def __init__(self, document: Document, environ: Mapping[str, str]) -> None:
        self._document = document
        self._environ = environ

    def value(self, value: Any, path: KeyPath) -> Any:
        match value:
            case str():
                return self._text(value, path)
            case list():
                return [self.value(item, (*path, index)) for index, item in enumerate(value)]
            case dict() if _is_provider(path):
                return self._provider(value, path)
            case dict():
                return {key: self.value(item, (*path, key)) for key, item in value.items()}
        return value

    def _provider(self, provider: dict[str, Any], path: KeyPath) -> dict[str, Any]:
        key = provider.get(KEY_FIELD)
        rest = {name: self.value(item, (*path, name)) for name, item in provider.items() if name != KEY_FIELD}
        if isinstance(key, str):
            for variable in self._names(key, (*path, KEY_FIELD)):
                rest.setdefault(VARIABLE_FIELD, variable)
            key = self._key(key)
        elif key is None and isinstance(name := rest.get(VARIABLE_FIELD), str):
            key = self._environ.get(name) or None
        elif isinstance(key, dict):
            key = {
                name: item if name == COMMAND_FIELD else self.value(item, (*path, KEY_FIELD, name))
                for name, item in key.items()
            }
        else:
            key = self.value(key, (*path, KEY_FIELD))
        return rest | {KEY_FIELD: key} if key is not None else rest

    def _key(self, text: str) -> str | None:
        """The whole key, or None when any part of it is not there."""
        if not all(self._environ.get(match[1]) for match in _REFERENCE.finditer(text) if match[1]):
            return None
        return self._replaced(text) or None

    def _text(self, text: str, path: KeyPath) -> str:
        missing = [name for name in self._names(text, path) if name not in self._environ]
        if missing:
            self._document.complain(path, f"the environment variable {missing[0]} is not set")
            return text
        return self._replaced(text)

    def _names(self, text: str, path: KeyPath) -> list[str]:
        names = [match[1] for match in _REFERENCE.finditer(text) if match[1] is not None]
        for name in names:
            if not _NAME.fullmatch(name):
                self._document.complain(path, f"'${{{name}}}' names no variable; write $${{ for a plain ${{")
        return [name for name in names if _NAME.fullmatch(name)]

    def _replaced(self, text: str) -> str:
        return _REFERENCE.sub(
            lambda match: "${" if match[1] is None else self._environ.get(match[1], match[0]), text
        )


def _is_provider(path: KeyPath) -> bool:
    return len(path) == 2 and path[0] == "providers"
