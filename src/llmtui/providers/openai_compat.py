"""Everything that speaks OpenAI's chat_completions wire: clouds, gateways and local servers."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode, urljoin

from pydantic import Field

from llmtui.config.schema import ProviderSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.errors import ConfigError, ErrorContext, ModelNotFound
from llmtui.core.events import StreamEvent, Warning
from llmtui.core.models import (
    Capabilities,
    ConfigIssue,
    ConnectionReport,
    Effort,
    Fact,
    ModelInfo,
    StageListener,
)
from llmtui.providers import kinds
from llmtui.providers.base import BaseProvider, KindOptions
from llmtui.providers.chat_stream import chat_events
from llmtui.providers.checks import Subject, run_check
from llmtui.providers.http import BEARER, Http, auth_headers
from llmtui.providers.model_lists import first_model, openai_models
from llmtui.providers.openai_models import OPENAI_HOST
from llmtui.providers.wires.chat_completions import Dialect, MaxTokensField, request_body

NO_ADDRESS = "should be the address of your own server: this kind has none"
NAME_MODEL = "set `model` of this provider to a model or deployment that is yours"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where requests go, and with which key."""

    base_url: str
    key: str | None = field(default=None, repr=False)


class OpenAICompatOptions(KindOptions):
    """What vendors of this wire differ in."""

    stream_options: bool = True
    """Ask for the usage in the stream; off for servers that refuse unknown fields."""
    max_tokens_field: MaxTokensField | None = None
    """Which field limits the reply; None follows the host."""
    short_tool_ids: bool = False
    """Send ids of tool calls as nine letters and digits, as Mistral wants them."""
    tool_turn_reasoning: str | None = None
    """The field that a message with tool calls must have, be it empty, as DeepSeek wants it."""
    efforts: tuple[Effort, ...] | None = None
    """The reasoning efforts that the server takes; None is off, low, medium and high."""
    key_header: str = BEARER
    """Another header for the key, which then stands in it as it is."""
    key_path: str | None = None
    """What a check asks to try the key; None: the list of models, empty: nothing that is free tells."""
    chat_path: str = "chat/completions"
    """Behind the address, where questions go; `{model}` is the model's name."""
    models_path: str = "models"
    """Behind the address, where the list of models is."""
    first_model: bool = True
    """Ask the first model of the list when none is named; off where the server does not serve its list."""
    query: dict[str, str] = Field(default_factory=dict)
    """What stands behind the `?` of each request."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Vendor parameters for the top level of the request."""


