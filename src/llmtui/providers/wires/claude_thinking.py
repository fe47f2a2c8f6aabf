"""How much Claude's models can think, and how each is told.

Older ones get a budget of tokens, newer ones an effort; some cannot stop thinking. Sources:
https://platform.claude.com/docs/en/build-with-claude/effort and /thinking.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from llmtui.core.events import Warning
from llmtui.core.models import Effort
from llmtui.providers.wires.efforts import nearest

Thinking: TypeAlias = Literal["off", "between_tools", "adaptive"] | int | None
"""None leaves it to the model; a number is the budget in tokens."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request says of thinking."""

    thinking: Thinking = None
    effort: str | None = None
    """The `effort` of `output_config`."""


_LEVELS: Mapping[Effort, Asked] = {
    level: Asked("adaptive", level) for level in ("low", "medium", "high", "max")
}
_ADAPTIVE: Mapping[Effort, Asked] = {"off": Asked("off"), **_LEVELS}
_BETWEEN_TOOLS: Mapping[Effort, Asked] = {"off": Asked("between_tools"), **_LEVELS}
_BUDGETS: Mapping[Effort, Asked] = {
    "off": Asked("off"),
    "minimal": Asked(1024),
    "low": Asked(2048),
    "medium": Asked(8192),
    "high": Asked(16_384),
    "max": Asked(32_000),
}
_FAMILIES: Sequence[tuple[re.Pattern[str], Mapping[Effort, Asked]]] = [
    (re.compile(pattern), levels)
    for pattern, levels in (
        (r"claude-3-(?!7)", {}),
        (r"claude-3-7|claude-(opus|sonnet|haiku)-4(-[015])?(-\d{8}|$)", _BUDGETS),
        (r"claude-(opus-5-5|fable-|mythos-)", _LEVELS),
        (r"claude-sonnet-5-5", _BETWEEN_TOOLS),
        (r"claude-", _ADAPTIVE),
    )
]


def asked_of(model: str, effort: Effort | None, default: Thinking) -> tuple[Asked, list[Warning]]:
    """What to say to a model, and what was lost; without an effort the configured thinking holds."""
    if effort is None:
        return Asked(default), []
    # What other makers' servers took over from this wire is the budget.
    levels = next((levels for pattern, levels in _FAMILIES if pattern.match(model)), _BUDGETS)
    asked, warnings = nearest(effort, levels, model)
    return asked or Asked(), warnings
