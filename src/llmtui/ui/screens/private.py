"""What is different in a chat that is never stored."""

from llmtui.core.conversation import Role
from llmtui.services.thread import Thread
from llmtui.ui.screens.conversations import ConversationScreen
from llmtui.ui.widgets.prompt_history import PromptHistory


class PrivateScreen(ConversationScreen):
    """The part of the main screen that keeps private chats to themselves."""

    async def action_private_chat(self) -> None:
        """Start an empty chat of which nothing is stored."""
        await self.show(self.services.chat.new(self.target, private=True))
        self.prompt.focus()

    async def action_edit_prompt(self) -> None:
        """Write the prompt in `$EDITOR`, which needs a file."""
        if self.is_private:
            self.flash("not in a private chat: the editor would write it into a file", "warning")
        else:
            await super().action_edit_prompt()

    @property
    def is_private(self) -> bool:
        """Whether the chat that is shown is never stored."""
        return self.services.chat.thread(self.chat_id).conversation.private

    def place(self, thread: Thread) -> None:
        """Put a conversation on the screen; a private one has earlier prompts of its own."""
        super().place(thread)
        self.prompt.use_history(_history_of(thread) if thread.conversation.private else None)


def _history_of(thread: Thread) -> PromptHistory:
    sent = [message.message.text for message in thread.messages if message.message.role is Role.USER]
    history = PromptHistory()
    history.load(list(dict.fromkeys(reversed(sent))))
    return history
