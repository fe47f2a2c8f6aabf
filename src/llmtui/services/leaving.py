"""What quitting would stop or lose."""

from dataclasses import dataclass

from llmtui.services.chat import ChatService


@dataclass(frozen=True, slots=True)
class InFlight:
    """Counts of what is under way."""

    replies: int = 0
    """Being written, outside private chats."""
    queued: int = 0
    """Messages that wait, outside private chats."""
    private: int = 0
    """Private chats with anything in them."""
    transfers: int = 0
    """Pulls, pushes and creates, those that wait included."""
    problem: str = ""
    """Why what is stopped cannot be kept; empty when it can."""

    def __bool__(self) -> bool:
        return bool(self.replies or self.queued or self.private or self.transfers)


def in_flight(chat: ChatService, transfers: int = 0) -> InFlight:
    """What is under way now."""
    threads = chat.opened.values()
    private = {thread.conversation.id for thread in threads if thread.conversation.private}
    return InFlight(
        replies=len(chat.streaming - private),
        queued=sum(len(t.conversation.queued) for t in threads if t.conversation.id not in private),
        private=sum(
            bool(thread.messages or thread.conversation.draft.strip())
            for thread in threads
            if thread.conversation.id in private
        ),
        transfers=transfers,
        problem=chat.recorder.problem,
    )
