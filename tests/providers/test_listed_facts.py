"""The lists of models of single vendors, in the shapes that their documents show."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.core.models import Fact, Price
from llmtui.providers.model_lists import openai_models

OPENROUTER = {
    "id": "acme/one",
    "name": "Acme: One",
    "context_length": 200000,
    "architecture": {"input_modalities": ["text", "image", "file"], "output_modalities": ["text"]},
    "top_provider": {"context_length": 200000, "max_completion_tokens": 64000, "is_moderated": True},
    "supported_parameters": ["max_tokens", "reasoning", "tools"],
    "pricing": {"prompt": "0.000003", "completion": "0.000015"},
}
MISTRAL = {
    "id": "mistral-small-latest",
    "max_context_length": 131072,
    "capabilities": {"completion_chat": True, "function_calling": True, "vision": False},
}
GROQ = {"id": "openai/gpt-oss-120b", "context_window": 131072, "max_completion_tokens": 65536}
COHERE = {
    "name": "command-a",
    "endpoints": ["chat"],
    "context_length": 288000,
    "features": ["tools", "vision"],
}
HUGGING_FACE: dict[str, Any] = {
    "id": "openai/gpt-oss-120b",
    "architecture": {"input_modalities": ["text"]},
    "providers": [
        {
            "provider": "groq",
            "context_length": 131072,
            "supports_tools": True,
            "supports_structured_output": True,
        },
        {
            "provider": "novita",
            "context_length": 65536,
            "supports_tools": True,
            "supports_structured_output": False,
        },
        {"provider": "other"} | {"supports_tools": True, "supports_structured_output": None},
    ],
}


@pytest.mark.parametrize(
    ("entry", "window", "output", "facts"),
    [
        (
            OPENROUTER,
            200000,
            64000,
            {
                "tools": True,
                "reasoning": True,
                "temperature": False,
                "image": True,
                "audio": False,
                "documents": True,
            },
        ),
        (MISTRAL, 131072, None, {"tools": True, "image": False, "reasoning": None}),
        (GROQ, 131072, 65536, {"tools": None, "image": None}),
        (COHERE, 288000, None, {"tools": True, "image": True, "reasoning": None}),
        ({**COHERE, "features": None}, 288000, None, {"tools": None, "image": None}),
        (HUGGING_FACE, 65536, None, {"tools": True, "structured_output": None, "image": False}),
    ],
    ids=["openrouter", "mistral", "groq", "cohere", "cohere-without-features", "huggingface"],
)
def test_what_a_list_tells(
    entry: dict[str, Any], window: int, output: int | None, facts: dict[str, bool | None]
) -> None:
    (model,) = openai_models({"data": [entry]})
    known = model.capabilities
    assert (known.context_window.tokens, known.max_output.tokens) == (window, output)
    for name, value in facts.items():
        fact = getattr(known, name)
        assert fact == (Fact() if value is None else Fact(value, "live")), name


@pytest.mark.parametrize(
    "entry",
    [
        {"id": "m", "type": "embedding"},
        {"id": "m", "type": "image"},
        {"id": "m", "capabilities": {"completion_chat": False}},
        {"name": "m", "endpoints": ["embed", "classify"]},
    ],
)
def test_models_for_other_work_are_left_out(entry: dict[str, Any]) -> None:
    chat = {"id": "c", "type": "chat", "endpoints": ["chat", "generate"]}
    assert [model.id for model in openai_models([entry, chat])] == ["c"]


LEAF = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just("chat")
VALUE = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)
FIELDS = sorted({*OPENROUTER, *MISTRAL, *GROQ, *COHERE, *HUGGING_FACE, "type", "meta"})


INNER = st.sampled_from(
    [*HUGGING_FACE["providers"][0], "max_completion_tokens", "input_modalities", "vision"]
)
NESTED = st.dictionaries(INNER, VALUE, max_size=4)


@given(st.dictionaries(st.sampled_from(FIELDS), VALUE | NESTED | st.lists(NESTED, max_size=2)))
def test_a_list_may_have_any_shape(entry: dict[str, Any]) -> None:
    for model in openai_models({"data": [entry]}):
        assert model.id


def priced(entry: dict[str, Any]) -> Price:
    [model] = openai_models({"data": [entry]})
    return model.price


def test_openrouter_names_dollars_per_token() -> None:
    assert priced(OPENROUTER) == Price(Decimal(3), Decimal(15), source="live")
    cached = OPENROUTER["pricing"] | {"input_cache_read": "0.0000003", "input_cache_write": "0.00000375"}  # type: ignore[operator]
    assert priced(OPENROUTER | {"pricing": cached}) == Price(
        Decimal(3), Decimal(15), Decimal("0.3"), Decimal("3.75"), source="live"
    )


def test_together_names_dollars_per_million() -> None:
    pricing = {"hourly": 0, "input": 0.15, "output": 0.6, "base": 0}
    assert priced({"id": "m", "pricing": pricing}) == Price(Decimal("0.15"), Decimal("0.6"), source="live")


def test_the_companies_of_hugging_face_have_a_price_where_it_is_one() -> None:
    def behind(*prices: float) -> dict[str, Any]:
        return {"id": "m", "providers": [{"pricing": {"input": one, "output": one}} for one in prices]}

    assert priced(behind(1, 1)) == Price(Decimal(1), Decimal(1), source="live")
    assert priced(behind(1, 2)) == Price()


@pytest.mark.parametrize(
    "pricing",
    [
        None,
        {},
        {"prompt": "-1", "completion": "-1"},
        {"prompt": "much", "completion": "more"},
        {"prompt": "NaN", "completion": "Infinity"},
        {"prompt": "0.1"},
        {"input": True, "output": True},
        [1, 2],
    ],
)
def test_what_is_no_price_is_none(pricing: Any) -> None:
    assert priced({"id": "m", "pricing": pricing}) == Price()
