"""The driver that sends only what changed, and no more than the terminal can take: the latest frame wins."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from threading import Event, RLock
from typing import Any

from textual import events
from textual.app import App
from textual.message import Message

from llmtui.ui.driver.capabilities import capabilities_of
from llmtui.ui.driver.flow_control import LOST_AFTER_S, QUERY, FlowControl
from llmtui.ui.driver.plain import TerminalDriver
from llmtui.ui.driver.shadow import Shadow
from llmtui.ui.driver.writer import Writer

_LAST_ANSWER_S = 0.5
_LAST_WORDS_S = 5.0


class ThriftyDriver(TerminalDriver):
    """Textual's driver with a shadow of the terminal before it.

    A frame is drawn when the terminal has taken the one before; what Textual drew meanwhile is in it, so a
    slow link drops frames instead of blocking the loop.
    """

    def __init__(self, app: App[object], **options: Any) -> None:
        super().__init__(app, **options)
        self._shadow = Shadow(capabilities_of(os.environ.get("TERM", "")))
        self._flow = FlowControl()
        self._writer: Writer | None = None
        self._held = False
        self._is_leaving = False
        self._answered = Event()
        # Textual writes from the thread that reads keys, too.
        self._lock = RLock()

    def repaint(self) -> None:
        """Take nothing for granted of what the terminal shows: the next frame draws all of it."""
        with self._lock:
            self._shadow.forget()

    def write(self, data: str) -> None:
        """Take what Textual draws; anything else is passed on at once."""
        writer = self._writer
        if writer is None:
            return  # The terminal belongs to another program meanwhile; coming back draws everything.
        with self._lock:
            size = self._app.size
            if size != self._shadow.size:
                self._shadow.resize(*size)
            if aside := self._shadow.feed(data):
                writer.send(aside)

    def flush(self) -> None:
        """Send a frame, unless the terminal is still busy with one."""
        writer = self._writer
        if writer is None or self._is_leaving:
            return
        with self._lock:
            # Said before the writer is looked at, so that it cannot become idle unnoticed in between.
            self._held = True
            if not writer.is_idle:
                return
            room = self._flow.room
            if room == 0:
                if not self._flow.awaits_answer:
                    self._ask(writer)
                return
            frame = self._shadow.frame(room)
            self._held = self._shadow.is_behind
            if frame:
                writer.send(frame)
                if self._flow.sent(len(frame)):
                    self._ask(writer)

    def start_application_mode(self) -> None:
        """Take the terminal; what it shows is not known."""
        self._writer = Writer(self.output, self._resume_soon)
        self._writer.start()
        self._flow.restart()
        self._shadow.forget()
        self._is_leaving = False
        super().start_application_mode()  # type: ignore[no-untyped-call]
        resized = signal.getsignal(signal.SIGWINCH)

        def on_resize(*arguments: Any) -> None:
            # The terminal has moved or cut what it shows. Not at once: a frame may be half drawn here.
            self._loop.call_soon_threadsafe(self.repaint)
            if callable(resized):
                resized(*arguments)

        signal.signal(signal.SIGWINCH, on_resize)

    def disable_input(self) -> None:
        """Read no more, once the terminal has answered: a shell would take the answer for something typed."""
        # Textual calls it twice on the way out; once is waited.
        if not self._is_leaving and self._flow.awaits_answer:
            self._is_leaving = True
            self._answered.wait(_LAST_ANSWER_S)
        self._is_leaving = True
        super().disable_input()

    def close(self) -> None:
        """Write the rest."""
        super().close()
        if self._writer is not None:
            self._writer.stop(_LAST_WORDS_S)
            self._writer = None

    def process_message(self, message: Message) -> None:
        """Keep the terminal's answers to ourselves; note that it has another size."""
        if isinstance(message, events.CursorPosition):
            with self._lock:
                ours = self._flow.answered()
            if ours:
                self._answered.set()
                self._resume_soon()
                return
        if isinstance(message, events.Resize):
            self.repaint()
        super().process_message(message)

    def _ask(self, writer: Writer) -> None:
        self._answered.clear()
        self._flow.asked()
        writer.send(QUERY)
        with suppress(RuntimeError):
            # What is held back until the answer must not wait for one that is lost.
            self._loop.call_soon_threadsafe(self._loop.call_later, LOST_AFTER_S, self._resume_soon)

    def _resume_soon(self) -> None:
        """Send what was held back; called on other threads than the loop's."""
        if self._held:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self.flush)
