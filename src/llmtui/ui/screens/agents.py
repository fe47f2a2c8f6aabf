"""What the keys do to who answers in a chat."""

from llmtui.core.errors import LlmtuiError
from llmtui.services.thread import Thread
from llmtui.ui.screens.targets import TargetScreen


class AgentScreen(TargetScreen):
    """The part of the main screen that acts on agents."""

    def place(self, thread: Thread) -> None:
        """Put a conversation on the screen, and say whose instructions it follows."""
        super().place(thread)
        self.show_agent()
        name = thread.conversation.agent
        if name and self.services.chat.agents.find(name) is None:
            self.flash(f"agent '{name}' is not in the config: this chat goes on without it", "warning")

    async def appoint(self, name: str | None) -> None:
        """Have an agent answer here from now on, at its provider and by its model; None: no agent."""
        agents = self.services.chat.agents
        agent = agents.find(name)
        try:
            target = agents.target(agent) if agent else self.target
        except LlmtuiError as error:
            self.flash_error(error)
            return
        await self.services.chat.appoint(self.chat_id, agent.name if agent else None)
        self.show_agent()
        await self.switch(target)

    def action_pick_agent(self) -> None:
        """Choose who answers in this chat."""
        from llmtui.ui.modals.agent_list import AgentChoice, AgentList

        async def use(choice: AgentChoice | None) -> None:
            if choice is not None:
                await self.appoint(choice.name)

        agents = self.services.chat.agents
        current = agents.find(self.services.chat.thread(self.chat_id).conversation.agent)
        dialog = AgentList(agents.all, agents.target, current=current.name if current else None)
        self.app.push_screen(dialog, use)

    def show_agent(self) -> None:
        """Say whose instructions the chat follows."""
        name = self.services.chat.thread(self.chat_id).conversation.agent
        known = self.services.chat.agents.find(name)
        gone = f"agent {name}, not in the config" if name else ""
        self.pane.show_agent(f"agent {known.name}" if known else gone)
