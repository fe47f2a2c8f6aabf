"""Ollama's SDK, asked for nothing but what its requests look like: what is sent and read is ours.

Its own client reads the environment, sends OLLAMA_API_KEY to any host, takes an end of stream for success and
raises what HTTP and JSON raise.
"""

from collections.abc import AsyncGenerator
from functools import cache
from importlib import import_module
from types import SimpleNamespace
from typing import Any, Protocol

from llmtui.core.model_admin import TransferStep


class OllamaWire(Protocol):
    """What sends the requests."""

    def steps(self, path: str, body: dict[str, Any]) -> AsyncGenerator[TransferStep, None]:
        """Ask for something that is told of step by step."""
        ...

    async def done(self, method: str, path: str, body: dict[str, Any]) -> None:
        """Ask for something to be done."""
        ...


def load() -> Any:
    """Import the SDK, for a tenth of a second; call it on a thread."""
    return import_module("ollama")


def client_of(wire: OllamaWire) -> Any:
    """The SDK's client, whose requests go through `wire`."""
    return _client_class()(wire)


@cache
def _client_class() -> Any:
    sdk = load()

    class Client(sdk.AsyncClient):  # type: ignore[misc, name-defined]
        def __init__(self, wire: OllamaWire) -> None:
            # Not the SDK's own: it would build a client by the environment.
            self._wire = wire

        async def _request(self, cls: Any, method: str, path: str, *, json: Any, stream: bool) -> Any:
            return self._wire.steps(path, json)

        async def _request_raw(self, method: str, path: str, *, json: Any) -> Any:
            await self._wire.done(method, path, json)
            return SimpleNamespace(status_code=200)

    return Client
