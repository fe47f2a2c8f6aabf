"""The configured agents: where their requests go, and what they add to each."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from llmtui.core.chat import ChatRequest
from llmtui.core.errors import UnknownProvider
from llmtui.core.history import Target
from llmtui.core.models import AgentInfo
from llmtui.core.ports import ProviderRegistry

Value = TypeVar("Value")


class Agents:
    """Knows the agents; names are case-insensitive."""

    def __init__(self, registry: ProviderRegistry, agents: Sequence[AgentInfo] = ()) -> None:
        self._registry = registry
        self.configure(agents)

    def configure(self, agents: Sequence[AgentInfo]) -> None:
        """Know these agents from now on."""
        self._agents = {agent.name.lower(): agent for agent in agents}

    @property
    def all(self) -> list[AgentInfo]:
        """The agents in the order of the config."""
        return list(self._agents.values())

    def find(self, name: str | None) -> AgentInfo | None:
        """The agent of that name; None when there is none, or none any more."""
        return self._agents.get(name.lower()) if name else None

    def target(self, agent: AgentInfo) -> Target:
        """Where an agent's requests go; raises UnknownProvider.

        The model that it leaves out is the one configured for its provider, whatever was used there last.
        """
        try:
            target = self._registry.for_agent(agent)
        except UnknownProvider as error:
            problem = UnknownProvider(f"agent '{agent.name}': {error}")
            problem.hint = "set its `provider`, or `default_provider`, in the config file"
            raise problem from error
        configured = {info.id: info.model for info in self._registry.infos()}
        return replace(target, model=target.model or configured.get(target.provider))


def instructed(request: ChatRequest, agent: AgentInfo | None) -> ChatRequest:
    """The request with the agent's values where it has none of its own."""
    if agent is None:
        return request

    def own(value: Value | None, agents: Value | None) -> Value | None:
        return agents if value is None else value

    return replace(
        request,
        system=own(request.system, agent.system_prompt),
        temperature=own(request.temperature, agent.temperature),
        max_tokens=own(request.max_tokens, agent.max_tokens),
        reasoning_effort=own(request.reasoning_effort, agent.reasoning_effort),
    )
