"""Claude, and servers that speak its Messages API: the SDK for chat, plain HTTP for all that only looks.

A check or a list of models must not pay for the SDK's import, which takes a second.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field

from llmtui.config.schema import ProviderSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.events import Finish, StreamEvent
from llmtui.core.models import Capabilities, ConfigIssue, ModelInfo
from llmtui.providers import kinds
from llmtui.providers.base import KindOptions
from llmtui.providers.claude_models import DEFAULT_MODELS, claude_models, known_capabilities
from llmtui.providers.claude_sdk import ClaudeSdk
from llmtui.providers.http import Http, auth_headers, drain
from llmtui.providers.model_lists import first_model
from llmtui.providers.server import ServerProvider
from llmtui.providers.wires.messages import DEFAULT_MAX_TOKENS, Encoding, encode
from llmtui.providers.wires.messages_stream import Decoder

# The SDK's own default, 2026-10-21, refuses a temperature for every model. This version is still served,
# every Claude-compatible server knows it, and what we read is the same in both.
# https://platform.claude.com/docs/en/api/versioning
API_VERSION = "2023-06-01"
NO_KEY = "none"
"""What a server without keys gets: the SDK sends no request without one."""


class AnthropicOptions(KindOptions):
    """What only Claude knows."""

    prompt_cache: bool = True
    """Mark tools, system prompt and conversation for the vendor's prompt cache."""
    thinking: Literal["off", "adaptive"] | Annotated[int, Field(strict=True, ge=1024)] | None = None
    """A number is a budget in tokens; null leaves it to the model."""
    beta_headers: tuple[str, ...] = ()
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Vendor parameters for the top level of the request."""


class AnthropicProvider(kinds.Anthropic, ServerProvider):
    """A server that speaks the Messages API."""

    options_model = AnthropicOptions
    options: AnthropicOptions
    when_not_found = "check base_url: it is the address without /v1"

    def __init__(self, settings: ProviderSettings) -> None:
        super().__init__(settings)
        self._base_url = self.base_url_of(settings)
        self._http = Http(self.id, self.clocks, self.route)
        self._sdk = ClaudeSdk(
            self.id, self._base_url, self._headers, settings.secrets, self.clocks, self.route
        )
        self._live: dict[str, ModelInfo] = {}

    @classmethod
    def prepare(cls, settings: ProviderSettings) -> None:
        """The SDK."""
        ClaudeSdk.load()

    @classmethod
    def validate_config(cls, config: Mapping[str, Any]) -> list[ConfigIssue]:
        """What is wrong with settings of this kind; offline, never raises."""
        if issues := super().validate_config(config):
            return issues
        budget, limit = (config.get("options") or {}).get("thinking"), config.get("max_tokens")
        if isinstance(budget, int) and limit is not None and budget >= int(limit):
            return [ConfigIssue("options.thinking", f"the budget must be below max_tokens, which is {limit}")]
        return []

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        """Ask, and yield events; closing the generator closes the socket."""
        request = self.filled(await self._with_model(request))
        model = request.model or ""
        body, warnings = encode(request, self._encoding(model))
        for warning in warnings:
            yield warning
        async with self._sdk.post(body | dict(request.options)) as reply:
            decoder = Decoder(self.id, model, reply.request_id)
            async with aclosing(reply.events()) as events:
                async for raw in events:
                    for event in decoder.feed(raw):
                        if isinstance(event, Finish):
                            await drain(events)
                        yield event

    def capabilities(self, model: str | None = None) -> Capabilities:
        """What the server told of a model, over what is known of all of them."""
        model = model or self.settings.model or self.default_model
        known = known_capabilities(model, key_required=self.type != "local")
        live = self._live.get(model)
        return live.capabilities.over(known) if live else known

    def default_models(self) -> list[ModelInfo]:
        """Claude's current models; those of another server are its own affair."""
        if self._base_url != self.default_base_url:
            return [ModelInfo(self.settings.model)] if self.settings.model else []
        ids = dict.fromkeys([self.settings.model or self.default_model, *DEFAULT_MODELS])
        return [ModelInfo(model, capabilities=self.capabilities(model)) for model in ids]

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()
        await self._sdk.aclose()

    async def _models(self, headers: Mapping[str, str]) -> list[ModelInfo]:
        url = f"{self._base_url}/v1/models?limit=1000"
        answer = await self._http.json("GET", url, headers, secrets=self.settings.secrets())
        self._live = {model.id: model for model in claude_models(answer)}
        return [replace(model, capabilities=self.capabilities(model.id)) for model in self._live.values()]

    async def _with_model(self, request: ChatRequest) -> ChatRequest:
        """The request with a local server's first model when none is configured: it hardly serves Claude."""
        if request.model or self.settings.model or self.type != "local":
            return request
        served = [*self._live.values()] or await self.list_models()
        return replace(request, model=first_model(served, self._base_url, self.id))

    def _encoding(self, model: str) -> Encoding:
        return Encoding(
            provider=self.id,
            default_max_tokens=self.capabilities(model).max_output.tokens or DEFAULT_MAX_TOKENS,
            prompt_cache=self.options.prompt_cache,
            thinking=self.options.thinking,
            extra_body=self.options.extra_body,
        )

    def _public_headers(self) -> dict[str, str]:
        return {"anthropic-version": API_VERSION}

    def _headers(self) -> dict[str, str]:
        """The key where the API wants it now and where it wanted it before, the version, the user's own."""
        key = self.settings.key.strip() if self.settings.key else None
        known = {"x-api-key": key or NO_KEY, "anthropic-version": API_VERSION}
        if self.options.beta_headers:
            known["anthropic-beta"] = ",".join(self.options.beta_headers)
        return known | auth_headers(self.settings, key)
