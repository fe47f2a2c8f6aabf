"""The chat_completions wire as some servers get it wrong; what they mean is the same."""

from typing import Any

from llmtui.core.events import StreamEvent
from llmtui.testing.encoders.base import NotCarried
from llmtui.testing.encoders.chat_completions import ChatCompletionsEncoder


class ReusedIndexes(ChatCompletionsEncoder):
    """Every tool call has the index 0, and an id of its own."""

    def _delta(self, event: StreamEvent, indices: dict[str, int]) -> dict[str, Any] | None:
        delta = super()._delta(event, indices)
        for call in (delta or {}).get("tool_calls", ()):
            if "id" not in call and call["index"] != max(indices.values()):
                raise NotCarried("without indexes of their own, calls come one after the other")
            call["index"] = 0
        return delta
