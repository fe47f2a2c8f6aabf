"""What stands in a conversation and a model cannot read.

It is left out rather than refused: a chat may go on with a model that knows no images.
"""

from dataclasses import replace

from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import FilePart, ImagePart
from llmtui.core.events import Warning


def without(request: ChatRequest, kinds: tuple[type, ...]) -> tuple[ChatRequest, list[Warning]]:
    """The request without the attachments of these kinds, and a warning for each."""
    warnings: list[Warning] = []
    messages = []
    for message in request.messages:
        lost = [part for part in message.parts if isinstance(part, kinds)]
        warnings += [_warning(request.model or "the model", part) for part in lost]
        kept = tuple(part for part in message.parts if part not in lost)
        messages.append(replace(message, parts=kept) if lost else message)
    return (replace(request, messages=tuple(messages)) if warnings else request), warnings


def _warning(model: str, part: object) -> Warning:
    name = part.name if isinstance(part, ImagePart | FilePart) else ""
    kind = "images" if isinstance(part, ImagePart) else "files"
    sent = f"'{name}' was" if name else "one was"
    return Warning("dropped_attachment", f"{model} reads no {kind}: {sent} not sent")
