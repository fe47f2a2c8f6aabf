"""From the lines of the wire to events; JSON from outside may have any shape."""

from collections.abc import Iterator, Mapping
from typing import Any

from llmtui.core.events import (
    Finish,
    FinishReason,
    ReasoningDelta,
    ReasoningEnd,
    StreamEvent,
    TextDelta,
    UsageUpdate,
)
from llmtui.core.usage import Usage

REASONS = {"stop": FinishReason.STOP, "length": FinishReason.LENGTH}


def events_of(line: Mapping[str, Any]) -> Iterator[StreamEvent]:
    """The events of one line."""
    match line:
        case {"thought": str(text)} if text:
            yield ReasoningDelta(text)
        case {"thought": _}:
            yield ReasoningEnd()
        case {"text": str(text)}:
            yield TextDelta(text)
        case {"tokens": [int(read), int(written)]}:
            yield UsageUpdate(Usage(input=read, output=written))
        case {"done": str(reason)}:
            yield Finish(REASONS.get(reason, FinishReason.OTHER), reason)
