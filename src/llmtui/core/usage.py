"""Token counts of one request."""

from dataclasses import dataclass
from typing import Literal

UsageSource = Literal["reported", "estimated"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request, cumulative: a later snapshot replaces an earlier one.

    `input` includes what was read from or written to the vendor's prompt cache, `output` includes
    reasoning. None means that nobody told us, which is not zero.
    """

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
    source: UsageSource = "reported"
    generation_s: float | None = None
    """Seconds that the server says it spent generating, where it says so (Ollama, llama.cpp)."""

    @property
    def adds_up(self) -> bool:
        """Whether no count is below zero, and no part larger than the whole."""
        cached, stored = self.cache_read or 0, self.cache_write or 0
        return min(cached, stored, (self.input or 0) - cached - stored, self.output or 0) >= 0


def estimate_tokens(text: str) -> int:
    """Guess the tokens of a text: four bytes of UTF-8 each, the rule of thumb for BPE vocabularies."""
    return (len(text.encode("utf-8", "replace")) + 3) // 4
