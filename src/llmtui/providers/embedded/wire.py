"""The chat_completions wire to a child process that starts when it is first asked for."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from llmtui.config.schema import ProviderSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.errors import ConnectError, IncompleteStream
from llmtui.core.events import Finish, StreamEvent
from llmtui.providers.embedded.supervisor import Supervisor
from llmtui.providers.http import Http, tls_context
from llmtui.providers.openai_compat import Endpoint, OpenAICompatProvider

if TYPE_CHECKING:
    import httpx


class EmbeddedWire(OpenAICompatProvider):
    """Asks the supervisor's child, and tells a crash of it from a network's failure."""

    def __init__(self, settings: ProviderSettings, supervisor: Supervisor) -> None:
        super().__init__(settings)
        self._http = LoopbackHttp(self.id, self.clocks)
        self._supervisor = supervisor

    async def endpoint(self) -> Endpoint:
        """Where the child listens, started now if need be."""
        child = await self._supervisor.endpoint()
        return Endpoint(f"{child.address}/v1", child.key)

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        """Ask, and yield events; raises ModelCrashed when the child dies meanwhile."""
        finished = False
        try:
            async with aclosing(super().stream_chat(request)) as events:
                async for event in events:
                    finished = isinstance(event, Finish)
                    yield event
            if not finished:
                raise IncompleteStream("the model's process ended the reply before it was complete")
        except (ConnectError, IncompleteStream) as error:
            if (crash := await self._supervisor.crash()) is not None:
                raise crash from error
            raise


class LoopbackHttp(Http):
    """HTTP that takes no proxy of the environment, for nothing leaves this machine, and reuses no connection.

    The child closes kept connections after a few seconds, and a request that crosses the closing would fail.
    """

    @property
    def client(self) -> "httpx.AsyncClient":
        """The client, built now if need be."""
        import httpx

        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=httpx.Timeout(None, connect=self._clocks.connect),
                limits=httpx.Limits(max_keepalive_connections=0),
                trust_env=False,
                verify=tls_context(),
            )
        return self._client
