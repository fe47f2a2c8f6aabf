"""Which of OpenAI's models think, how much each can, and what that rules out.

The API refuses what a model does not know, and tells nobody beforehand. Sources:
https://developers.openai.com/api/docs/guides/reasoning and the pages of the models.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmtui.core.events import Warning
from llmtui.core.models import Effort
from llmtui.providers.wires.efforts import nearest

VALUES: Mapping[Effort, str] = {
    "off": "none",
    "minimal": "minimal",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "max": "xhigh",
}
"""Our efforts in OpenAI's words."""
COMMON: Mapping[Effort, str] = {level: VALUES[level] for level in ("off", "low", "medium", "high")}
"""What most servers that took the field over from OpenAI know."""


@dataclass(frozen=True, slots=True)
class Thinking:
    """The efforts that a model takes, and the one that it makes unasked."""

    efforts: tuple[Effort, ...] = ()
    default: Effort = "medium"
    temperature: bool = False
    """Whether it takes one while it thinks."""


_NEVER = Thinking(default="off")
_ALWAYS = Thinking(("low", "medium", "high"))
_FAMILIES: Sequence[tuple[re.Pattern[str], Thinking]] = [
    (re.compile(pattern), thinking)
    for pattern, thinking in (
        (r"(gpt-[34]|chatgpt-4|gpt-5-chat)", _NEVER),
        (r"gpt-5\.[123]-chat", Thinking(("medium",))),
        (r"gpt-5-pro", Thinking(("high",), "high")),
        (r"gpt-5-codex", _ALWAYS),
        (r"gpt-5(-|$)", Thinking(("minimal", "low", "medium", "high"))),
        (r"gpt-5\.[2-5]-pro", Thinking(("medium", "high", "max"))),
        (r"gpt-5\.1-codex-max", Thinking(("low", "medium", "high", "max"))),
        (r"gpt-5\.1-codex", _ALWAYS),
        (r"gpt-5\.1", Thinking(("off", "low", "medium", "high"), "off")),
        (r"gpt-5\.[234]", Thinking(("off", "low", "medium", "high", "max"), "off")),
        (r"gpt-\d+(\.\d+)?-astra", Thinking(("low", "medium", "high", "max"))),
        (r"gpt-([5-9]|\d\d)", Thinking(("off", "low", "medium", "high", "max"))),
        (r"(o\d|codex-mini)", _ALWAYS),
        (r"gpt-oss", Thinking(("low", "medium", "high"), temperature=True)),
    )
]
_MAKERS_PREFIX = re.compile(r"^(ft:|.*/)")


def thinking_of(model: str) -> Thinking | None:
    """How a model thinks; None for one that OpenAI did not make."""
    name = _MAKERS_PREFIX.sub("", model).lower()
    return next((thinking for pattern, thinking in _FAMILIES if pattern.match(name)), None)


@dataclass(frozen=True, slots=True)
class Sampling:
    """What a request may say of thinking and temperature, and what was lost on the way."""

    effort: str | None
    temperature: float | None
    warnings: tuple[Warning, ...] = ()


def sampling(
    model: str, effort: Effort | None, temperature: float | None, known: Mapping[Effort, str] | None = None
) -> Sampling:
    """The nearest that the model takes; `known` is what an unknown model's server takes."""
    thinking = thinking_of(model)
    if thinking is not None:
        known = {level: VALUES[level] for level in thinking.efforts}
    value, warnings = nearest(effort, COMMON if known is None else known, model) if effort else (None, [])
    free = thinking is None or thinking.temperature or (value or VALUES[thinking.default]) == "none"
    if temperature is not None and not free:
        words = f"temperature: {model} does not take it while it thinks"
        warnings, temperature = [*warnings, Warning("dropped_parameter", words)], None
    return Sampling(value, temperature, tuple(warnings))
