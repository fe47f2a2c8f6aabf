"""Ollama over its native API: the OpenAI-shaped one cannot set the context and truncates in silence."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from pydantic import Field

from llmtui.config.schema import ProviderSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.errors import ContextTooLong, ErrorContext, ModelNotFound
from llmtui.core.events import Status, StreamEvent, UsageUpdate, Warning
from llmtui.core.model_admin import ModelAdmin
from llmtui.core.models import Capabilities, ConnectionReport, Fact, ModelInfo, StageListener, is_cloud_name
from llmtui.providers import kinds
from llmtui.providers.api import Api
from llmtui.providers.base import BaseProvider, KindOptions
from llmtui.providers.checks import KeyUse, Subject, run_check
from llmtui.providers.full_test import ExtraStage, FullTest, Verdict
from llmtui.providers.http import Http, auth_headers
from llmtui.providers.locality import host_type
from llmtui.providers.ollama.check import OllamaQuestions
from llmtui.providers.ollama.context import ContextChoice, choose_context, context_words
from llmtui.providers.ollama.fitting import fitted, signs_of_a_cut
from llmtui.providers.ollama.host import reading_of
from llmtui.providers.ollama.install import when_refused
from llmtui.providers.ollama.models import ModelFacts
from llmtui.providers.ollama.reply import events_of
from llmtui.providers.ollama.server import OBEYS_TRUNCATE, OllamaServer, version_numbers
from llmtui.providers.wires.ollama import LoadOptions, OllamaDecoder, request_body, think_of


class OllamaOptions(KindOptions):
    """What only Ollama knows."""

    num_ctx: int | None = Field(default=None, gt=0)
    """The context in tokens; another value than the loaded one loads the model again."""
    think: bool | Literal["low", "medium", "high", "max"] | None = None
    keep_alive: str | int = "5m"
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Model parameters such as top_k, seed or stop."""


