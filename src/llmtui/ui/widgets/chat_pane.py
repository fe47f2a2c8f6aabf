"""The chat pane: the title, the transcript of the shown conversation, and what is waited for."""

from collections.abc import Callable
from dataclasses import replace

from textual.app import ComposeResult
from textual.content import Content
from textual.getters import query_one
from textual.widgets import Static

from llmtui.core.events import Status, Warning
from llmtui.core.history import StoredMessage
from llmtui.core.text import sanitise_line
from llmtui.services.reply import Reply
from llmtui.services.thread import Thread
from llmtui.ui.entries import entry_of
from llmtui.ui.keymap import Keymap
from llmtui.ui.messages import ReplyEnded, ReplyGrew, ReplyNamed, ReplyNoted, ReplyOpened
from llmtui.ui.transcript import Draft, Entry, Transcript
from llmtui.ui.widgets.activity import Activity
from llmtui.ui.widgets.blank import Rows

FIRST_SHOWN = 60
"""The messages that a branch is shown with: more than a screen holds."""
SHOWN_AT_ONCE = 200
"""Of those before them, so many are put above at a time: a few milliseconds' work."""
PRIVATE = "◇ private"
PROMISE = (
    "Nothing of this chat is stored: it ends when you quit. The provider gets what you send, as in any chat."
)


