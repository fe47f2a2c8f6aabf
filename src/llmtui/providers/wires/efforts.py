"""How much a model shall think, as the nearest thing that a wire and a model know."""

from collections.abc import Mapping
from typing import TypeVar, get_args

from llmtui.core.events import Warning
from llmtui.core.models import Effort

T = TypeVar("T")
LEVELS: tuple[Effort, ...] = get_args(Effort)
"""From no thinking at all to the most."""


def nearest(effort: Effort, known: Mapping[Effort, T], model: str) -> tuple[T | None, list[Warning]]:
    """The wire's value for an effort or for the one nearest to it, and a warning where it is not the same.

    A model that knows none does not think: nothing is sent.
    """
    if effort in known:
        return known[effort], []
    if not known:
        lost = [] if effort == "off" else [_warning(f"{model} does not think: '{effort}' was left out")]
        return None, lost
    rank = LEVELS.index(effort)
    chosen = min(known, key=lambda level: (abs(LEVELS.index(level) - rank), -LEVELS.index(level)))
    return known[chosen], [_warning(f"{model} does not know '{effort}': '{chosen}' is used")]


def _warning(words: str) -> Warning:
    return Warning("dropped_parameter", f"reasoning effort: {words}")
