"""What the `/models` answers of single vendors tell of a model beyond its name.

A field that is not there tells nothing; a list of what a model can do rules out what is not in it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from llmtui.core.models import UNKNOWN, Capabilities, Fact, Limit
from llmtui.providers.wires.untrusted import as_count, as_object, as_objects

_OTHER_WORK = ("embedding", "embeddings", "image", "video", "audio", "transcribe", "rerank", "moderation")
"""The `type` of models that do not chat (Together, LM Studio)."""
_PARAMETERS = {
    "tools": "tools",
    "temperature": "temperature",
    "reasoning": "reasoning",
    "structured_output": "structured_outputs",
}
_INPUTS = {"image": "image", "audio": "audio", "video": "video", "documents": "file"}
_MISTRAL = {"tools": "function_calling", "image": "vision", "reasoning": "reasoning"}
_COHERE = {"tools": "tools", "image": "vision"}
_BACK_ENDS = {"tools": "supports_tools", "structured_output": "supports_structured_output"}


def chats(entry: Mapping[str, Any]) -> bool:
    """Whether a model may be one to chat with."""
    endpoints = entry.get("endpoints")
    return not (
        entry.get("type") in _OTHER_WORK
        or as_object(entry.get("capabilities")).get("completion_chat") is False
        or (isinstance(endpoints, list) and "chat" not in endpoints)
    )


def facts_of(entry: Mapping[str, Any]) -> Capabilities:
    """All that an entry tells, except for its context window."""
    own = as_object(entry.get("capabilities"))
    inputs = as_object(entry.get("architecture")).get("input_modalities")
    facts: dict[str, Any] = {
        **_listed(_PARAMETERS, entry.get("supported_parameters")),
        **_listed(_INPUTS, inputs),
        **{name: _of(own.get(field)) for name, field in _MISTRAL.items() if field in own},
        **{name: fact for name, fact in _listed(_COHERE, entry.get("features")).items() if fact.value},
        **_agreed(as_objects(entry.get("providers"))),
    }
    return replace(Capabilities(max_output=_longest_reply(entry)), **facts)


def _listed(names: Mapping[str, str], listed: object) -> dict[str, Fact]:
    if not isinstance(listed, list):
        return {}
    return {name: _of(field in listed) for name, field in names.items()}


def _agreed(back_ends: list[dict[str, Any]]) -> dict[str, Fact]:
    """What all companies behind a model say of it (Hugging Face)."""
    if not back_ends:
        return {}
    said = {name: [one.get(field) for one in back_ends] for name, field in _BACK_ENDS.items()}
    return {name: _of(first) for name, (first, *rest) in said.items() if all(one is first for one in rest)}


def _longest_reply(entry: Mapping[str, Any]) -> Limit:
    """Of OpenRouter and Groq."""
    places = (as_object(entry.get("top_provider")), entry)
    found = (as_count(place.get("max_completion_tokens")) for place in places)
    tokens = next((number for number in found if number and number > 0), None)
    return Limit(tokens, "live") if tokens else Limit()


def _of(value: object) -> Fact:
    return Fact(value, "live") if isinstance(value, bool) else UNKNOWN