class ChatPane(Rows):
    """Views one conversation at a time; replies belong to their conversation, not to the view."""

    DEFAULT_CSS = """
    ChatPane { width: 1fr; height: 1fr; }
    ChatPane #title {
        height: 1; padding: 0 2; background: $surface; color: $text-muted;
        text-overflow: ellipsis; text-wrap: nowrap;
    }
    ChatPane #banner {
        height: auto; padding: 0 1; background: $error-muted; color: $text-error; display: none;
    }
    ChatPane #banner.-shown { display: block; }
    ChatPane Transcript { margin: 1 0 0 0; }
    ChatPane #welcome { padding: 1 2; color: $text-muted; display: none; }
    ChatPane.-empty #welcome { display: block; }
    ChatPane.-empty Transcript { display: none; }
    """

    transcript = query_one(Transcript)
    activity = query_one(Activity)

    def __init__(
        self, reply_of: Callable[[str], Reply | None], keymap: Keymap, *, jump_lines: int = 1
    ) -> None:
        """`jump_lines` is how far the transcript moves at once while it follows a reply."""
        super().__init__(classes="-empty")
        self._jump_lines = jump_lines
        self._reply_of = reply_of
        self._keymap = keymap
        model, more = keymap.hint("pick-model"), keymap.hint("leader")
        self._welcome = f"Ask anything. {model} picks the model, {more} shows more keys."
        self._thread: Thread | None = None
        self._first_id = ""
        """The first message of the transcript; others may stand before it."""
        self._agent = ""
        self._live: dict[str, Draft] = {}
        """What has arrived of each reply that streams, shown or not."""

    def compose(self) -> ComposeResult:
        """Title, banner, transcript, activity."""
        yield Static("", id="title", markup=False)
        yield Static("", id="banner", markup=False)
        yield Static("", id="welcome", markup=False)
        yield Transcript(jump_lines=self._jump_lines)
        yield Activity(self._keymap)

    @property
    def conversation_id(self) -> str | None:
        """The conversation that is shown."""
        return self._thread.conversation.id if self._thread else None

    def show_thread(self, thread: Thread) -> None:
        """Show a conversation, going to its end."""
        self._thread = thread
        last = thread.messages[-FIRST_SHOWN:]
        self._first_id = last[0].id if last else ""
        self.transcript.show([self._entry(message) for message in last if message.id not in self._live])
        for message in last:
            if message.id in self._live:
                self.transcript.begin(self._live[message.id].entry)
        self._show_title()
        self._refresh_empty()
        self.activity.watch_reply(self._reply_of(thread.conversation.id))

    def show_earlier(self, thread: Thread) -> bool:
        """Show some more of the messages before the shown ones; False when the thread knows no more."""
        ids = (message.id for message in thread.messages)
        end = next((place for place, known in enumerate(ids) if known == self._first_id), 0)
        earlier = thread.messages[max(0, end - SHOWN_AT_ONCE) : end]
        if earlier:
            self._first_id = earlier[0].id
            self.transcript.prepend([self._entry(message) for message in earlier])
        return bool(earlier)

    def retitle(self, thread: Thread) -> None:
        """Show a conversation's new title."""
        self._thread = thread
        self._show_title()

    def show_agent(self, words: str) -> None:
        """Show who answers before the title; nothing for an empty text."""
        self._agent = words
        self._show_title()

    def show_banner(self, text: str) -> None:
        """Show a problem that stays until it is over; an empty text hides it."""
        banner = self.query_one("#banner", Static)
        banner.update(Content(text))
        banner.set_class(bool(text), "-shown")

    def add_message(self, thread: Thread, message: StoredMessage) -> None:
        """Show a message that the person just sent."""
        self._thread = thread
        for earlier in thread.messages[-2:-1]:
            # The keys that its alert names work for the newest message only.
            self.transcript.update(self._entry(earlier))
        self.transcript.append(self._entry(message))
        self.transcript.follow()
        self._show_title()
        self._refresh_empty()

    def open_reply(self, event: ReplyOpened) -> None:
        """Make room for a reply."""
        entry = self._entry(event.message)
        self._live[event.message.id] = Draft(entry)
        if self._shows(event.message.conversation_id):
            self.transcript.begin(entry)
            self._refresh_empty()
            self.activity.watch_reply(self._reply_of(event.message.conversation_id))

    def grow_reply(self, event: ReplyGrew) -> None:
        """Add what arrived."""
        self._live[event.message_id].add(event.text, event.reasoning)
        if self._shows(event.conversation_id):
            self.transcript.feed(event.message_id, event.text, event.reasoning)

    def note_reply(self, event: ReplyNoted) -> None:
        """Show what a reply waits for, or what its provider warns of."""
        match event.note:
            case Status():
                if self._shows(event.conversation_id):
                    self.activity.tick()
            case Warning(message=words):
                self._change_live(event.conversation_id, event.message_id, alert=words, alert_level="warning")

    def name_reply(self, event: ReplyNamed) -> None:
        """Show which model answers."""
        provider = self._live[event.message_id].fields.title.rsplit(" · ", 1)[-1]
        self._change_live(event.conversation_id, event.message_id, title=f"{event.model} · {provider}")

    def end_reply(self, event: ReplyEnded) -> None:
        """Show a reply as it will stay, with the warnings that came on the way."""
        warned = self._live.pop(event.message.id, None)
        if not self._shows(event.message.conversation_id):
            return
        entry = self._entry(event.message)
        if warned and warned.fields.alert and not entry.alert:
            entry = replace(entry, alert=warned.fields.alert, alert_level="warning")
        self.transcript.close(entry)
        self.activity.watch_reply(self._reply_of(event.message.conversation_id))

    def _entry(self, message: StoredMessage) -> Entry:
        """The message as shown; only the newest names keys, which would do nothing for the others."""
        last = self._thread.last if self._thread else None
        newest = last is None or message.id == last.id or message.parent_id == last.id
        return entry_of(message, self._keymap if newest else None)

    def _change_live(self, conversation_id: str, message_id: str, **changes: str) -> None:
        self._live[message_id].amend(**changes)
        if self._shows(conversation_id):
            self.transcript.amend(message_id, **changes)

    def _shows(self, conversation_id: str) -> bool:
        return self.conversation_id == conversation_id

    def _show_title(self) -> None:
        conversation = self._thread.conversation if self._thread else None
        private = conversation is not None and conversation.private
        parts = (
            Content.styled(PRIVATE, "$text-warning") if private else None,
            Content.styled(sanitise_line(self._agent), "bold"),
            Content((conversation and conversation.title) or "new chat"),
        )
        self.set_class(private, "-private")
        self.query_one("#title", Static).update(Content(" · ").join(filter(None, parts)))
        self.query_one("#welcome", Static).update(Content(PROMISE if private else self._welcome))

    def _refresh_empty(self) -> None:
        self.set_class(self.transcript.is_empty, "-empty")
