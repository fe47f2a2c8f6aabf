"""What each server listed last, as JSON: only what is known of a model is written."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from typing import Any, get_args

from llmtui.core.models import Capabilities, Fact, FactSource, Limit, ModelInfo, ModelList, Price
from llmtui.storage.codec import Row, time_text, time_value

_UNKNOWN = {field.name: getattr(Capabilities(), field.name) for field in fields(Capabilities)}
_AMOUNTS = ("input", "output", "cache_read", "cache_write")
_SOURCES = frozenset(get_args(FactSource))


def save(connection: sqlite3.Connection, provider_id: str, found: ModelList | None) -> None:
    """Keep a server's list instead of its last one; None: keep none."""
    if found is None:
        connection.execute("DELETE FROM model_lists WHERE provider = ?", (provider_id,))
        return
    connection.execute(
        "INSERT OR REPLACE INTO model_lists (provider, models, fetched_at) VALUES (?, ?, ?)",
        (provider_id, encode(found.models), time_text(found.fetched_at)),
    )


def all_kept(connection: sqlite3.Connection) -> dict[str, ModelList]:
    """Each provider's last list; one that cannot be read is left out."""
    rows = connection.execute("SELECT provider, models, fetched_at FROM model_lists")
    return {row["provider"]: found for row in rows if (found := _list(row)) is not None}


def encode(models: Iterable[ModelInfo]) -> str:
    """The models as JSON."""
    return json.dumps([_fields(model) for model in models], separators=(",", ":"))


def decode(text: str) -> tuple[ModelInfo, ...]:
    """The models that `encode` made the JSON from; raises ValueError for anything else.

    What a later version knows of a model besides is left out.
    """
    try:
        return tuple(_model(one) for one in json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a list of models: {error!r}") from error


def _list(row: Row) -> ModelList | None:
    try:
        return ModelList(decode(row["models"]), time_value(row["fetched_at"]))
    except (ValueError, TypeError):
        return None


def _fields(model: ModelInfo) -> dict[str, Any]:
    known = {
        name: [value.tokens if isinstance(value, Limit) else value.value, value.source]
        for name, unknown in _UNKNOWN.items()
        if (value := getattr(model.capabilities, name)) != unknown
    }
    rest = {
        "name": model.name,
        "detail": model.detail,
        "leaves": model.leaves_machine,
        "can": known,
        "price": _written(model.price),
    }
    return {"id": model.id} | {key: value for key, value in rest.items() if value not in ("", None, {})}


def _model(entry: Mapping[str, Any]) -> ModelInfo:
    known: dict[str, Any] = {
        name: _KINDS[name](value, source) for name, (value, source) in entry.get("can", {}).items()
        if name in _KINDS
    }  # fmt: skip
    return ModelInfo(
        id=_text(entry["id"]),
        name=_text(entry.get("name", "")),
        capabilities=Capabilities(**known),
        leaves_machine=_yes_or_no(entry.get("leaves")),
        detail=_text(entry.get("detail", "")),
        price=_read_price(entry.get("price", {})),
    )


def _written(price: Price) -> dict[str, str]:
    if price == Price():
        return {}
    amounts = {name: str(amount) for name in _AMOUNTS if (amount := getattr(price, name)) is not None}
    return amounts | {"source": price.source, "note": price.note}


def _read_price(entry: Mapping[str, Any]) -> Price:
    if not entry:
        return Price()
    try:
        amounts: dict[str, Any] = {name: Decimal(_text(entry[name])) for name in _AMOUNTS if name in entry}
    except InvalidOperation:
        raise ValueError("not a price") from None
    return Price(**amounts, source=_source(entry["source"]), note=_text(entry["note"]))


def _fact(value: Any, source: Any) -> Fact:
    return Fact(_yes_or_no(value), _source(source))


def _limit(value: Any, source: Any) -> Limit:
    if not (value is None or type(value) is int):
        raise ValueError(f"not a number of tokens: {value!r}")
    return Limit(value, _source(source))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"not a text: {value!r}")
    return value


def _yes_or_no(value: Any) -> bool | None:
    if not (value is None or isinstance(value, bool)):
        raise ValueError(f"neither yes nor no: {value!r}")
    return value


def _source(value: Any) -> FactSource:
    if value not in _SOURCES:
        raise ValueError(f"not a source: {value!r}")
    source: FactSource = value
    return source


_KINDS: Mapping[str, Callable[[Any, Any], Fact | Limit]] = {
    name: _limit if isinstance(known, Limit) else _fact for name, known in _UNKNOWN.items()
}