class OllamaProvider(kinds.Ollama, BaseProvider):
    """An Ollama server, or ollama.com."""

    options_model = OllamaOptions
    options: OllamaOptions

    def __init__(self, settings: ProviderSettings) -> None:
        super().__init__(settings)
        self._host = self.host_of(settings)
        self._http = Http(self.id, self.clocks, self.route)
        self._server = OllamaServer(self._api(self._http, self._headers()))
        self._contexts: dict[str, int] = {}
        self._first_model: str | None = None

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        """Ask, and yield events; closing the generator closes the socket."""
        request = await self._with_model(self.filled(request))
        try:
            async with aclosing(self._prepared(request, request.model or "")) as events:
                async for event in events:
                    yield event
        except ModelNotFound as error:
            pull = f"llmtui models pull {request.model} -p {self.id}"
            error.hint = f"pull it with `{pull}`, or pick another model (ctrl+o)"
            self._first_model = None
            raise

    def capabilities(self, model: str | None = None) -> Capabilities:
        """What `/api/show` told of a model, if it was asked already."""
        known = Capabilities(
            streaming=Fact.yes(),
            system_prompt=Fact.yes(),
            temperature=Fact.yes(),
            key_required=Fact(self._host.is_cloud, "provider"),
            custom_endpoint=Fact.yes(),
        )
        facts = self._server.known_facts.get(model or self.settings.model or self._first_model or "")
        return facts.capabilities.over(known) if facts else known

    async def list_models(self) -> list[ModelInfo]:
        """The server's models; raises ProviderError."""
        models = await self._server.models()
        if self._first_model not in [model.id for model in models]:
            self._first_model = None
        if host_type(self._host.base_url) != "local":
            return models
        return [replace(model, leaves_machine=bool(model.leaves_machine)) for model in models]

    async def check(self, *, with_key: bool = True) -> ConnectionReport:
        """Test the connection stage by stage; never raises a ProviderError, costs no tokens."""
        key = self.key_use(with_key)
        server = OllamaServer(self._api(self._http, {})) if key == "kept back" else self._server

        async def models() -> list[ModelInfo]:
            found = await server.models()
            await server.version()
            return found

        return _versioned(await run_check(self._subject(models, key)), server)

    async def examine(self, told: StageListener) -> ConnectionReport:
        """Test all that is free, telling each stage as it comes; never raises a ProviderError."""
        # Its own questions: what was known of models before may not be so any more.
        api = self._api(self._http, self._headers())
        server = OllamaServer(api)
        questions = OllamaQuestions(self._host, api, server)

        async def context(models: Sequence[ModelInfo]) -> Verdict:
            model = self.model_of(self.settings) or next((one.id for one in models), None)
            return await questions.model(model, partial(self._context_words, server))

        full = FullTest(
            told,
            understood=reading_of(self.settings.base_url or self.default_base_url),
            identify=questions.identify,
            after_auth=(ExtraStage("version", questions.version),),
            after_models=(ExtraStage("context", context),),
            when_refused=lambda: when_refused(self._host.base_url),
        )
        return _versioned(await run_check(self._subject(server.models, self.key_use(True)), full), server)

    def model_admin(self) -> ModelAdmin:
        """What manages the models of this server, with connections of its own."""
        from llmtui.providers.ollama.admin import OllamaAdmin

        window = {"options": {"num_ctx": self.options.num_ctx}} if self.options.num_ctx else {}
        api = self._api(Http(self.id, self.clocks, self.route), self._headers())
        return OllamaAdmin(self.id, self._host, api, {"keep_alive": self.options.keep_alive, **window})

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _address(self) -> str:
        return self._host.base_url

    def _subject(self, models: Callable[[], Awaitable[list[ModelInfo]]], key: KeyUse) -> Subject:
        hint = "start it with `ollama serve`, or check host and port in base_url"
        return Subject(self.id, self._address, models, self.route, key, when_refused=hint)

    def _api(self, http: Http, headers: Mapping[str, str]) -> Api:
        return Api(http, self._host.base_url, headers, self.settings.secrets())

    async def _prepared(self, request: ChatRequest, model: str) -> AsyncGenerator[StreamEvent, None]:
        """Fit the request to what the server says of the model, then ask."""
        facts = await self._server.facts(model)
        request, lost = fitted(request, facts)
        think, too_fine = think_of(
            model, request.reasoning_effort, self.options.think, can=facts.can("thinking") is True
        )
        for warning in (*lost, *too_fine):
            yield warning
        remote = self._is_remote(model, facts)
        loaded, context = (True, None) if remote else await self._server.loaded(model)
        if not loaded:
            yield Status("loading", model)
        load = LoadOptions(
            num_ctx=self.options.num_ctx if remote else self._num_ctx(model, facts, context),
            think=think,
            keep_alive=self.options.keep_alive,
        )
        request = replace(request, options=self.options.parameters | dict(request.options))
        async with aclosing(self._ask(model, request_body(request, self.id, load))) as events:
            async for event in events:
                yield event

    async def _ask(self, model: str, body: dict[str, Any]) -> AsyncGenerator[StreamEvent, None]:
        try:
            async with self._http.post(
                f"{self._host.base_url}/api/chat",
                body,
                self._headers(),
                model=model,
                secrets=self.settings.secrets(),
            ) as reply:
                decoder = OllamaDecoder(self.id, model)
                async with aclosing(events_of(reply, decoder)) as events:
                    async for event in events:
                        if isinstance(event, UsageUpdate):
                            for warning in await self._truncations(event.usage.input, body):
                                yield warning
                        yield event
        except ContextTooLong as error:
            window = body["options"].get("num_ctx")
            error.hint = f"start a new chat, or raise options.num_ctx of this provider (now {window})"
            raise

    async def _truncations(self, counted: int | None, body: dict[str, Any]) -> list[Warning]:
        """A warning when an old server seems to have dropped the oldest messages in silence."""
        signs = signs_of_a_cut(counted, body)
        if not signs or version_numbers(await self._server.version()) >= OBEYS_TRUNCATE:
            return []
        return [Warning("truncated", signs)]

    async def _with_model(self, request: ChatRequest) -> ChatRequest:
        """The request with the server's first model when none is configured."""
        if request.model:
            return request
        if self._first_model is None:
            models = await self.list_models()
            if not models:
                raise ModelNotFound(
                    f"{self._host.base_url} has no model yet",
                    context=ErrorContext(provider=self.id),
                    hint=f"pull one, for example with `llmtui models pull llama3.2 -p {self.id}`",
                )
            self._first_model = models[0].id
        return replace(request, model=self._first_model)

    def _num_ctx(self, model: str, facts: ModelFacts, loaded: int | None) -> int:
        """The context for a model, the same for every request."""
        choice = self._choice(model, facts, loaded)
        return self.options.num_ctx or self._contexts.setdefault(model, choice.num_ctx)

    def _choice(self, model: str, facts: ModelFacts, loaded: int | None) -> ContextChoice:
        kept = self._contexts.get(model)
        return choose_context(facts, wanted=self.options.num_ctx, kept=kept, loaded=loaded)

    def _is_remote(self, model: str, facts: ModelFacts) -> bool:
        return self._host.is_cloud or facts.is_remote or is_cloud_name(model)

    async def _context_words(self, server: OllamaServer, model: str) -> str:
        """The context that the server will use for a model."""
        facts = await server.facts(model)
        if self._is_remote(model, facts):
            own = self.options.num_ctx
            return f"{own:,} tokens: by options.num_ctx" if own else "what ollama.com gives it"
        _, loaded = await server.loaded(model)
        return context_words(self._choice(model, facts, loaded), facts, loaded)

    def _headers(self) -> dict[str, str]:
        return auth_headers(self.settings, self.settings.key)


def _versioned(report: ConnectionReport, server: OllamaServer) -> ConnectionReport:
    return replace(report, version=server.known_version) if report.ok else report
