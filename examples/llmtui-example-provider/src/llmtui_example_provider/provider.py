"""A server that answers in JSON, an object a line."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Literal

from llmtui.config.schema import ProviderSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.events import Start, StreamEvent
from llmtui.core.models import Capabilities, ConnectionReport, Fact, ModelInfo
from llmtui.providers.base import BaseProvider, KindOptions
from llmtui.providers.checks import Subject, run_check
from llmtui.providers.failures import classify
from llmtui.providers.http import Http, auth_headers, drain
from llmtui.providers.wires.ndjson import NDJSONDecoder
from llmtui_example_provider.wire import events_of


class ExampleOptions(KindOptions):
    """What stands under `options` in the config file, and in the form of the settings drawer."""

    tone: Literal["plain", "friendly"] = "plain"
    """How the server should sound."""


class ExampleProvider(BaseProvider):
    """Speaks to one server."""

    api_version = 1
    options_model = ExampleOptions
    options: ExampleOptions
    default_base_url = "https://llm.example.com"
    default_model = "example-1"
    key_variable = "EXAMPLE_API_KEY"

    def __init__(self, settings: ProviderSettings) -> None:
        super().__init__(settings)
        self._url = self.base_url_of(settings)
        self._http = Http(self.id, self.clocks, self.route)

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        """Ask, and yield events; closing the generator closes the socket."""
        request = self.filled(request)
        model, secrets = request.model or "", self.settings.secrets()
        said = [{"role": message.role, "text": message.text} for message in request.messages]
        body = {"model": model, "system": request.system, "said": said, "tone": self.options.tone}
        headers, lines = auth_headers(self.settings, self.settings.key), NDJSONDecoder()
        async with self._http.post(f"{self._url}/chat", body, headers, model=model, secrets=secrets) as reply:
            yield Start(self.id, model, reply.request_id)
            async with aclosing(reply.chunks()) as chunks:
                async for chunk in chunks:
                    for line in lines.feed(chunk):
                        if "error" in line:
                            raise classify(line, context=reply.context, secrets=secrets)
                        if "done" in line:
                            await drain(chunks)
                        for event in events_of(line):
                            yield event

    async def list_models(self) -> list[ModelInfo]:
        """The server's models; raises ProviderError."""
        return await self._models(auth_headers(self.settings, self.settings.key))

    async def check(self, *, with_key: bool = True) -> ConnectionReport:
        """Test the connection stage by stage; never raises, costs no tokens."""
        key = self.key_use(with_key)
        headers = {} if key == "kept back" else auth_headers(self.settings, self.settings.key)
        return await run_check(
            Subject(self.id, self._address, lambda: self._models(headers), self.route, key)
        )

    def capabilities(self, model: str | None = None) -> Capabilities:
        """What is so for each of its models."""
        return Capabilities(streaming=Fact.yes(), system_prompt=Fact.yes(), tools=Fact.no())

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _address(self) -> str:
        return self._url

    async def _models(self, headers: Mapping[str, str]) -> list[ModelInfo]:
        names = await self._http.json("GET", f"{self._url}/models", headers, secrets=self.settings.secrets())
        return [ModelInfo(str(name)) for name in names] if isinstance(names, list) else []
