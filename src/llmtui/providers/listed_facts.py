"""What the `/models` answers of single vendors tell of a model beyond its name.

A field that is not there tells nothing; a list of what a model can do rules out what is not in it.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from llmtui.core.models import UNKNOWN, Capabilities, Fact, Limit, Price
from llmtui.core.untrusted import as_count, as_object, as_objects

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
_PER_TOKEN = {
    "input": "prompt",
    "output": "completion",
    "cache_read": "input_cache_read",
    "cache_write": "input_cache_write",
}
"""OpenRouter, in dollars per token."""
_PER_MILLION = {"input": "input", "output": "output", "cache_read": "cached_input"}
"""Together; Hugging Face, per company."""
_MILLION = Decimal(1_000_000)
DEAREST = 1_000_000
"""Dollars per million tokens: more is a mistake, and a number that nobody can read."""
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


def price_of(entry: Mapping[str, Any]) -> Price:
    """What an entry says that the model costs."""
    own = as_object(entry.get("pricing"))
    companies = [as_object(one.get("pricing")) for one in as_objects(entry.get("providers"))]
    prices = {_priced(_PER_MILLION, pricing) for pricing in companies}
    # Which of several companies will answer, nobody knows before.
    agreed = prices if len(prices) == 1 else ()
    told = (_priced(_PER_TOKEN, own, _MILLION), _priced(_PER_MILLION, own), *agreed)
    return next((price for price in told if price.source == "live"), Price())


def _priced(names: Mapping[str, str], pricing: Mapping[str, Any], unit: Decimal = Decimal(1)) -> Price:
    amounts: dict[str, Any] = {name: _amount(pricing.get(field), unit) for name, field in names.items()}
    if amounts["input"] is None or amounts["output"] is None:
        return Price()
    return Price(**amounts, source="live")


def _amount(value: object, unit: Decimal) -> Decimal | None:
    """Dollars per million; a negative one is no price but a sign that it depends (OpenRouter's `auto`)."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value)) * unit
    except ArithmeticError:
        return None
    return amount.normalize() if amount.is_finite() and 0 <= amount <= DEAREST else None


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
