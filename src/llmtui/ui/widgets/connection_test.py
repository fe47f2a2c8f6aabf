"""A connection test: stages as they come, what helps when one fails, and a token where a person wants one."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.getters import query_one
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static
from textual.worker import Worker

from llmtui.core.models import CheckStage, ConnectionReport, Remedy, StageListener
from llmtui.core.text import sanitise_line
from llmtui.services.connection import TOKEN, Connection, Progress
from llmtui.ui.clipboard import copy
from llmtui.ui.widgets.check_report import CheckReport

OWN_KEYS: Mapping[str, str] = MappingProxyType({"again": "t", "token": "o", "copy": "c"})
"""What the actions are reached by while the widget has the keys."""
_SECOND = 1.0


class ConnectionTest(Vertical, can_focus=True):
    """Runs one test at a time; nothing is asked before `start`, and no token without its key."""

    DEFAULT_CSS = """
    ConnectionTest {
        height: auto;
        & > .keys { height: auto; margin: 0 0 0 1; color: $foreground 60%; display: none; }
        & > .keys.-shown { display: block; }
        &:ansi > .keys { color: ansi_default; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(OWN_KEYS["again"], "again", "Test", show=False),
        Binding(OWN_KEYS["token"], "ask_token", "One token", show=False),
        Binding(OWN_KEYS["copy"], "copy", "Copy", show=False),
        Binding("escape", "cancel", "Cancel", show=False),
    ]

    @dataclass
    class Grew(Message):
        """More lines are shown, or fewer."""

    @dataclass
    class Ended(Message):
        """A test has come to its end; one that was cancelled has not."""

        report: ConnectionReport

    report = query_one(CheckReport)

    def __init__(
        self,
        connection: Connection | None = None,
        *,
        keys: Mapping[str, str] = OWN_KEYS,
        id: str | None = None,
    ) -> None:
        """Take what is tested, unless `start` gets it.

        `keys` are those of a screen that has bound the actions itself, and keeps the focus.
        """
        super().__init__(id=id)
        self.can_focus = keys is OWN_KEYS
        self.connection = connection
        self._keys = keys
        self._found: ConnectionReport | None = None
        self._progress = Progress()
        self._work: Worker[None] | None = None
        self._ticking: Timer | None = None
        self._copied = -1
        self._said = ""

    @property
    def running(self) -> bool:
        """Whether something is being asked."""
        return self._work is not None

    def compose(self) -> ComposeResult:
        """The report above the keys."""
        yield CheckReport()
        yield Static(classes="keys", markup=False)

    def on_mount(self) -> None:
        """Say how to begin."""
        if self.connection is not None:
            self._show_keys()

    def start(self, connection: Connection | None = None) -> None:
        """Test from the beginning, instead of whatever is asked now."""
        self.connection = connection or self.connection
        if self.connection is not None:
            self._found = None
            self._run(self.connection.test)

    def cancel(self) -> bool:
        """Stop asking; False when nothing is asked."""
        if self._work is None:
            return False
        self._work.cancel()
        self._found = None
        self._end("cancelled")
        return True

    def say(self, words: str, style: str = "") -> None:
        """Show a sentence instead of a test."""
        self.cancel()
        self._found, self._said = None, ""
        self.report.say(words, style)
        self._show_keys()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys of what cannot be done now to others."""
        match action:
            case "cancel":
                return self.running
            case "ask_token":
                return self._may_ask_token
            case "copy":
                return bool(self._found and self._found.remedies)
        return True

    def action_again(self) -> None:
        """Test once more."""
        self.start()

    def action_cancel(self) -> None:
        """Stop asking."""
        self.cancel()

    def action_ask_token(self) -> None:
        """Ask the model for one token: what that does was said before."""
        if self._may_ask_token and self.connection:
            self._run(self.connection.ask_token)

    async def action_copy(self) -> None:
        """Copy the first command or address, then the next one."""
        if not (self._found and self._found.remedies):
            return
        self._copied, remedy = self._next_remedy(self._found.remedies)
        text = remedy.text
        self._said = f"{text}: {await copy(self.app, text)}"
        self._show_keys()

    def _next_remedy(self, remedies: Sequence[Remedy]) -> tuple[int, Remedy]:
        """What is copied next, and its place."""
        at = (self._copied + 1) % len(remedies)
        return at, remedies[at]

    @property
    def _may_ask_token(self) -> bool:
        return bool(self._found and self._found.ok and self.connection and not self.running)

    def _run(self, ask: Callable[[StageListener], Awaitable[ConnectionReport]]) -> None:
        if self._work:
            self._work.cancel()
        known = self._found and replace(
            self._found, stages=tuple(stage for stage in self._found.stages if stage.name != TOKEN)
        )

        async def work() -> None:
            report = await ask(self._take)
            report = known.followed_by(report) if known else report
            self._found = report
            self._end()
            self.post_message(self.Ended(report))

        self._said, self._copied = "", -1
        self._progress = Progress(known.stages if known else ())
        self._work = self.run_worker(work(), group="test", exclusive=True, exit_on_error=False)
        self._ticking = self._ticking or self.set_interval(_SECOND, self._draw)
        self._draw()
        self._show_keys()

    def _end(self, said: str = "") -> None:
        if self._ticking:
            self._ticking.stop()
        self._work = self._ticking = None
        self._said = said
        if self._found:
            self.report.show(self._found)
        else:
            self.report.show_stages(self._progress.ended)
        self._show_keys()

    def _take(self, stage: CheckStage) -> None:
        self._progress.take(stage)
        self._draw()
        self.post_message(self.Grew())

    def _draw(self) -> None:
        self.report.show_stages(self._progress.stages)

    def _show_keys(self) -> None:
        line = self.query_one(".keys", Static)
        words = list(self._words())
        line.set_class(bool(words), "-shown")
        line.update(Content("\n").join(Content(sanitise_line(one)) for one in words))
        self.post_message(self.Grew())

    def _words(self) -> list[str]:
        keys, words = self._keys, [self._said] if self._said else []
        if self.running:
            return ["esc cancels"]
        if self._found and self._found.remedies:
            words.append(f"{keys['copy']} copies: {self._next_remedy(self._found.remedies)[1].text}")
        if self._may_ask_token and self.connection:
            words.append(f"{keys['token']} asks for one token: {self.connection.token_effect}")
        if self.connection is not None:
            words.append(f"{keys['again']} tests the connection")
        return words
