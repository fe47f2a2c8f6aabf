"""Searching all chats while typing."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import ClassVar

from textual import on
from textual.content import Content
from textual.timer import Timer
from textual.worker import Worker, WorkerState

from llmtui.core.history import SearchHit
from llmtui.core.text import sanitise_line
from llmtui.ui.ages import age
from llmtui.ui.modals.pick_list import PickList, Row

_DEBOUNCE_S = 0.15
_BEGIN, _END = "\x02", "\x03"
_LEAD = 20
"""Characters kept before the first found word, so that it is seen."""


class HistorySearch(PickList[SearchHit | None, SearchHit]):
    """The messages that hold the words; for an empty query, what is recent."""

    KEYS: ClassVar[str] = "enter open · esc close"

    def __init__(
        self, search: Callable[[str], Awaitable[list[SearchHit]]], recent: Sequence[SearchHit] = ()
    ) -> None:
        super().__init__("Search", "words to find in all chats")
        self._search = search
        self._recent = recent
        self._timer: Timer | None = None
        self._hits: Sequence[SearchHit] = ()
        self._note = ""

    def on_mount(self) -> None:
        """Show what is recent."""
        self.show_rows(self.rows(""))

    def narrow(self) -> None:
        """Search when the typing pauses."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_DEBOUNCE_S, self._ask)

    @on(Worker.StateChanged)
    def show_failure(self, event: Worker.StateChanged) -> None:
        """Say why nothing was found."""
        if event.state is WorkerState.ERROR:
            self._hits, self._note = (), sanitise_line(f"not searched: {event.worker.error}")
            self.show_rows(self.rows(self.filter.value.strip()))

    def rows(self, query: str) -> Iterable[Row[SearchHit]]:
        """The hits, or what is recent."""
        hits = self._hits if query else self._recent
        note = self._note if query else "" if hits else "type what you look for"
        if note:
            yield Row(Content.styled(note, "dim"))
        for hit in hits:
            title = Content.styled(sanitise_line(hit.title) or "untitled", "bold")
            excerpt = Content("  ") + _excerpt(hit.excerpt)
            yield Row(title, Content.styled(age(hit.created_at), "dim"), excerpt, hit)

    def take(self, value: SearchHit) -> None:
        """Close with the hit."""
        self.dismiss(value)

    def _ask(self) -> None:
        query = self.filter.value.strip()
        self.run_worker(self._find(query), group="search", exclusive=True, exit_on_error=False)

    async def _find(self, query: str) -> None:
        self._hits = await self._search(query) if query else ()
        self._note = "" if self._hits else "nothing found"
        self.show_rows(self.rows(query))


def _excerpt(text: str) -> Content:
    """An excerpt on one line, with the found words set off."""
    before, _, rest = text.partition(_BEGIN)
    before = " ".join(before.split(" "))
    lead = before if len(before) <= _LEAD else "…" + before[-_LEAD:]
    parts: list[Content] = [Content(_on_one_line(lead))]
    for piece in rest.split(_BEGIN):
        word, _, after = piece.partition(_END)
        parts += [Content.styled(_on_one_line(word), "bold $accent"), Content(_on_one_line(after))]
    return Content("").join(parts)


def _on_one_line(text: str) -> str:
    return text.replace("\n", " ").replace("\t", " ")
