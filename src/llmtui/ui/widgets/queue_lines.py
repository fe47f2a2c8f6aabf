"""The lines above the prompt that show what waits for the end of a reply."""

from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.widgets import Static

from llmtui.core.text import sanitise_line
from llmtui.ui.keymap import Keymap

MOST_LINES = 3


class QueueLines(Static):
    """The first words of the queued messages; takes no row when nothing waits."""

    DEFAULT_CSS = """
    QueueLines { height: auto; padding: 0 2; color: $text-muted; display: none; }
    QueueLines.-shown { display: block; }
    """

    def __init__(self, keymap: Keymap) -> None:
        super().__init__("", markup=False)
        self._keymap = keymap
        self._texts: Sequence[str] = ()
        self._held = False

    def show(self, texts: Sequence[str], *, held: bool) -> None:
        """Show what waits, and whether it does so for the person."""
        self._texts, self._held = texts, held
        self.set_class(bool(texts), "-shown")
        self._write()

    def on_resize(self, event: events.Resize) -> None:
        """Cut the lines anew."""
        self._write()

    def _write(self) -> None:
        # A low screen needs its rows for the conversation.
        most = MOST_LINES if self.app.size.height >= 14 else 1
        width = self.size.width or self.app.size.width
        lines = queue_lines(self._texts, held=self._held, most=most, width=width)
        if self._held and most > 1:
            lines.append(Content(held_hint(self._keymap)).truncate(width, ellipsis=True))
        self.update(Content("\n").join(lines))


def queue_lines(texts: Sequence[str], *, held: bool, most: int, width: int) -> list[Content]:
    """At most `most` lines, the last one with the count of those that are left out."""
    mark = Content.styled("held: ", "$text-warning") if held else Content("queued: ")
    lines = []
    for number, text in enumerate(texts[:most], start=1):
        left_out = len(texts) - most if number == most else 0
        more = Content(f" +{left_out} more" if left_out > 0 else "")
        room = max(0, width - more.cell_length)
        lines.append((mark + Content(sanitise_line(text))).truncate(room, ellipsis=True) + more)
    return lines


def held_hint(keymap: Keymap) -> str:
    """The keys for a queue that is held."""
    send, back, drop = map(keymap.hint, ("send", "earlier-prompt", "drop-queue"))
    return f"{send} sends on · {back} takes the last back · {drop} drops"