class OpenAICompatProvider(kinds.OpenAICompat, BaseProvider):
    """A server that speaks chat_completions.

    A subclass whose server starts late overrides `endpoint`; it is asked before every request.
    """

    options_model = OpenAICompatOptions
    options: OpenAICompatOptions

    def __init__(self, settings: ProviderSettings) -> None:
        super().__init__(settings)
        if not self.base_url_of(settings):
            raise ConfigError(f"provider '{self.id}': base_url: {NO_ADDRESS}")
        self._http = Http(self.id, self.clocks, self.route)
        self._first_model: str | None = None
        self._live: dict[str, Capabilities] = {}

    @classmethod
    def _unusable(cls, settings: ProviderSettings) -> list[ConfigIssue]:
        if not cls.base_url_of(settings):
            return [ConfigIssue("base_url", NO_ADDRESS)]
        return super()._unusable(settings)

    async def endpoint(self) -> Endpoint:
        """Where the next request goes; raises ProviderError when there is no such place now."""
        return Endpoint(self.base_url_of(self.settings), self.settings.key)

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        """Ask, and yield events; closing the generator closes the socket."""
        endpoint = await self.endpoint()
        request = await self._with_model(self.filled(request), endpoint)
        body, warnings = self.body(request, endpoint)
        for warning in warnings:
            yield warning
        path = self.options.chat_path.replace("{model}", quote(request.model or "", safe=""))
        stream = chat_events(
            self._http,
            self._url(endpoint, path),
            body,
            self._headers(endpoint),
            provider=self.id,
            secrets=self._secrets(endpoint),
        )
        async with aclosing(stream) as events:
            async for event in events:
                yield event

    def capabilities(self, model: str | None = None) -> Capabilities:
        """What the server told of a model, over what is true of the wire."""
        known = Capabilities(
            streaming=Fact.yes(),
            system_prompt=Fact.yes(),
            key_required=Fact(self.type != "local", "provider"),
            custom_endpoint=Fact.yes(),
        )
        live = self._live.get(model or self.settings.model or self._first_model or "")
        return live.over(known) if live else known

    async def list_models(self) -> list[ModelInfo]:
        """The server's models; raises ProviderError."""
        endpoint = await self.endpoint()
        return await self._models(endpoint, self._headers(endpoint))

    async def check(self, *, with_key: bool = True) -> ConnectionReport:
        """Test the connection stage by stage; never raises a ProviderError, costs no tokens."""
        return await run_check(self._subject(with_key=with_key))

    async def examine(self, told: StageListener) -> ConnectionReport:
        """Test all that is free, telling each stage as it comes; never raises a ProviderError."""
        return await run_check(self._subject(with_key=True), self.full_test(told))

    def _subject(self, *, with_key: bool) -> Subject:
        key = self.key_use(with_key)
        if key == "sent" and self.options.key_path == "":
            key = "kept back"

        async def models() -> list[ModelInfo]:
            endpoint = await self.endpoint()
            headers = {} if key == "kept back" else self._headers(endpoint)
            if key == "sent" and self.options.key_path:
                await self._get(endpoint, self.options.key_path, headers)
            return await self._models(endpoint, headers)

        hint = "check base_url: it usually ends in /v1"
        return Subject(self.id, self._address, models, self.route, key, when_not_found=hint)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _address(self) -> str:
        return (await self.endpoint()).base_url

    async def _models(self, endpoint: Endpoint, headers: Mapping[str, str]) -> list[ModelInfo]:
        models = openai_models(await self._get(endpoint, self.options.models_path, headers))
        self._live = {model.id: model.capabilities for model in models}
        return models

    async def _get(self, endpoint: Endpoint, path: str, headers: Mapping[str, str]) -> Any:
        secrets = self._secrets(endpoint)
        return await self._http.json("GET", self._url(endpoint, path), headers, secrets=secrets)

    def _url(self, endpoint: Endpoint, path: str) -> str:
        """Where a path behind the address is; `..` leads up from there, as in any link."""
        url = urljoin(f"{endpoint.base_url}/", path)
        if not self.options.query:
            return url
        return f"{url}{'&' if '?' in url else '?'}{urlencode(self.options.query)}"

    async def _with_model(self, request: ChatRequest, endpoint: Endpoint) -> ChatRequest:
        """The request with the server's first model when none is configured: most local ones serve one."""
        if request.model:
            return request
        if not self.options.first_model:
            words = "no model is named, and the server's list is not what it serves"
            raise ModelNotFound(words, context=ErrorContext(provider=self.id), hint=NAME_MODEL)
        if self._first_model is None:
            models = await self._models(endpoint, self._headers(endpoint))
            self._first_model = first_model(models, endpoint.base_url, self.id)
        return replace(request, model=self._first_model)

    def body(self, request: ChatRequest, endpoint: Endpoint) -> tuple[dict[str, Any], tuple[Warning, ...]]:
        """The body of a request, vendor parameters included, and what could not be sent as asked."""
        official = OPENAI_HOST in endpoint.base_url
        dialect = Dialect(
            stream_options=self.options.stream_options,
            max_tokens_field=self.options.max_tokens_field
            or ("max_completion_tokens" if official else "max_tokens"),
            short_tool_ids=self.options.short_tool_ids,
            tool_turn_reasoning=self.options.tool_turn_reasoning,
            efforts=self.options.efforts,
        )
        body, warnings = request_body(request, self.id, dialect)
        return body | self.options.extra_body | dict(request.options), warnings

    def _headers(self, endpoint: Endpoint) -> dict[str, str]:
        return auth_headers(self.settings, endpoint.key, self.options.key_header)

    def _secrets(self, endpoint: Endpoint) -> list[str]:
        return [*self.settings.secrets(), *filter(None, [endpoint.key])]
