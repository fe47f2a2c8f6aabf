"""One chat in the sidebar."""

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from llmtui.core.history import Conversation
from llmtui.services.thread import name_of


class ChatRow(Widget):
    """A chat's title, with a mark while a reply streams into it."""

    DEFAULT_CSS = """
    ChatRow { height: 1; width: 1fr; padding: 0 1 0 0; color: $text-muted; }
    ChatRow.-current { color: $text; text-style: bold; }
    ChatRow.-cursor { background: $accent 30%; color: $text; }
    ChatRow:ansi.-current { color: ansi_default; text-style: bold; }
    ChatRow:ansi.-cursor { background: ansi_default; text-style: reverse; }
    """

    title: reactive[str] = reactive("")
    current: reactive[bool] = reactive(False, toggle_class="-current")
    """Whether it is the one shown."""
    busy: reactive[bool] = reactive(False)
    """Whether a reply streams into it."""

    def __init__(self, chat: Conversation) -> None:
        super().__init__(classes="row")
        self.set_reactive(ChatRow.title, name_of(chat))
        self.key = chat.id
        """What the row stands for."""

    def render(self) -> Content:
        """The title, shortened."""
        mark = Content("▸" if self.current else " ")
        mark += Content.styled("» ", "$text-accent") if self.busy else Content("  ")
        return mark + Content(self.title).truncate(max(0, self.size.width - 3), ellipsis=True)
