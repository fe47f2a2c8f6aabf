"""What Gemini's models can do: known beforehand, or told by the server's own list.

Source: https://ai.google.dev/api/models
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from llmtui.core.models import UNKNOWN, Capabilities, Fact, Limit, ModelInfo
from llmtui.core.text import sanitise_line
from llmtui.core.untrusted import as_count, as_object, as_objects, as_text
from llmtui.providers.wires.gemini_thinking import levels_of

ANSWERS = "generateContent"
"""The method of models that can chat."""
# All of them since 1.5: https://ai.google.dev/gemini-api/docs/models
_READS_MEDIA = re.compile(r"gemini-")


def known_capabilities(model: str, *, key_required: bool) -> Capabilities:
    """What holds for the wire, and for a model by its name; of tools the vendor's list says nothing."""
    levels = levels_of(model)
    wire = Capabilities(
        streaming=Fact.yes(),
        system_prompt=Fact.yes(),
        reasoning=UNKNOWN if levels is None else Fact(bool(levels), "provider"),
        key_required=Fact(key_required, "provider"),
        custom_endpoint=Fact.yes(),
    )
    if not _READS_MEDIA.match(model):
        return wire
    reads = Fact.yes()
    return replace(wire, image=reads, audio=reads, video=reads, documents=reads)


def gemini_models(answer: object) -> tuple[list[ModelInfo], str]:
    """The models of one page that can chat, and the token of the next page, empty on the last."""
    page = as_object(answer)
    models = [_model(entry) for entry in as_objects(page.get("models")) if _chats(entry)]
    return [model for model in models if model.id], as_text(page.get("nextPageToken"))


def _chats(entry: Mapping[str, Any]) -> bool:
    methods = entry.get("supportedGenerationMethods")
    return ANSWERS in methods if isinstance(methods, list) else True


def _model(entry: Mapping[str, Any]) -> ModelInfo:
    thinking = entry.get("thinking")
    return ModelInfo(
        id=sanitise_line(as_text(entry.get("name"))).removeprefix("models/"),
        name=sanitise_line(as_text(entry.get("displayName"))),
        capabilities=Capabilities(
            reasoning=Fact(thinking, "live") if isinstance(thinking, bool) else UNKNOWN,
            context_window=_limit(entry.get("inputTokenLimit")),
            max_output=_limit(entry.get("outputTokenLimit")),
        ),
    )


def _limit(told: object) -> Limit:
    tokens = as_count(told)
    return Limit(tokens, "live") if tokens else Limit()
