"""A chat service over a real database and scripted providers."""

from dataclasses import dataclass, field

from llmtui.config.schema import ProviderSettings
from llmtui.core.history import Target
from llmtui.providers.scripted import ScriptedProvider
from llmtui.services.chat import ChatService
from llmtui.services.reply import Reply, ReplyEvent
from llmtui.services.thread import Thread
from llmtui.storage.conversations import SQLiteStore

TARGET = Target("fake", "echo")


@dataclass
class Desk:
    """A chat service with its fake provider at hand."""

    chat: ChatService
    fake: ScriptedProvider
    store: SQLiteStore
    events: list[ReplyEvent] = field(default_factory=list)

    async def run(self, reply: Reply) -> list[ReplyEvent]:
        """Run a reply and return what it told."""
        self.events = []
        await self.chat.run(reply, self.events.append)
        return self.events

    async def ask(self, text: str, thread: Thread | None = None) -> Thread:
        """Send a text and run its reply."""
        thread = thread or self.chat.new(TARGET)
        conversation_id = thread.conversation.id
        await self.chat.send(conversation_id, text, TARGET)
        await self.run(await self.chat.reply(conversation_id, TARGET))
        return self.chat.thread(conversation_id)


def make_fake(provider_id: str = "fake", **options: object) -> ScriptedProvider:
    """A scripted provider that does not wait between words."""
    settings = ProviderSettings(id=provider_id, kind="scripted", options={"tokens_per_s": None, **options})
    return ScriptedProvider(settings)
