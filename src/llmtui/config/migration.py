"""Flat settings written anew in today's form, and what became of each field."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Any

import yaml

from llmtui.config.document import Document, KeyPath, dotted, read_document
from llmtui.config.legacy import OPTIONS_FIELD, PROVIDER_FIELD, is_legacy, modernise
from llmtui.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Migration:
    """A file of flat settings and its new form."""

    text: str
    """YAML; may hold keys."""
    report: tuple[str, ...]
    """A line for each field of the file; holds no values."""


class _Dumper(yaml.SafeDumper):
    """Shows a text of several lines as such, where YAML can."""


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    lines = text.removesuffix("\n").split("\n")
    style = "|" if "\n" in text else None
    # A block cannot hold every text, and PyYAML does not know of all that ours would read otherwise.
    if not all(map(str.isprintable, lines)) or (style and "\n".join(lines) != text.strip()) or text == "\n":
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent)


def migrate(path: Path) -> Migration:
    """Read flat settings; raises ConfigError when the file holds others, and OSError."""
    document = read_document(path)
    if document.problems:
        raise ConfigError("\n".join(document.report()))
    if not is_legacy(document.data):
        raise ConfigError(f"{path} holds no flat settings: there is nothing to migrate")
    old = document.data
    modernise(document)
    if document.problems:
        raise ConfigError("\n".join(document.report()))
    return Migration(_written(path, document.data), tuple(_report(old, document)))


def _written(path: Path, data: dict[str, Any]) -> str:
    head = (
        f"# From {ascii(path.name)[1:-1]}, by `llmtui config migrate`.\n"
        "# config.example.yaml shows all that it can hold; `llmtui config check` says what is wrong.\n\n"
        "# The provider that new chats ask.\n"
    )
    first, *others = [indent(_dumped([provider]), "  ") for provider in data["providers"]]
    if others:
        others.insert(0, "\n  # Those that had a key of their own.\n")
    return (
        head
        + _dumped({"default_provider": data["default_provider"]})
        + "\n# What the sidebar shows, in this order.\nproviders:\n"
        + first
        + "".join(others)
    )


def _dumped(data: object) -> str:
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def _report(old: dict[str, Any], document: Document) -> Iterator[str]:
    if not old.get(PROVIDER_FIELD):
        yield f"no {PROVIDER_FIELD}, which means {document.data['default_provider']}"
    for field, value in old.items():
        if value is None or value in ("", {}):
            yield f"{field}: empty, left out"
        elif field == OPTIONS_FIELD:
            yield from (_line((field, name), document) for name in value)
        else:
            yield _line((field,), document)


def _line(field: KeyPath, document: Document) -> str:
    """Where a field went: to the places that say so, else to its own name below where what holds it went."""
    places = [new for new, where in document.moved.items() if where == field]
    if not places:
        places = [(*new, *field[1:]) for new, where in document.moved.items() if where == field[:1]]
    return f"{dotted(field)} -> {', '.join(map(dotted, places))}"
