"""Which of Gemini's models think, and how much each can.

Up to 2.5 they take a budget of tokens, from 3 on a level; the API refuses what a model does not know, and all
of it for a model that does not think. Sources: https://ai.google.dev/gemini-api/docs/thinking and
https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/thinking
"""

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from llmtui.core.events import Warning
from llmtui.core.models import Effort
from llmtui.providers.wires.efforts import nearest

Amount: TypeAlias = str | int
"""A level by its name, or a budget in tokens."""
Levels: TypeAlias = Mapping[Effort, Amount]

_COMMON: Levels = {"low": "low", "medium": "medium", "high": "high"}
_WITH_MINIMAL: Levels = {"minimal": "minimal", **_COMMON}
_BUDGETS: Levels = {"low": 2048, "medium": 8192, "high": 16_384}
_PRO_BUDGETS: Levels = {"minimal": 128, **_BUDGETS, "max": 32_768}
_FLASH_BUDGETS: Levels = {"off": 0, "minimal": 512, **_BUDGETS, "max": 24_576}
_ENDS: Levels = {"low": "low", "high": "high"}
_NEVER: Levels = {}
_FAMILIES: Sequence[tuple[re.Pattern[str], Levels]] = [
    (re.compile(pattern), levels)
    for pattern, levels in (
        (r"gemini-(1|2\.0)|gemma-[123]|learnlm", _NEVER),
        (r"gemini-.*-(tts|live|image|native-audio|computer-use)", _NEVER),
        (r"gemini-2\.5-pro", _PRO_BUDGETS),
        (r"gemini-2\.5-flash", _FLASH_BUDGETS),
        (r"gemini-3-pro", _ENDS),
        (r"gemini-3\.[78]-flash(?!-lite)|gemini-flash-latest", _COMMON),
        (r"gemini-3(\.\d+)?-flash|gemini-flash-lite-latest", _WITH_MINIMAL),
        (r"gemini-([3-9]|\d\d)|gemini-pro-latest", _COMMON),
    )
]
# Aliases of newest models are of a generation that checks, too.
_CHECKS_SIGNATURES = re.compile(r"gemini-([3-9]|\d\d|[a-z-]+-latest)")


def levels_of(model: str) -> Levels | None:
    """The efforts that a model takes, none where it does not think; None for one that is not known."""
    return next((levels for pattern, levels in _FAMILIES if pattern.match(model)), None)


def checks_signatures(model: str) -> bool:
    """Whether a model refuses a call of a tool that comes back without its signature."""
    return _CHECKS_SIGNATURES.match(model) is not None


def thinking_config(
    model: str, effort: Effort | None, *, thoughts: bool, thinks: bool | None
) -> tuple[dict[str, Amount], list[Warning]]:
    """The `thinkingConfig` for a model, empty to leave it out, and what was lost.

    `thoughts` asks for what it thought; `thinks` is what the server's list says of a model.
    """
    levels = {} if thinks is False else levels_of(model)
    if levels is None:
        levels = _COMMON if thinks or effort not in (None, "off") else {}
    amount, warnings = nearest(effort, levels, model) if effort else (None, [])
    config: dict[str, Amount] = {}
    if amount is not None:
        config["thinkingBudget" if isinstance(amount, int) else "thinkingLevel"] = amount
    if thoughts and levels and amount != 0:
        config["includeThoughts"] = True
    return config, warnings
