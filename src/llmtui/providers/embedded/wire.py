"""The chat_completions wire to a child process that starts when it is first asked for."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from llmtui.config.schema import ProviderSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.errors import ConnectError, IncompleteStream
from llmtui.core.events import Finish, StreamEvent
from llmtui.providers.embedded.supervisor import Supervisor
from llmtui.providers.http import Http
from llmtui.providers.network import Route
from llmtui.providers.openai_compat import Endpoint, OpenAICompatProvider


class EmbeddedWire(OpenAICompatProvider):
    """Asks the supervisor's child, and tells a crash of it from a network's failure."""

    def __init__(self, settings: ProviderSettings, supervisor: Supervisor) -> None:
        super().__init__(settings)
        # The child closes kept connections after a few seconds: a request that crosses that would fail.
        self._http = Http(self.id, self.clocks, self.route, reuse=False)
        self._supervisor = supervisor

    @property
    def route(self) -> Route:
        """Straight to the child, whatever stands in the settings and the environment."""
        return Route()

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
