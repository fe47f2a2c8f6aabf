"""Choosing who answers in a chat: one of the configured agents, or none."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.content import Content

from llmtui.core.errors import LlmtuiError
from llmtui.core.history import Target
from llmtui.core.models import AgentInfo
from llmtui.core.text import sanitise_line
from llmtui.ui.fuzzy import match
from llmtui.ui.modals.pick_list import PickList, Row, marked

_NO_AGENT = "no agent"
_HOW_TO = "`agents` in the config file names some; `llmtui config path` says where it is"


@dataclass(frozen=True, slots=True)
class AgentChoice:
    """An agent by its name; None is no agent."""

    name: str | None


class AgentList(PickList[AgentChoice | None, AgentChoice]):
    """The agents with where they ask and how they begin, and the way back to none."""

    KEYS: ClassVar[str] = "enter use · esc close"

    def __init__(
        self, agents: Sequence[AgentInfo], target_of: Callable[[AgentInfo], Target], *, current: str | None
    ) -> None:
        """`target_of` may raise LlmtuiError; `current` is the agent of the chat that is shown."""
        super().__init__("Agent of this chat", "type a name, model or provider")
        self._agents = agents
        self._target_of = target_of
        self._current = current

    def on_mount(self) -> None:
        """Show all."""
        self.show_rows(self.rows(""), AgentChoice(self._current))

    def rows(self, query: str) -> Iterable[Row[AgentChoice]]:
        """The agents that fit, and none, which always does for an empty filter."""
        for agent in self._agents:
            yield from self._row(query, agent)
        found = match(query, _NO_AGENT)
        if found is not None:
            name = self._named(_NO_AGENT, found.positions, current=self._current is None)
            how = "" if self._agents else _HOW_TO
            below = Content.styled(f"  {how or 'provider and model stay as they are'}", "dim")
            yield Row(name, below=below, value=AgentChoice(None))

    def take(self, value: AgentChoice) -> None:
        """Close with the agent."""
        self.dismiss(value)

    def _row(self, query: str, agent: AgentInfo) -> Iterable[Row[AgentChoice]]:
        try:
            target = self._target_of(agent)
            words = sanitise_line(f"{target.model or 'default model'} · {target.provider}")
            where = Content.styled(words, "dim")
        except LlmtuiError as error:
            words, where = "", Content.styled(sanitise_line(str(error)), "$text-error")
        if (found := match(query, f"{agent.name} {words}")) is not None:
            name = self._named(agent.name, found.positions, current=agent.name == self._current)
            yield Row(name, where, _beginning(agent), AgentChoice(agent.name))

    @staticmethod
    def _named(name: str, positions: Iterable[int], *, current: bool) -> Content:
        return ("● " if current else "  ") + marked(name, positions).stylize("bold")


def _beginning(agent: AgentInfo) -> Content:
    """The first line of the instructions."""
    lines = (agent.system_prompt or "").strip().splitlines()
    return Content.styled(f"  {sanitise_line(lines[0]) if lines else 'no instructions of its own'}", "dim")
