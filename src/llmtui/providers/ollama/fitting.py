"""A request as a model can take it, and what is lost of it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import FilePart, ImagePart
from llmtui.core.events import Warning
from llmtui.core.usage import estimate_tokens
from llmtui.providers.attachments import without
from llmtui.providers.ollama.models import ModelFacts
from llmtui.providers.wires.ollama import sent_text
from llmtui.providers.wires.text_files import is_text


def fitted(request: ChatRequest, facts: ModelFacts) -> tuple[ChatRequest, list[Warning]]:
    """The request without what neither the model nor the wire takes: Ollama answers it with an error."""
    warnings = list(_losses(request, facts))
    if facts.can("tools") is False:
        request = replace(request, tools=())
    if facts.can("vision") is False:
        request, unseen = without(request, (ImagePart,))
        warnings += unseen
    return request, warnings


def signs_of_a_cut(counted: int | None, body: Mapping[str, Any]) -> str:
    """What hints that the server has cut the chat in silence; empty where nothing does.

    `counted` are the tokens that it says it has read of the request with this body.
    """
    window = body["options"].get("num_ctx")
    estimate = estimate_tokens(sent_text(body))
    if counted is None or window is None or estimate < window * 0.75:
        return ""
    if counted >= estimate * 0.75 and counted < window:
        return ""
    return f"the server read {counted} tokens of about {estimate}: text was probably cut from the chat"


def _losses(request: ChatRequest, facts: ModelFacts) -> Iterator[Warning]:
    if request.tools and facts.can("tools") is False:
        yield Warning("dropped", f"{request.model} cannot call tools: it was not told of them")
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, FilePart) and not is_text(part):
                yield Warning("dropped", f"Ollama takes no {part.media_type}: '{part.name}' was not sent")
