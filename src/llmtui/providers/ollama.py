"""Ollama over its native API: the OpenAI-shaped one cannot set the context and truncates in silence."""

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Literal

from pydantic import Field

from llmtui.config.schema import ProviderSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import FilePart, ImagePart
from llmtui.core.errors import ContextTooLong, ErrorContext, ModelNotFound
from llmtui.core.events import Status, StreamEvent, UsageUpdate, Warning
from llmtui.core.models import Capabilities, ConnectionReport, Fact, ModelInfo
from llmtui.core.usage import estimate_tokens
from llmtui.providers import kinds
from llmtui.providers.attachments import without
from llmtui.providers.base import BaseProvider, KindOptions
from llmtui.providers.checks import Subject, run_check
from llmtui.providers.failures import classify
from llmtui.providers.http import Http, Reply, auth_headers, drain
from llmtui.providers.ollama_host import is_cloud_name
from llmtui.providers.ollama_models import ModelFacts
from llmtui.providers.ollama_server import OllamaServer, version_numbers
from llmtui.providers.wires.ndjson import NDJSONDecoder
from llmtui.providers.wires.ollama import (
    LoadOptions,
    OllamaDecoder,
    request_body,
    sent_text,
    think_of,
)
from llmtui.providers.wires.text_files import is_text

OBEYS_TRUNCATE = (0, 12, 4)
"""The first version for which `truncate: false` makes an error of an overflow."""


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
        self._server = self._asked_with(self._headers())
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
            error.hint = f"pull it with `ollama pull {request.model}`, or pick another model (ctrl+o)"
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
        return await self._server.models()

    async def check(self, *, with_key: bool = True) -> ConnectionReport:
        """Test the connection stage by stage; never raises a ProviderError, costs no tokens."""
        key = self.key_use(with_key)
        server = self._asked_with({}) if key == "kept back" else self._server
        version = ""

        async def models() -> list[ModelInfo]:
            nonlocal version
            found = await server.models()
            version = await server.version()
            return found

        hint = "start it with `ollama serve`, or check host and port in base_url"
        report = await run_check(Subject(self.id, self._address, models, self.route, key, when_refused=hint))
        return replace(report, version=version)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _address(self) -> str:
        return self._host.base_url

    def _asked_with(self, headers: Mapping[str, str]) -> OllamaServer:
        return OllamaServer(self._http, self._host.base_url, headers, self.settings.secrets())

    async def _prepared(self, request: ChatRequest, model: str) -> AsyncGenerator[StreamEvent, None]:
        """Fit the request to what the server says of the model, then ask."""
        facts = await self._server.facts(model)
        for warning in _losses(request, facts):
            yield warning
        if facts.can("tools") is False:
            request = replace(request, tools=())
        if facts.can("vision") is False:
            request, blind = without(request, (ImagePart,))
            for warning in blind:
                yield warning
        think, lost = think_of(
            model, request.reasoning_effort, self.options.think, can=facts.can("thinking") is True
        )
        for warning in lost:
            yield warning
        remote = self._host.is_cloud or facts.is_remote or is_cloud_name(model)
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
                async with aclosing(_events(reply, decoder)) as events:
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
        window = body["options"].get("num_ctx")
        estimate = estimate_tokens(sent_text(body))
        if counted is None or window is None or estimate < window * 0.75:
            return []
        far_below, full = counted < estimate * 0.75, counted >= window
        if not (far_below or full) or version_numbers(await self._server.version()) >= OBEYS_TRUNCATE:
            return []
        words = f"the server read {counted} tokens of about {estimate}: text was probably cut from the chat"
        return [Warning("truncated", words)]

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
                    hint="pull one, for example with `ollama pull llama3.2`",
                )
            self._first_model = models[0].id
        return replace(request, model=self._first_model)

    def _num_ctx(self, model: str, facts: ModelFacts, loaded: int | None) -> int:
        """The context for a model, the same for every request."""
        return self.options.num_ctx or self._contexts.setdefault(model, loaded or facts.num_ctx)

    def _headers(self) -> dict[str, str]:
        return auth_headers(self.settings, self.settings.key)


def _losses(request: ChatRequest, facts: ModelFacts) -> Iterator[Warning]:
    """What the model or the wire cannot take."""
    if request.tools and facts.can("tools") is False:
        yield Warning("dropped", f"{request.model} cannot call tools: it was not told of them")
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, FilePart) and not is_text(part):
                yield Warning("dropped", f"Ollama takes no {part.media_type}: '{part.name}' was not sent")


async def _events(reply: Reply, decoder: OllamaDecoder) -> AsyncGenerator[StreamEvent, None]:
    """Decode a reply; without a `done` the events just end."""
    lines = NDJSONDecoder()
    async with aclosing(reply.chunks()) as chunks:
        async for chunk in chunks:
            for line in lines.feed(chunk):
                if line.get("done"):
                    await drain(chunks)
                for event in _decoded(line, reply, decoder):
                    yield event
    for line in lines.flush():
        for event in _decoded(line, reply, decoder):
            yield event


def _decoded(line: dict[str, Any], reply: Reply, decoder: OllamaDecoder) -> Iterator[StreamEvent]:
    if line.get("error"):
        raise classify(line, context=reply.context, secrets=reply.secrets)
    return decoder.decode(line)
