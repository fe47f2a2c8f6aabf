"""OpenAI, and servers that speak its Responses API: the SDK for chat, plain HTTP for all that only looks.

With `api: chat` requests go over the older chat_completions wire, which needs no SDK.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Literal

from pydantic import Field

from llmtui.config.schema import ProviderSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import ImagePart
from llmtui.core.errors import BadRequest
from llmtui.core.events import Finish, StreamEvent
from llmtui.core.models import Capabilities, ModelInfo
from llmtui.providers import kinds
from llmtui.providers.attachments import without
from llmtui.providers.base import KindOptions
from llmtui.providers.chat_stream import chat_events
from llmtui.providers.http import Http, auth_headers, drain
from llmtui.providers.model_lists import first_model, openai_models
from llmtui.providers.openai_models import DEFAULT_MODELS, chat_models, known_capabilities
from llmtui.providers.openai_sdk import OpenAISdk
from llmtui.providers.server import ServerProvider
from llmtui.providers.wires.chat_completions import Dialect, request_body
from llmtui.providers.wires.responses import Encoding, encode
from llmtui.providers.wires.responses_stream import Decoder


class OpenAIOptions(KindOptions):
    """What only OpenAI knows."""

    api: Literal["responses", "chat"] = "responses"
    """`chat` gives neither summaries of the reasoning nor reasoning that is kept from turn to turn."""
    summary: bool = True
    """Ask for summaries of the reasoning; the vendor refuses them to organisations that are not verified."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Vendor parameters for the top level of the request."""


class OpenAIProvider(kinds.OpenAI, ServerProvider):
    """A server that speaks the Responses API."""

    options_model = OpenAIOptions
    options: OpenAIOptions
    when_not_found = "check base_url: it usually ends in /v1"

    def __init__(self, settings: ProviderSettings) -> None:
        super().__init__(settings)
        self._base_url = self.base_url_of(settings)
        self._http = Http(self.id, self.clocks, self.route)
        self._sdk = OpenAISdk(
            self.id, self._base_url, self._headers, settings.secrets, self.clocks, self.route
        )
        self._live: dict[str, ModelInfo] = {}

    @classmethod
    def prepare(cls, settings: ProviderSettings) -> None:
        """The SDK, which the older API does without."""
        if settings.options.get("api") != "chat":
            OpenAISdk.load()

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        """Ask, and yield events; closing the generator closes the socket."""
        request = self.filled(await self._with_model(request))
        if self.capabilities(request.model).image.value is False:
            request, blind = without(request, (ImagePart,))
            for warning in blind:
                yield warning
        stream = self._chat(request) if self.options.api == "chat" else self._responses(request)
        async with aclosing(stream) as events:
            async for event in events:
                yield event

    def capabilities(self, model: str | None = None) -> Capabilities:
        """What the server told of a model, over what its name tells."""
        model = model or self.settings.model or self.default_model
        known = known_capabilities(model, key_required=self.type != "local")
        live = self._live.get(model)
        return live.capabilities.over(known) if live else known

    def default_models(self) -> list[ModelInfo]:
        """OpenAI's current models; those of another server are its own affair."""
        if not self._is_official:
            return [ModelInfo(self.settings.model)] if self.settings.model else []
        ids = dict.fromkeys([self.settings.model or self.default_model, *DEFAULT_MODELS])
        return [ModelInfo(model, capabilities=self.capabilities(model)) for model in ids]

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()
        await self._sdk.aclose()

    async def _models(self, headers: Mapping[str, str]) -> list[ModelInfo]:
        answer = await self._http.json(
            "GET", f"{self._base_url}/models", headers, secrets=self.settings.secrets()
        )
        models = openai_models(answer)
        self._live = {model.id: model for model in (chat_models(models) if self._is_official else models)}
        return [replace(model, capabilities=self.capabilities(model.id)) for model in self._live.values()]

    async def _responses(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        encoding = Encoding(self.id, self.options.summary, self.options.extra_body)
        body, warnings = encode(request, encoding)
        for warning in warnings:
            yield warning
        try:
            async with self._sdk.post(body | dict(request.options)) as reply:
                decoder = Decoder(self.id, request.model or "", reply.request_id)
                async with aclosing(reply.events()) as events:
                    async for raw in events:
                        for event in decoder.feed(raw):
                            if isinstance(event, Finish):
                                await drain(events)
                            yield event
        except BadRequest as error:
            if error.context.status == 404 and not self._is_official:
                error.hint = f"{error.hint}; a server without OpenAI's newer API needs `api: chat` in options"
            raise

    async def _chat(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        body, warnings = request_body(request, self.id, Dialect(max_tokens_field="max_completion_tokens"))
        for warning in warnings:
            yield warning
        body |= self.options.extra_body | dict(request.options)
        secrets = self.settings.secrets()
        url = f"{self._base_url}/chat/completions"
        stream = chat_events(self._http, url, body, self._headers(), provider=self.id, secrets=secrets)
        async with aclosing(stream) as events:
            async for event in events:
                yield event

    async def _with_model(self, request: ChatRequest) -> ChatRequest:
        """The request with a local server's first model when none is configured: it has others."""
        if request.model or self.settings.model or self.type != "local":
            return request
        served = [*self._live.values()] or await self.list_models()
        return replace(request, model=first_model(served, self._base_url, self.id))

    @property
    def _is_official(self) -> bool:
        return self._base_url == self.default_base_url

    def _headers(self) -> dict[str, str]:
        return auth_headers(self.settings, self.settings.key)
