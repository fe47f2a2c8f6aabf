"""The chat_completions wire as single vendors speak it."""

from collections.abc import Iterator
from typing import Any

from llmtui.core.usage import Usage
from llmtui.testing.encoders.base import dump, without_none
from llmtui.testing.encoders.chat_completions import FAILURES, ChatCompletionsEncoder, choice
from llmtui.testing.scenarios import FailureKind, Scenario


class MistralEncoder(ChatCompletionsEncoder):
    """Reasoning as blocks of the content, and the usage together with the finish reason."""

    def failure(self, status: int, message: str) -> bytes:
        """The body of a refused request; the words of one that is invalid are a list."""
        words: Any = {"detail": [{"type": "value_error", "loc": ["body"], "msg": message}]}
        return dump({"object": "error", "message": words if status == 422 else message, "code": None})

    def reasoning(self, text: str) -> dict[str, Any]:
        """The delta of a piece of reasoning."""
        return {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}]}

    def ending(self, last: dict[str, Any], usage: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
        """One chunk with all."""
        yield last | without_none(usage=usage)


class DeepSeekEncoder(ChatCompletionsEncoder):
    """The cache counted in fields of its own."""

    def counts(self, usage: Usage) -> dict[str, Any]:
        """The `usage` object."""
        counts = super().counts(usage)
        counts.pop("prompt_tokens_details", None)
        if usage.cache_read is not None:
            missed = (usage.input or 0) - usage.cache_read
            counts |= {"prompt_cache_hit_tokens": usage.cache_read, "prompt_cache_miss_tokens": missed}
        return counts


class OpenRouterEncoder(ChatCompletionsEncoder):
    """Reasoning twice, comments of its own, and failures as a chunk with a finish reason."""

    blank = b": OPENROUTER PROCESSING\n\n"

    def failure(self, status: int, message: str) -> bytes:
        """The body of a refused request."""
        return dump({"error": {"code": status, "message": message}, "user_id": "user_1"})

    def reasoning(self, text: str) -> dict[str, Any]:
        """The delta of a piece of reasoning."""
        details = [{"type": "reasoning.text", "text": text, "format": "unknown", "index": 0}]
        return {"content": "", "reasoning": text, "reasoning_details": details}

    def broken(self, kind: FailureKind, message: str) -> dict[str, Any]:
        """The chunk that reports an error after the reply has begun."""
        error = {"code": FAILURES[kind][1], "message": message}
        return {"error": error, "choices": [choice({"content": ""}, "error")]}


class AzureEncoder(ChatCompletionsEncoder):
    """A chunk about the filter of the prompt before all others."""

    def encode(self, scenario: Scenario) -> list[bytes]:
        """The scenario's bytes, one item per server-sent event."""
        filtered = {"prompt_index": 0, "content_filter_results": {"hate": {"filtered": False}}}
        first = {"id": "", "model": "", "object": "", "choices": [], "prompt_filter_results": [filtered]}
        return [b"data: " + dump(first) + b"\n\n", *super().encode(scenario)]


class CohereEncoder(ChatCompletionsEncoder):
    """Refusals as nothing but words."""

    def failure(self, status: int, message: str) -> bytes:
        """The body of a refused request."""
        return dump({"id": "4a5b", "message": message})
