"""What is known of models, providers and connections."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal, TypeAlias, get_args

from llmtui.core.errors import LlmtuiError
from llmtui.core.usage import Usage

FactSource = Literal["override", "live", "genai-prices", "models.dev", "provider", "unknown"]
"""Who says so, the most trusted first: the person, the server, two catalogues, our own adapter, nobody."""

_RANKS: Mapping[FactSource, int] = {source: rank for rank, source in enumerate(get_args(FactSource))}
ProviderType = Literal["cloud", "local", "hybrid"]
Effort = Literal["off", "minimal", "low", "medium", "high", "max"]
"""How much a model should think; each wire sends the nearest thing that it knows."""

HealthMode = Literal["live", "idle", "off"]
"""`live` probes now and then, `idle` once and when a provider is chosen, `off` never."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Yes, no or unknown (None), and who says so. Unknown lets a request through and is shown as unknown."""

    value: bool | None = None
    source: FactSource = "unknown"

    @classmethod
    def yes(cls, source: FactSource = "provider") -> "Fact":
        """It can."""
        return cls(True, source)

    @classmethod
    def no(cls, source: FactSource = "provider") -> "Fact":
        """It cannot."""
        return cls(False, source)


UNKNOWN = Fact()


@dataclass(frozen=True, slots=True)
class Limit:
    """A number of tokens, or unknown (None), and who says so."""

    tokens: int | None = None
    source: FactSource = "unknown"


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens; None where nobody says, which is not zero."""

    input: Decimal | None = None
    output: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    source: FactSource = "unknown"
    note: str = ""
    """What the numbers leave out, such as higher prices for long prompts."""
    most_input: int | None = None
    """The longest prompt, in tokens, that they are for; None: any."""

    def cost(self, usage: Usage) -> Decimal | None:
        """Dollars for these tokens; None where a number is missing, or none of these prices is for them.

        Cached tokens count like any others where they have no price of their own.
        """
        if self.input is None or self.output is None or usage.input is None or usage.output is None:
            return None
        if not usage.adds_up or usage.input > (self.most_input or usage.input):
            return None
        cached, stored = usage.cache_read or 0, usage.cache_write or 0
        cache_read = self.input if self.cache_read is None else self.cache_read
        cache_write = self.input if self.cache_write is None else self.cache_write
        read = (usage.input - cached - stored) * self.input + cached * cache_read + stored * cache_write
        return (read + usage.output * self.output) / 1_000_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What a request has cost."""

    dollars: Decimal
    source: str
    """Who named the price, with the version where a package did."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one model can do at one provider."""

    streaming: Fact = UNKNOWN
    tools: Fact = UNKNOWN
    system_prompt: Fact = UNKNOWN
    temperature: Fact = UNKNOWN
    image: Fact = UNKNOWN
    audio: Fact = UNKNOWN
    video: Fact = UNKNOWN
    documents: Fact = UNKNOWN
    reasoning: Fact = UNKNOWN
    structured_output: Fact = UNKNOWN
    prefill: Fact = UNKNOWN
    """Whether the model goes on writing a last assistant message."""
    key_required: Fact = UNKNOWN
    custom_endpoint: Fact = UNKNOWN
    context_window: Limit = field(default_factory=Limit)
    max_output: Limit = field(default_factory=Limit)

    def over(self, base: "Capabilities") -> "Capabilities":
        """These facts where they are known, those of `base` where they are not."""
        known = {name: value for name in self.__slots__ if (value := getattr(self, name)).source != "unknown"}
        return replace(base, **known)

    @classmethod
    def best(cls, *told: "Capabilities") -> "Capabilities":
        """Each fact from the most trusted source that tells it, whatever the order of `told`."""
        return cls(**{one.name: _best([getattr(facts, one.name) for facts in told]) for one in fields(cls)})


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that can be asked for by `id`."""

    id: str
    name: str = ""
    capabilities: Capabilities = field(default_factory=Capabilities)
    leaves_machine: bool | None = None
    """Whether text sent to it goes to another company's machine; None: the provider's type tells."""
    detail: str = ""
    """Size, family or quantisation, for people."""
    price: Price = field(default_factory=Price)

    def completed(self, *told: "ModelInfo") -> "ModelInfo":
        """This model with what others tell of it, each fact and the price from the most trusted source."""
        everyone = (self, *told)
        return replace(
            self,
            name=next((one.name for one in everyone if one.name), ""),
            capabilities=Capabilities.best(*(one.capabilities for one in everyone)),
            price=_best([one.price for one in everyone]),
        )


def is_cloud_name(model: str | None) -> bool:
    """Whether a model of this name runs at ollama.com even behind an Ollama of one's own."""
    return (model or "").endswith(("-cloud", ":cloud"))


