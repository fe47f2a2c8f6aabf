"""The `reasoning_details` of OpenRouter, which a model wants back as they were when its tools have answered.

Source: https://openrouter.ai/docs/use-cases/reasoning-tokens#preserving-reasoning-blocks
"""

from typing import Any

from llmtui.core.untrusted import as_objects

DETAILS = "reasoning_details"
_GROWING = ("text", "summary")
"""The fields that come in pieces; encrypted `data` comes whole."""
_NAMES = ("type", "index", "id")


class ReasoningDetails:
    """Puts the details together from the pieces of a stream."""

    def __init__(self) -> None:
        self.whole: list[Any] = []
        """The details so far, each one once."""

    def add(self, pieces: object) -> None:
        """Take the pieces of one chunk; those of one block follow one another, with its names or none."""
        for piece in as_objects(pieces):
            if self.whole and _continues(piece, self.whole[-1]):
                _extend(self.whole[-1], piece)
            else:
                self.whole.append(dict(piece))


def _continues(piece: dict[str, Any], block: dict[str, Any]) -> bool:
    named = (name for name in _NAMES if block.get(name) is not None and piece.get(name) is not None)
    return "data" not in block and all(piece[name] == block[name] for name in named)


def _extend(block: dict[str, Any], piece: dict[str, Any]) -> None:
    for name, value in piece.items():
        before = block.get(name)
        if name in _GROWING and isinstance(before, str) and isinstance(value, str):
            block[name] = before + value
        elif value is not None:
            block[name] = value
