"""The prompt: a multi-line input that grows, remembers, and never sends by accident."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.actions import SkipAction
from textual.geometry import Size
from textual.message import Message
from textual.timer import Timer
from textual.widgets import TextArea
from textual.widgets.text_area import Selection

from llmtui.core.text import sanitise
from llmtui.ui.keymap import Keymap
from llmtui.ui.widgets.keys_in_order import act_at_once
from llmtui.ui.widgets.prompt_history import PromptHistory

MOST_ROWS = 10
LARGEST_PASTE = 100_000
"""Characters; editing gets slow with more."""

# No finger is as fast as a burst. Text pasted into a terminal without bracketed paste comes as one, and so
# do the characters that Textual takes for keys after an ESC inside a paste.
_BURST_S = 0.01
_QUIET_S = 0.05


class Prompt(TextArea):
    """Where a person types: enter sends, a paste never does."""

    DEFAULT_CSS = """
    Prompt {
        height: auto;
        padding: 0 1;
        border: none;
        border-left: outer $border-blurred;
        background: $surface;
        color: $foreground;
        scrollbar-size-vertical: 1;
        &:focus { border: none; border-left: outer $accent; }
        & .text-area--placeholder { color: $foreground 50%; }
        &:ansi .text-area--placeholder { color: ansi_default; text-style: dim; }
    }
    """

    @dataclass
    class Submitted(Message):
        """The person sends this text; the prompt is empty already."""

        prompt: "Prompt"
        text: str

    @dataclass
    class Rejected(Message):
        """What was pasted could not be taken."""

        prompt: "Prompt"
        reason: str

    @dataclass
    class TakeBackRequested(Message):
        """The person wants the last queued message back into the empty prompt."""

        prompt: "Prompt"

    @dataclass
    class SendOnRequested(Message):
        """The person wants what is queued to be sent, and adds nothing to it."""

        prompt: "Prompt"

    def __init__(
        self,
        text: str = "",
        *,
        keymap: Keymap | None = None,
        placeholder: str = "Message",
        id: str | None = None,
        classes: str | None = None,
        disabled: bool = False,
    ) -> None:
        super().__init__(
            text,
            placeholder=placeholder,
            highlight_cursor_line=False,
            id=id,
            classes=classes,
            disabled=disabled,
        )
        # A blinking cursor writes to the terminal for as long as the program is open.
        self.cursor_blink = False
        self.match_cursor_bracket = False
        self._commands = (keymap or Keymap()).of_scope("prompt")
        self.has_queue = False
        """Whether messages wait: then `up` and `send` at an empty prompt are about them."""
        self._history = self._shared_history = PromptHistory()
        self._key_at_s = self._paste_at_s = float("-inf")
        self._in_burst = self._leaked = False
        self._held_send: Timer | None = None

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as the text has, up to ten or a third of the screen."""
        most = max(1, min(MOST_ROWS, viewport.height // 3))
        return min(most, max(1, self.wrapped_document.height))

    async def _on_key(self, event: events.Key) -> None:
        """Act on the prompt's own keys before the text area takes them for text."""
        self._note_key(event)
        command = self._commands.get(event.key)
        if self._acts(command, event):
            event.stop()
            event.prevent_default()
        elif event.key == "enter":
            # A person has given enter's work to another key.
            event.prevent_default()
        else:
            await act_at_once(self, event)

    async def _on_paste(self, event: events.Paste) -> None:
        """Take what is pasted as harmless text, unless it is too large."""
        event.stop()
        event.prevent_default()
        self._paste_at_s = event.time
        self._keep_line_break()
        if len(event.text) > LARGEST_PASTE:
            reason = f"not pasted: {len(event.text):,} characters are more than {LARGEST_PASTE:,}"
            self.post_message(self.Rejected(self, reason))
        else:
            self.insert_text(sanitise(event.text))

    def action_copy(self) -> None:
        """Leave copying to the screen, which says what became of it."""
        raise SkipAction

    def deselect(self) -> None:
        """Select nothing; the cursor stays."""
        self.selection = Selection.cursor(self.cursor_location)

    def set_history(self, prompts: Sequence[str]) -> None:
        """Set the earlier prompts, newest first."""
        self._shared_history.load(prompts)

    def use_history(self, own: PromptHistory | None) -> None:
        """Walk earlier prompts that no other chat shows; None: those of all chats."""
        self._history = own or self._shared_history

    def insert_text(self, text: str) -> None:
        """Put text in at the cursor, in place of what is selected."""
        if not self.read_only:
            result = self.replace(text, *self.selection, maintain_selection_offset=False)
            self.move_cursor(result.end_location)

    def put_back(self, text: str) -> None:
        """Give back a sent text that could not be used, above what has been typed since."""
        self.text = f"{text}\n{self.text}" if self.text else text
        self.move_cursor(self.document.end)

    def remember(self, text: str, *, shared: bool) -> None:
        """Put a text first among the earlier prompts: those of all chats, or those of this one."""
        (self._shared_history if shared else self._history).add(text)

    def forget(self, text: str) -> None:
        """Take a text that was not sent after all out of the earlier prompts."""
        self._history.forget(text)

    def submit(self) -> None:
        """Send what is typed, if it is more than blanks."""
        text = self.text.strip("\n").rstrip()
        if text:
            self.text = ""
            self._history.add(text)
            self.post_message(self.Submitted(self, text))
        elif self.has_queue:
            self.post_message(self.SendOnRequested(self))

    def _acts(self, command: str | None, event: events.Key) -> bool:
        """Do a command of the prompt; False leaves the key to the text area."""
        if command == "send":
            self._send_or_break_line(event.time)
        elif command == "new-line":
            self.insert_text("\n")
        elif command == "earlier-prompt" and self.has_queue and not self.text:
            self.post_message(self.TakeBackRequested(self))
        elif command == "earlier-prompt":
            return self.navigator.is_first_wrapped_line(self.cursor_location) and self._recall(1)
        elif command == "later-prompt":
            return self.navigator.is_last_wrapped_line(self.cursor_location) and self._recall(-1)
        return command is not None

    def _recall(self, by: int) -> bool:
        """Show an earlier (1) or later (-1) prompt; False at the end of the history."""
        prompt = self._history.step(by, self.text)
        if prompt is not None:
            self.text = prompt
            # At the end of the first line, so that the next key of the same kind goes on.
            end = (0, len(self.document.get_line(0))) if by > 0 else self.document.end
            self.move_cursor(end)
        return prompt is not None

    def _note_key(self, event: events.Key) -> None:
        self._in_burst = event.time - self._key_at_s < _BURST_S
        self._key_at_s = event.time
        # Textual's parser turns an ESC that leaks from a paste into this character.
        self._leaked = (self._in_burst and self._leaked) or event.character == "^"
        self._keep_line_break()

    def _send_or_break_line(self, time_s: float) -> None:
        """Send, but not in the middle of a paste: there an enter is a line break.

        In a burst that is no leak the send waits for quiet, since a script's `hello` + enter is one too.
        """
        if time_s - self._paste_at_s < _QUIET_S or (self._in_burst and self._leaked):
            self.insert_text("\n")
        elif self._in_burst:
            self._held_send = self.set_timer(_QUIET_S, self._send_held)
        else:
            self.submit()

    def _send_held(self) -> None:
        self._held_send = None
        self.submit()

    def _keep_line_break(self) -> None:
        """Something followed a held enter at once: it was a line break of a paste."""
        if self._held_send is not None:
            self._held_send.stop()
            self._held_send = None
            self.insert_text("\n")