@dataclass(frozen=True, slots=True)
class ModelList:
    """What a server listed, and when."""

    models: tuple[ModelInfo, ...]
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class ProviderInfo:
    """A configured provider, known without building it, importing its SDK or touching the network."""

    id: str
    name: str
    kind: str
    type: ProviderType
    model: str | None = None
    """The configured model, or the kind's default."""
    base_url: str = ""
    host: str = ""
    """Host and port of the address; empty for a model on this machine that has none."""
    health: HealthMode = "live"
    missing_key: str | None = None
    """The variable to set when a needed key is not there."""
    has_key: bool = False
    """Whether requests carry a key, or anything else that was given for this server alone."""
    keeps_models: bool = False
    """Whether its models can be managed: pulled, looked at, deleted."""
    error: str = ""
    """Why this provider cannot be built at all (a broken plugin, a wrong setting)."""
    stated: Mapping[str, ModelInfo] = field(default_factory=dict, hash=False)
    """What the person says of single models, by their ids."""


@dataclass(frozen=True, slots=True)
class ConfigIssue:
    """One thing wrong with a provider's settings; `key` is the dotted path inside them."""

    key: str
    message: str
    severity: Literal["error", "warning"] = "error"


class CheckState(StrEnum):
    """The outcome of one stage of a connection check."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"
    RUNNING = "running"
    """Has begun; no report holds such a stage."""


@dataclass(frozen=True, slots=True)
class CheckStage:
    """One stage of a connection check, in plain words."""

    name: str
    state: CheckState
    detail: str = ""
    duration_s: float = 0.0
    extra: bool = False
    """Whether only a full test asks it, so that its time is no part of the server's latency."""


StageListener: TypeAlias = Callable[[CheckStage], object]
"""Gets the stages of a check as they come.

Most come twice, first as `RUNNING`; what came of one may belong to the next, which then comes instead.
"""


@dataclass(frozen=True, slots=True)
class Remedy:
    """A command or an address that helps after a failure: to be copied by a person, never run."""

    purpose: str
    text: str


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """What a provider's `check` found; it stops at the first failure."""

    provider: str
    stages: tuple[CheckStage, ...]
    models: tuple[ModelInfo, ...] = ()
    version: str = ""
    hint: str = ""
    error: LlmtuiError | None = field(default=None, compare=False, repr=False)
    """What the failed stage failed by, where it was an error of ours."""
    remedies: tuple[Remedy, ...] = ()

    @classmethod
    def failed(
        cls, provider: str, stage: str, detail: str, hint: str = "", error: LlmtuiError | None = None
    ) -> "ConnectionReport":
        """A check that did not come to the provider's own stages."""
        return cls(provider, (CheckStage(stage, CheckState.FAILED, detail),), hint=hint, error=error)

    def followed_by(self, later: "ConnectionReport") -> "ConnectionReport":
        """This report with the stages of a later question of the same provider."""
        both = replace(self, stages=(*self.stages, *later.stages))
        if later.ok:
            return both
        return replace(both, hint=later.hint, error=later.error, remedies=later.remedies)

    @property
    def ok(self) -> bool:
        """Whether no stage failed."""
        return all(stage.state is not CheckState.FAILED for stage in self.stages)

    @property
    def failure(self) -> CheckStage | None:
        """The stage that failed."""
        return next((stage for stage in self.stages if stage.state is CheckState.FAILED), None)

    @property
    def key_kept_back(self) -> bool:
        """Whether the server was asked without the key that there is."""
        return any(stage.name == "auth" and stage.state is CheckState.SKIPPED for stage in self.stages)

    @property
    def latency_s(self) -> float:
        """Seconds of the stages that every check has."""
        return sum(stage.duration_s for stage in self.stages if not stage.extra)


@dataclass(frozen=True, slots=True)
class AgentInfo:
    """A named way to ask: a provider with its model and instructions."""

    name: str
    provider: str | None = None
    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    system_prompt: str | None = None
    reasoning_effort: Effort | None = None
    options: Mapping[str, object] = field(default_factory=dict)


def _best(told: list[Any]) -> Any:
    """The value of the most trusted source; the first of several."""
    return min(told, key=lambda one: _RANKS[one.source])
