"""The configured agents in the command palette, by name."""

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.types import IgnoreReturnCallbackType

from llmtui.core.models import AgentInfo
from llmtui.ui.fuzzy import match
from llmtui.ui.screens.agents import AgentScreen


class AgentCommands(Provider):
    """Offers each agent to answer in the chat that is shown."""

    async def discover(self) -> Hits:
        """All agents, for an empty query."""
        for agent in self._agents():
            words = _words(agent)
            yield DiscoveryHit(Content(words), self._run(agent), text=words)

    async def search(self, query: str) -> Hits:
        """The agents whose name fits."""
        for agent in self._agents():
            words = _words(agent)
            if (found := match(query, words)) is not None:
                yield Hit(found.score, Content(words), self._run(agent), text=words)

    def _agents(self) -> list[AgentInfo]:
        return self.screen.services.chat.agents.all if isinstance(self.screen, AgentScreen) else []

    def _run(self, agent: AgentInfo) -> IgnoreReturnCallbackType:
        async def run() -> None:
            if isinstance(self.screen, AgentScreen):
                await self.screen.appoint(agent.name)

        return run


def _words(agent: AgentInfo) -> str:
    return f"Let agent {agent.name} answer in this chat"
