"""The log, on the whole screen, growing as it is written."""

import asyncio
import re
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.getters import query_one
from textual.widgets import Input

from llmtui.services.logs import CHUNK, MOST, OWN, Level, LogReader, LogTail
from llmtui.ui.clipboard import copy
from llmtui.ui.modals.dialog import Dialog
from llmtui.ui.widgets.flash import Flash
from llmtui.ui.widgets.line_input import LineInput
from llmtui.ui.widgets.log_view import LogView

FOLLOW_EVERY_S = 0.5
_GROWTH = 4


class LogViewer(Dialog[None]):
    """Its end to begin with, more when one goes up; new lines are followed while the last one is marked."""

    AUTO_FOCUS = "LogView"
    KEYS: ClassVar[str] = "esc close · tab log · l level · / find · n N next · c C copy line, screen"

    DEFAULT_CSS = """
    LogViewer {
        & > .frame { width: 100%; height: 100%; max-height: 100%; }
        & LineInput { display: none; }
        & LineInput.-shown { display: block; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "next_log", "Next log", show=False),
        Binding("l", "next_level", "Level", show=False),
        # Handled before the lines see the keys, so that what is typed fast right after goes to the search.
        Binding("slash", "find", "Find", show=False, priority=True),
        Binding("n", "find_again(-1)", "Older", show=False),
        Binding("N", "find_again(1)", "Newer", show=False),
        Binding("c", "copy_line", "Copy line", show=False),
        Binding("C", "copy_screen", "Copy screen", show=False),
    ]

    view = query_one(LogView)
    line = query_one(LineInput)

    def __init__(self, reader: LogReader) -> None:
        super().__init__("Log")
        self._reader = reader
        self._shown = OWN
        self._bytes = CHUNK
        self._tail = LogTail()
        self._level = Level.DEBUG
        self._needle: re.Pattern[str] | None = None
        self._origin = 0
        """The line that was marked when the search began."""
        self._behind = False
        """Whether lines have come that are not shown, because the reader is further up."""

    def compose_body(self) -> ComposeResult:
        """The lines, the search, and short answers."""
        yield LogView()
        yield LineInput(placeholder="words to find")
        yield Flash()

    def on_mount(self) -> None:
        """Read, and go on reading."""
        self.run_worker(self._read_on(), exit_on_error=False)

    async def _read_on(self) -> None:
        await self.load()
        while True:
            await asyncio.sleep(FOLLOW_EVERY_S)
            await self.follow()

    async def load(self) -> None:
        """Read the end of the log; who is not at its end keeps the place, counted from there."""
        following, from_end = self.view.following, len(self.view.lines) - self.view.current
        self._tail = await self._reader.tail(self._shown, self._bytes)
        lines = [line for line in self._tail.lines if line.level >= self._level]
        self._behind = False
        self.view.show(lines, len(lines) - (1 if following else from_end))
        self._retitle()

    async def follow(self) -> None:
        """Show what has come since, or that it has; nothing is drawn when nothing has."""
        if await self._reader.mark(self._shown) == self._tail.mark:
            return
        if self.view.following:
            await self.load()
        elif not self._behind:
            self._behind = True
            self._retitle()

    async def load_more(self) -> bool:
        """Read further back; False when there is nothing more."""
        if self._tail.whole or self._bytes >= MOST:
            return False
        self._bytes *= _GROWTH
        await self.load()
        return True

    @on(LogView.StartPassed)
    async def show_earlier(self) -> None:
        """Read further back for who goes up from the first line."""
        if await self.load_more():
            self.view.action_walk(-1)

    @on(LogView.Moved)
    async def catch_up(self) -> None:
        """Show what came meanwhile to who is back at the end."""
        if self._behind and self.view.following:
            await self.load()

    async def action_next_log(self) -> None:
        """Show the log of the next program."""
        names = await self._reader.names()
        here = names.index(self._shown) if self._shown in names else -1
        self._shown, self._bytes = names[(here + 1) % len(names)], CHUNK
        await self._show_end()

    async def action_next_level(self) -> None:
        """Show only what is more serious; after errors, everything again."""
        levels = list(Level)
        self._level = levels[(levels.index(self._level) + 1) % len(levels)]
        await self._show_end()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Within the search a slash is a character like others."""
        return not (action == "find" and self.focused is self.line)

    def action_find(self) -> None:
        """Look for words."""
        self._origin = self.view.current
        self.line.value = ""
        self.line.add_class("-shown")
        self.set_focus(self.line)

    @on(Input.Changed)
    async def find_typed(self) -> None:
        """Go to the newest line that has what is typed."""
        text = self.line.value
        self._needle = re.compile(re.escape(text), re.IGNORECASE) if text else None
        self.view.mark_found(self._needle)
        if self._needle is not None and (at := self.view.find(self._needle, self._origin, -1)) is not None:
            self.view.go_to(at)

    @on(Input.Submitted)
    async def end_typing(self) -> None:
        """Go back to the lines, at what was found, however far back it is."""
        self._leave_search()
        if self._needle is not None:
            await self._find(self._needle, self.view.current, -1)

    async def action_find_again(self, step: int) -> None:
        """Go to the next line that has it: older (-1) or newer (1)."""
        if self._needle is None:
            self.action_find()
        else:
            await self._find(self._needle, self.view.current + step, step)

    async def action_copy_line(self) -> None:
        """Copy the marked line."""
        if self.view.lines:
            await self._copy(self.view.lines[self.view.current].text)

    async def action_copy_screen(self) -> None:
        """Copy the lines on the screen."""
        await self._copy("\n".join(line.text for line in self.view.visible_lines))

    def action_close(self) -> None:
        """Leave the search, else the log."""
        if self.line.has_class("-shown"):
            self._needle = None
            self.view.mark_found(None)
            self._leave_search()
        else:
            self.dismiss(None)

    async def _find(self, needle: re.Pattern[str], start: int, step: int) -> None:
        while (at := self.view.find(needle, start, step)) is None:
            held = len(self.view.lines)
            if step > 0 or not await self.load_more():
                self._say("not found " + ("further down" if step > 0 else "further up"))
                return
            start = len(self.view.lines) - held - 1
        self.view.go_to(at)

    async def _show_end(self) -> None:
        self.view.show((), 0)
        await self.load()

    def _leave_search(self) -> None:
        self.line.remove_class("-shown")
        self.set_focus(self.view)

    async def _copy(self, text: str) -> None:
        self._say(await copy(self.app, text))

    def _say(self, text: str) -> None:
        self.query_one(Flash).show(text)

    def _retitle(self) -> None:
        level = "" if self._level is Level.DEBUG else f" · {self._level.name.lower()} and above"
        state = " · nothing" if not self.view.lines else " · new lines below: end" if self._behind else ""
        self.query_one(".frame").border_title = Content(f"Log: {self._shown}{level}{state}")
