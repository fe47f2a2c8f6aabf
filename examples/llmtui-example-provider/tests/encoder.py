"""The example's wire as its server would write it."""

from collections.abc import Iterator, Mapping
from typing import Any

from llmtui.core.events import (
    Finish,
    FinishReason,
    ReasoningDelta,
    ReasoningEnd,
    StreamEvent,
    TextDelta,
    ToolCallStart,
    UsageUpdate,
)
from llmtui.testing.encoders.base import NotCarried, Vocabulary, dump
from llmtui.testing.scenarios import Scenario, StreamFailure

REASONS = Vocabulary({FinishReason.STOP: "stop", FinishReason.LENGTH: "length"})
"""All others are left out: this wire has no words for them."""


class ExampleEncoder:
    """Renders scenarios into a JSON object a line."""

    content_type = "application/x-ndjson"
    usage_fields = frozenset({"input", "output"})
    blank = b"\n"

    def encode(self, scenario: Scenario) -> list[bytes]:
        """The scenario's bytes, one item per line."""
        return [dump(line) + b"\n" for event in scenario for line in _lines(event)]

    def failure(self, status: int, message: str) -> bytes:
        """The body of a refused request."""
        return dump({"error": message})


def _lines(event: StreamEvent | StreamFailure) -> Iterator[Mapping[str, Any]]:
    match event:
        case TextDelta(text):
            yield {"text": text}
        case ReasoningDelta(text):
            yield {"thought": text}
        case ReasoningEnd():
            yield {"thought": None}
        case ToolCallStart():
            raise NotCarried("the wire has no tools")
        case UsageUpdate(usage):
            yield {"tokens": [usage.input, usage.output]}
        case Finish(reason):
            yield {"done": REASONS[reason]}
        case StreamFailure(message=message):
            yield {"error": message}
