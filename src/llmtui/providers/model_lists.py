"""The `/models` answers of OpenAI-shaped servers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from llmtui.core.errors import ErrorContext, ModelNotFound
from llmtui.core.models import Limit, ModelInfo
from llmtui.core.text import sanitise_line
from llmtui.core.untrusted import as_count, as_object, as_objects
from llmtui.providers.failures import address
from llmtui.providers.listed_facts import chats, facts_of, price_of

# vLLM; Groq; OpenRouter, Together; Mistral; LM Studio.
CONTEXT_FIELDS = (
    "max_model_len",
    "context_window",
    "context_length",
    "max_context_length",
    "loaded_context_length",
)
# llama.cpp: what was set, then what the model was trained with.
META_FIELDS = ("n_ctx", "n_ctx_train")


def openai_models(answer: object) -> list[ModelInfo]:
    """The models of a `data` or `models` list that may chat, with what is told of them."""
    outer = answer if isinstance(answer, dict) else {"data": answer}
    entries = as_objects(outer.get("data") or outer.get("models"))
    return [model for model in map(_model, filter(chats, entries)) if model.id]


def first_model(models: Sequence[ModelInfo], base_url: str, provider: str) -> str:
    """What to ask a server for when nobody named a model: most local ones serve one."""
    if not models:
        raise ModelNotFound(
            f"{address(base_url)} serves no model",
            context=ErrorContext(provider=provider),
            hint="load a model into the server, or set `model` of this provider",
        )
    return models[0].id


def _model(entry: Mapping[str, Any]) -> ModelInfo:
    model_id = entry.get("id") or entry.get("name") or entry.get("model") or ""
    name = entry.get("name") or ""
    window = _context_window(entry)
    limit = Limit(window, "live") if window else Limit()
    return ModelInfo(
        id=sanitise_line(str(model_id)),
        name=sanitise_line(str(name)) if name != model_id else "",
        capabilities=replace(facts_of(entry), context_window=limit),
        price=price_of(entry),
    )


def _context_window(entry: Mapping[str, Any]) -> int | None:
    own = [entry.get(field) for field in CONTEXT_FIELDS]
    own += [as_object(entry.get("meta")).get(field) for field in META_FIELDS]
    # Any of the companies behind a model may answer (Hugging Face).
    behind = [as_count(one.get("context_length")) for one in as_objects(entry.get("providers"))]
    own += [min(known)] if (known := [value for value in behind if value is not None]) else []
    return next(filter(None, map(as_count, own)), None)
