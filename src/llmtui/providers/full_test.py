"""What a person's own test has beyond a probe, as data: each kind says by it what more it asks."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from llmtui.core.models import CheckState, FactSource, Limit, ModelInfo, Remedy, StageListener


@dataclass(frozen=True, slots=True)
class Advice:
    """What to try."""

    hint: str = ""
    remedies: tuple[Remedy, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an extra stage found."""

    detail: str
    state: CheckState = CheckState.OK
    advice: Advice = Advice()


@dataclass(frozen=True, slots=True)
class ExtraStage:
    """A question that only a full test asks; `ask` gets the models that were found, and may raise."""

    name: str
    ask: Callable[[Sequence[ModelInfo]], Awaitable[Verdict]]


@dataclass(frozen=True, slots=True)
class FullTest:
    """What a person's own test has beyond a probe's."""

    told: StageListener
    understood: str = ""
    """What the address was read as."""
    identify: Callable[[], Awaitable[str]] | None = None
    """Says in words who answers there; raises ProviderError when it is not who should."""
    after_auth: Sequence[ExtraStage] = ()
    after_models: Sequence[ExtraStage] = ()
    when_refused: Callable[[], Awaitable[Advice]] | None = None
    """Finds out what helps when nothing listens."""


_TOLD_BY: Mapping[FactSource, str] = {
    "override": "set in the config",
    "live": "the server says so",
    "genai-prices": "by genai-prices",
    "models.dev": "by models.dev",
    "provider": "known to llmtui",
}


def context_verdict(model: str | None, window: Limit) -> Verdict:
    """What a model takes, and who says so."""
    if model is None:
        return Verdict("there is no model to ask about", CheckState.SKIPPED)
    if window.tokens is None:
        return Verdict(f"nobody says how much {model} takes", CheckState.SKIPPED)
    return Verdict(f"{window.tokens:,} tokens for {model}: {_TOLD_BY.get(window.source, 'unknown')}")
