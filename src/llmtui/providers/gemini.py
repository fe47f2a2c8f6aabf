"""Gemini over its native REST API: the OpenAI-shaped one shows no thoughts, limits and reasons of a block."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from pydantic import Field

from llmtui.config.schema import ProviderSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.errors import IncompleteStream
from llmtui.core.events import StreamEvent
from llmtui.core.models import Capabilities, ModelInfo
from llmtui.providers import kinds
from llmtui.providers.base import KindOptions
from llmtui.providers.event_stream import DONE, object_of, server_events
from llmtui.providers.failures import classify
from llmtui.providers.gemini_models import gemini_models, known_capabilities
from llmtui.providers.http import Http, Reply, auth_headers
from llmtui.providers.server import ServerProvider
from llmtui.providers.wires.gemini import Encoding, model_path, request_body
from llmtui.providers.wires.gemini_stream import GeminiDecoder
from llmtui.providers.wires.sse import ServerSentEvent

API_VERSION = "v1beta"
"""The one with thoughts and JSON schemas: https://ai.google.dev/gemini-api/docs/api-versions"""
PAGE_SIZE = 1000
MOST_PAGES = 20
REST_CLOCK_S = 2.0
"""How long more may follow a reason to finish: a server that never closes shall not hold the reply up."""


class GeminiOptions(KindOptions):
    """What only Gemini knows."""

    include_thoughts: bool = True
    """Ask models that think for summaries of their thoughts."""
    generation_config: dict[str, Any] = Field(default_factory=dict)
    """Model parameters such as topK, seed or stopSequences, and a thinkingConfig of one's own."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Vendor parameters for the top level of the request, such as safetySettings."""


class GeminiProvider(kinds.Gemini, ServerProvider):
    """Google's Gemini, or a server that speaks its API."""

    options_model = GeminiOptions
    options: GeminiOptions
    when_not_found = f"check base_url: it is the address without /{API_VERSION}"

    def __init__(self, settings: ProviderSettings) -> None:
        super().__init__(settings)
        self._root = f"{self.base_url_of(settings)}/{API_VERSION}"
        self._http = Http(self.id, self.clocks, self.route)
        self._live: dict[str, Capabilities] = {}

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        """Ask, and yield events; closing the generator closes the socket."""
        request = self.filled(request)
        model = request.model or ""
        body, warnings = request_body(request, self._encoding(model))
        for warning in warnings:
            yield warning
        url = f"{self._root}/{model_path(model)}:streamGenerateContent?alt=sse"
        secrets = self.settings.secrets()
        async with self._http.post(url, body, self._headers(), model=model, secrets=secrets) as reply:
            decoder = GeminiDecoder(self.id, model, reply.request_id)
            async with aclosing(_events(reply, decoder)) as events:
                async for event in events:
                    yield event

    def capabilities(self, model: str | None = None) -> Capabilities:
        """What the server told of a model, over what is known by its name."""
        name = (model or self.model_of(self.settings) or "").removeprefix("models/")
        known = known_capabilities(name, key_required=self.type != "local")
        live = self._live.get(name)
        return live.over(known) if live else known

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _models(self, headers: Mapping[str, str]) -> list[ModelInfo]:
        found: dict[str, ModelInfo] = {}
        query = {"pageSize": str(PAGE_SIZE)}
        for _ in range(MOST_PAGES):
            url = f"{self._root}/models?{urlencode(query)}"
            answer = await self._http.json("GET", url, headers, secrets=self.settings.secrets())
            models, token = gemini_models(answer)
            found |= {model.id: model for model in models}
            if not token:
                break
            query["pageToken"] = token
        self._live = {name: model.capabilities for name, model in found.items()}
        return [replace(model, capabilities=self.capabilities(name)) for name, model in found.items()]

    def _encoding(self, model: str) -> Encoding:
        live = self._live.get(model.removeprefix("models/"), Capabilities())
        return Encoding(
            provider=self.id,
            include_thoughts=self.options.include_thoughts,
            thinks=live.reasoning.value,
            generation_config=self.options.generation_config,
            extra_body=self.options.extra_body,
        )

    def _headers(self) -> dict[str, str]:
        """The key in a header, not in the address, which logs keep."""
        key = (self.settings.key or "").strip()
        if not key:
            return auth_headers(self.settings, None)
        return {"x-goog-api-key": key} | self.settings.own_headers()


async def _events(reply: Reply, decoder: GeminiDecoder) -> AsyncGenerator[StreamEvent, None]:
    """Decode a reply up to its end; without a reason to finish the events just end."""
    async with aclosing(server_events(reply)) as events:
        while (event := await _next(events, decoder)) is not None:
            for decoded in _decoded(event, reply, decoder):
                yield decoded
    if decoder.complete:
        for last in decoder.end():
            yield last


async def _next(
    events: AsyncGenerator[ServerSentEvent, None], decoder: GeminiDecoder
) -> ServerSentEvent | None:
    """The next event; a cut or a stall behind a complete reply is its end."""
    if not decoder.complete:
        return await anext(events, None)
    try:
        async with asyncio.timeout(REST_CLOCK_S):
            return await anext(events, None)
    except (TimeoutError, IncompleteStream):
        return None


def _decoded(event: ServerSentEvent, reply: Reply, decoder: GeminiDecoder) -> Iterator[StreamEvent]:
    if not event.data.strip() or event.data.strip() == DONE:
        return
    chunk = object_of(event, reply)
    if chunk.get("error") or event.name == "error":
        raise classify(chunk, context=reply.context, secrets=reply.secrets)
    yield from decoder.feed(chunk)
