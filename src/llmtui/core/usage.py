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


def estimate_tokens(text: str) -> int:
    """Guess the tokens of a text: four bytes of UTF-8 each, the rule of thumb for BPE vocabularies."""
    return (len(text.encode("utf-8", "replace")) + 3) // 4
