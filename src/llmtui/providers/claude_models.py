"""What Claude's models can do: known beforehand, or told by the server's own list."""

from collections.abc import Mapping
from dataclasses import replace

from llmtui.core.conversation import JSON
from llmtui.core.models import UNKNOWN, Capabilities, Fact, Limit, ModelInfo
from llmtui.core.text import sanitise_line
from llmtui.core.untrusted import as_count, as_object, as_objects
from llmtui.providers.model_lists import openai_models
from llmtui.providers.wires.messages import takes_temperature

DEFAULT_MODELS = (
    "claude-opus-5-5",
    "claude-sonnet-5-5",
    "claude-haiku-5-5",
    "claude-opus-4-8",
    "claude-sonnet-4-6",
    "claude-haiku-4-5",
)
"""A short list for those who have not asked the server; `llmtui models` does."""
SMALLEST_CONTEXT = Limit(200_000, "provider")


def known_capabilities(model: str, *, key_required: bool) -> Capabilities:
    """What holds for every Claude model; of other vendors' models only what the wire itself gives."""
    wire = Capabilities(
        streaming=Fact.yes(),
        system_prompt=Fact.yes(),
        key_required=Fact.yes() if key_required else Fact.no(),
        custom_endpoint=Fact.yes(),
    )
    temperature = takes_temperature(model)
    if temperature is None:
        return wire
    return replace(
        wire,
        tools=Fact.yes(),
        temperature=Fact(temperature, "provider"),
        image=Fact.yes(),
        documents=Fact.yes(),
        audio=Fact.no(),
        video=Fact.no(),
        context_window=SMALLEST_CONTEXT,
    )


def claude_models(answer: object) -> list[ModelInfo]:
    """The models of Claude's list; lists in OpenAI's shape, which compatible servers send, are read too."""
    entries = as_objects(as_object(answer).get("data"))
    by_id = {entry.get("id"): entry for entry in entries if isinstance(entry.get("id"), str)}
    return [_described(model, by_id.get(model.id, {})) for model in openai_models(answer)]


def _described(model: ModelInfo, entry: Mapping[str, JSON]) -> ModelInfo:
    name = entry.get("display_name")
    return replace(
        model,
        name=sanitise_line(name) if isinstance(name, str) else model.name,
        capabilities=_told(entry).over(model.capabilities),
        detail="deprecated" if entry.get("lifecycle") == "deprecated" else model.detail,
    )


def _told(entry: Mapping[str, JSON]) -> Capabilities:
    told = as_object(entry.get("capabilities"))
    return Capabilities(
        image=_fact(told.get("image_input")),
        documents=_fact(told.get("pdf_input")),
        structured_output=_fact(told.get("structured_outputs")),
        reasoning=_fact(told.get("thinking")),
        context_window=_limit(entry.get("max_input_tokens")),
        max_output=_limit(entry.get("max_tokens")),
    )


def _fact(told: JSON) -> Fact:
    supported = as_object(told).get("supported")
    return Fact(supported, "live") if isinstance(supported, bool) else UNKNOWN


def _limit(told: JSON) -> Limit:
    tokens = as_count(told)
    return Limit(tokens, "live") if tokens else Limit()
