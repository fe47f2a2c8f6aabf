"""The list of chats."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from llmtui.core.history import Conversation
from llmtui.core.text import sanitise_line
from llmtui.services.thread import name_of
from llmtui.ui.ages import age
from llmtui.ui.fuzzy import match
from llmtui.ui.modals.pick_list import PickList, Row, marked


@dataclass(frozen=True, slots=True)
class ChatChoice:
    """What to do with which chat."""

    conversation_id: str
    delete: bool = False


class ChatList(PickList[ChatChoice | None, str]):
    """Chats by title, newest first: one to open, or one to delete."""

    KEYS: ClassVar[str] = "enter open · ctrl+x delete · esc close"

    BINDINGS: ClassVar[list[BindingType]] = [
        # Before the filter line, where ctrl+x would cut.
        Binding("ctrl+x", "delete", "Delete", show=False, priority=True),
    ]

    def __init__(
        self,
        conversations: Sequence[Conversation],
        *,
        current: str | None = None,
        streaming: Collection[str] = (),
    ) -> None:
        """Take the chats, the id of the one shown, and the ids of those that a reply streams into."""
        super().__init__("Chats", "type a title or model")
        self._conversations = conversations
        self._current = current
        self._streaming = streaming

    def on_mount(self) -> None:
        """Show all."""
        self.show_rows(self.rows(""))

    def rows(self, query: str) -> Iterable[Row[str]]:
        """The chats that fit, the newest first."""
        fitting = [row for chat in self._conversations if (row := self._row(chat, query)) is not None]
        return fitting or [Row(Content.styled("no chat fits" if query else "no chats yet", "dim"))]

    def take(self, value: str) -> None:
        """Open the chat."""
        self.dismiss(ChatChoice(value))

    def action_delete(self) -> None:
        """Give the highlighted chat back for deletion."""
        if (conversation_id := self.highlighted) is not None:
            self.dismiss(ChatChoice(conversation_id, delete=True))

    def _row(self, chat: Conversation, query: str) -> Row[str] | None:
        title = sanitise_line(name_of(chat))
        target = chat.target
        model = sanitise_line((target.model or target.provider) if target else "")
        found = match(query, f"{title} {model}")
        if found is None:
            return None
        state = "writing … " if chat.id in self._streaming else ""
        left = Content.assemble(
            "● " if chat.id == self._current else "  ", (state, "$success"), marked(title, found.positions)
        )
        right = Content.styled(f"{model}  {age(chat.updated_at):>6}".strip(), "dim")
        return Row(left, right, value=chat.id)
