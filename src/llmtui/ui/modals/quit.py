"""The dialog before leaving while something is under way."""

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from llmtui.services.leaving import InFlight
from llmtui.ui.actions import BY_ID
from llmtui.ui.keymap import Keymap, bindings
from llmtui.ui.modals.dialog import Dialog
from llmtui.ui.widgets.leader import LeaderPanel

_ASKS = [BY_ID["leader"], BY_ID["quit"]]


class QuitDialog(Dialog[bool | None]):
    """Says what would be stopped and lost; the keys that quit work here too."""

    AUTO_FOCUS = None
    KEYS: ClassVar[str] = "enter quit · esc stay"

    DEFAULT_CSS = """
    QuitDialog > .frame { width: 64; }
    QuitDialog Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(_ASKS),
        Binding("enter,y", "take", "Quit", show=False),
        Binding("n", "close", "Stay", show=False),
    ]

    def __init__(self, work: InFlight, keymap: Keymap) -> None:
        super().__init__("Quit?")
        self._work = work
        self._keymap = keymap

    def compose_body(self) -> ComposeResult:
        """One line for each kind of thing."""
        yield Static(Content("\n").join(map(Content, consequences(self._work))), markup=False)

    def action_take(self) -> None:
        """Quit."""
        self.dismiss(True)

    def action_leader(self) -> None:
        """Wait for the second key of the one action that there is here."""
        self.app.push_screen(LeaderPanel(self._keymap, [BY_ID["quit"]]), self._take_if)

    def _take_if(self, action_id: str | None) -> None:
        if action_id is not None:
            self.dismiss(True)


def consequences(work: InFlight) -> Iterator[str]:
    """What quitting does to what is under way."""
    kept = f"lost: {work.problem}" if work.problem else "kept"
    if work.replies:
        yield f"{_are(work.replies, 'reply', 'replies')} being written: stopped and {kept}"
    if work.queued:
        sent = "" if work.problem else ", not sent"
        yield f"{_are(work.queued, 'message', 'messages')} queued: {kept}{sent}"
    if work.private:
        chats = "private chat is" if work.private == 1 else "private chats are"
        yield f"{work.private} {chats} lost"
    if work.transfers:
        resumed = "stopped; a pull goes on when you ask for it again"
        yield f"{_are(work.transfers, 'model', 'models')} on the way: {resumed}"


def _are(count: int, one: str, many: str) -> str:
    return f"{count} {one} is" if count == 1 else f"{count} {many} are"
