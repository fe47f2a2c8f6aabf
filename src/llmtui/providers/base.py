"""What the adapters share: settings, the folded `chat`, and requests filled from the settings."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from llmtui.config.schema import KeySource, ProviderSettings
from llmtui.config.wording import in_words, place_of
from llmtui.core.chat import ChatRequest, ChatResponse, fold
from llmtui.core.events import StreamEvent
from llmtui.core.guard import Clocks
from llmtui.core.model_admin import ModelAdmin
from llmtui.core.models import (
    Capabilities,
    CheckStage,
    ConfigIssue,
    ConnectionReport,
    ModelInfo,
    StageListener,
)
from llmtui.providers.checks import KeyUse
from llmtui.providers.full_test import ExtraStage, FullTest, Verdict, context_verdict
from llmtui.providers.kinds import Kind
from llmtui.providers.locality import host_and_port
from llmtui.providers.network import Route, network_issues, route_to

API_VERSION = 1
"""Of what another package's provider may rely on (docs/plugins.md); what is only added leaves it as it is."""


class KindOptions(BaseModel):
    """Base of each kind's own `options`: unknown keys are errors, values do not change."""

    # Built when first used, on the thread that builds the provider: the first frame does not need it.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class BaseProvider(Kind, ABC):
    """A provider with settings; an adapter adds `stream_chat`, `check`, `list_models` and `aclose`.

    Class attributes describe the kind, so that the registry can speak of a provider without building it.
    """

    api_version: ClassVar[int]
    """The `API_VERSION` that a class is written for; those of this package go with it and name none."""
    options_model: ClassVar[type[KindOptions]] = KindOptions

    def __init__(self, settings: ProviderSettings) -> None:
        self.settings = settings
        self.id = settings.id
        self.name = settings.title
        self.type = self.type_of(settings)
        self.options = self.options_model.model_validate(settings.options)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(id={self.id!r})"

    @classmethod
    def validate_config(cls, config: Mapping[str, Any]) -> list[ConfigIssue]:
        """What is wrong with settings of this kind; offline, never raises."""
        options = config.get("options") or {}
        issues = [*_issues(ProviderSettings, config), *_issues(cls.options_model, options, "options")]
        return issues or cls._unusable(ProviderSettings.model_validate(config))

    @classmethod
    def _unusable(cls, settings: ProviderSettings) -> list[ConfigIssue]:
        if not cls.takes_address or not (cls.default_base_url or settings.base_url):
            return []
        issues = list(network_issues(settings.network))
        try:
            host_and_port(urlsplit(cls.base_url_of(settings)))
        except ValueError:
            issues.append(ConfigIssue("base_url", "should be an address such as http://127.0.0.1:8080/v1"))
        return issues

    @classmethod
    def prepare(cls, settings: ProviderSettings) -> None:
        """Import what the first request needs beyond the adapter, so that it need not wait for that."""

    @property
    def route(self) -> Route:
        """The way to this provider's server."""
        return route_to(self.base_url_of(self.settings), self.settings.network)

    @property
    def clocks(self) -> Clocks:
        """The time limits of this provider's requests."""
        return self.settings.timeouts.clocks(local=self.type == "local")

    def key_use(self, with_key: bool) -> KeyUse:
        """What a check does with the key, and with all else that was given for this server alone."""
        if not self.settings.credentials():
            return "none"
        return "sent" if with_key else "kept back"

    def filled(self, request: ChatRequest) -> ChatRequest:
        """The request with the settings' values where it has none of its own."""
        own = self.settings
        return replace(
            request,
            model=request.model or self.model_of(own),
            system=own.system_prompt if request.system is None else request.system,
            temperature=own.temperature if request.temperature is None else request.temperature,
            max_tokens=own.max_tokens if request.max_tokens is None else request.max_tokens,
            reasoning_effort=request.reasoning_effort or own.reasoning_effort,
        )

    @abstractmethod
    def stream_chat(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        """Ask, and yield events; closing the generator closes the socket."""

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """Ask, and return the whole reply."""
        return await fold(self.stream_chat(request))

    def capabilities(self, model: str | None = None) -> Capabilities:
        """What a model can do, as far as is known without asking anybody."""
        return Capabilities()

    @abstractmethod
    async def check(self, *, with_key: bool = True) -> ConnectionReport:
        """Test the connection stage by stage; never raises a ProviderError, costs no tokens."""

    async def examine(self, told: StageListener) -> ConnectionReport:
        """Test all that is free, telling each stage as it comes; never raises a ProviderError."""
        report = await self.check()
        for stage in report.stages:
            told(stage)
        if not report.ok:
            return report
        verdict = await self._context_told(report.models)
        context = CheckStage("context", verdict.state, verdict.detail, extra=True)
        told(context)
        return replace(report, stages=(*report.stages, context))

    def full_test(self, told: StageListener) -> FullTest:
        """What a full test adds for any kind that has an address."""
        return FullTest(told, after_models=(ExtraStage("context", self._context_told),))

    async def _context_told(self, models: Sequence[ModelInfo]) -> Verdict:
        model = self.model_of(self.settings) or next((one.id for one in models), None)
        return context_verdict(model, self.capabilities(model).context_window)

    def default_models(self) -> list[ModelInfo]:
        """Models worth naming without asking the server."""
        model = self.model_of(self.settings)
        return [ModelInfo(model)] if model else []

    @abstractmethod
    async def list_models(self) -> list[ModelInfo]:
        """The server's models; raises ProviderError."""

    def model_admin(self) -> ModelAdmin | None:
        """What manages the models of this server; None where its kind cannot. Who asks for it closes it."""
        return None

    async def retire(self) -> None:
        """Close now: what counts its uses stands around it."""
        await self.aclose()

    @abstractmethod
    async def aclose(self) -> None:
        """Close all connections and processes."""


def _issues(model: type[BaseModel], values: object, *prefix: str) -> Iterator[ConfigIssue]:
    try:
        model.model_validate(values)
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            place = place_of(problem)
            known = list(model.model_fields) if len(place) == 1 else ()
            if len(place) == 2 and place[0] == "api_key":
                known = list(KeySource.model_fields)
            yield ConfigIssue(".".join(map(str, (*prefix, *place))), in_words(problem, known))
