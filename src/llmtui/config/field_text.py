"""Values of the config file as texts that a person edits, and back."""

import json
from collections.abc import Iterator
from typing import Any

import yaml

from llmtui.config.credentials import MASK
from llmtui.core.settings import SettingField

_BOOLEANS = {"true": True, "false": False}


def shown(field: SettingField, value: Any) -> str:
    """A value as a person edits it; empty where there is none."""
    if value is None:
        return ""
    if value is False and "off" in field.choices:
        # YAML reads a bare `off` so.
        return "off"
    if isinstance(value, str) and (field.kind != "value" or _means_itself(value)):
        return value
    return json.dumps(value, ensure_ascii=False)


def parsed(field: SettingField, text: str) -> Any:
    """The value that a text means, None where it is empty; raises ValueError where it is none.

    What is no number comes back as it was typed: the schema says what is wrong with it.
    """
    if field.kind == "lines":
        return text or None
    text = text.strip()
    if not text:
        return None
    if "${" in text and field.kind != "value":
        return text
    match field.kind:
        case "number":
            return _number(text)
        case "choice":
            return _BOOLEANS.get(text, text)
        case "value":
            return _any_value(text)
    return text


def masked(address: str) -> str:
    """An address without what must not be shown of it: user and password, and its query."""
    for secret in _secrets(address):
        address = address.replace(secret, MASK, 1)
    return address


def unmasked(text: str, address: str) -> str:
    """An address as it was typed, with what was hidden of the one before; raises ValueError without a way."""
    if MASK not in text:
        return text
    secrets = list(_secrets(address))
    if text.count(MASK) != len(secrets):
        raise ValueError("the hidden parts cannot be put back: write the whole address")
    for secret in secrets:
        text = text.replace(MASK, secret, 1)
    return text


def _secrets(address: str) -> Iterator[str]:
    """What stands before the `@`, then the query; a variable is no secret."""
    place, _, query = address.rpartition("://")[2].partition("?")
    for secret in (place.partition("/")[0].rpartition("@")[0], query):
        if secret and "${" not in secret:
            yield secret


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _means_itself(text: str) -> bool:
    """Whether a text comes back as it is when it is typed: `5` would be a number, and `[` an error."""
    try:
        return bool(text) and text == text.strip() and _any_value(text) == text
    except ValueError:
        return False


def _any_value(text: str) -> Any:
    """JSON, a mapping or list in YAML's braces, else the text itself: `off` and `5m` are words here."""
    try:
        return json.loads(text)
    except ValueError:
        if text[0] not in "[{":
            return text
    try:
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        raise ValueError(f"not valid YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError):
        raise ValueError("not valid YAML") from None
