"""What an Ollama server tells of its models to whoever manages them: `/api/tags`, `/api/ps`, `/api/show`."""

from collections.abc import Iterator, Mapping
from datetime import MAXYEAR, UTC, datetime, timedelta
from typing import Any

from llmtui.core.model_admin import ModelDetails, RunningModel, StoredModel
from llmtui.core.models import is_cloud_name
from llmtui.core.text import sanitise, sanitise_line
from llmtui.core.untrusted import as_count, as_object
from llmtui.providers.ollama.models import entries_of, facts_of, listed_facts, name_of

_FOR_EVER = timedelta(days=3650)
"""Ollama writes that a model stays as a time in centuries."""


def stored_of(tags: object) -> list[StoredModel]:
    """The models of an `/api/tags` answer."""
    return [_stored(entry) for entry in entries_of(tags) if name_of(entry)]


def running_of(ps: object, now: datetime | None = None) -> list[RunningModel]:
    """The models of an `/api/ps` answer."""
    now = now or datetime.now(UTC)
    return [_running(entry, now) for entry in entries_of(ps) if name_of(entry)]


def details_of(model: str, show: object) -> ModelDetails:
    """What an `/api/show` answer tells."""
    answer = as_object(show)
    return ModelDetails(
        model,
        template=_text(answer, "template"),
        parameters=_text(answer, "parameters"),
        licence=_text(answer, "license"),
        system=_text(answer, "system"),
        modelfile=_text(answer, "modelfile"),
        capabilities=facts_of(answer).capabilities,
        facts=dict(_facts(answer)),
    )


def is_elsewhere(entry: Mapping[str, Any], model: str) -> bool:
    """Whether the server passes on what is sent to this model."""
    return bool(entry.get("remote_host")) or is_cloud_name(model)


def _stored(entry: Mapping[str, Any]) -> StoredModel:
    details = as_object(entry.get("details"))
    elsewhere = is_elsewhere(entry, name_of(entry))
    return StoredModel(
        name_of(entry),
        size=None if elsewhere else _positive(entry.get("size")),
        digest=_line(entry, "digest"),
        family=_line(details, "family"),
        parameters=_line(details, "parameter_size"),
        quantization=_line(details, "quantization_level"),
        capabilities=listed_facts(entry).capabilities,
        modified_at=_moment(entry.get("modified_at")),
        leaves_machine=elsewhere,
    )


def _running(entry: Mapping[str, Any], now: datetime) -> RunningModel:
    expires_at = _moment(entry.get("expires_at"))
    return RunningModel(
        name_of(entry),
        size=_positive(entry.get("size")),
        size_gpu=as_count(entry.get("size_vram")),
        context=_positive(entry.get("context_length")),
        expires_at=expires_at if expires_at and expires_at - now < _FOR_EVER else None,
    )


def _facts(answer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    details, info = as_object(answer.get("details")), as_object(answer.get("model_info"))
    architecture = _line(info, "general.architecture")
    facts = {
        "architecture": architecture or _line(details, "family"),
        "parameters": _line(details, "parameter_size") or _line(info, "general.parameter_count"),
        "quantization": _line(details, "quantization_level"),
        "context": _line(info, f"{architecture}.context_length"),
        "embedding": _line(info, f"{architecture}.embedding_length"),
        "format": _line(details, "format"),
        "capabilities": ", ".join(sorted(facts_of(answer).abilities or ())),
        "made from": _line(details, "parent_model"),
        "runs at": _line(answer, "remote_host"),
        "runs as": _line(answer, "remote_model"),
        "modified": _line(answer, "modified_at"),
    }
    return ((label, sanitise_line(value)) for label, value in facts.items() if value)


def _text(answer: Mapping[str, Any], key: str) -> str:
    """A text of several lines; old servers give licences as a list."""
    value = answer.get(key)
    if isinstance(value, list):
        value = "\n\n".join(map(str, value))
    return sanitise(value) if isinstance(value, str) else ""


def _line(answer: Mapping[str, Any], key: str) -> str:
    value = answer.get(key)
    return sanitise_line(str(value)) if isinstance(value, str | int) else ""


def _positive(number: object) -> int | None:
    return as_count(number) or None


def _moment(text: object) -> datetime | None:
    """A time with its zone; Go's zero time means that nobody knows, and the last year has no local time."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if moment is None or not 1 < moment.year < MAXYEAR:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
