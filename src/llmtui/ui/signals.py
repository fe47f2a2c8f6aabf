"""The system's signals: leaving in order, and stopping and going on as a job of a shell."""

import asyncio
import os
import signal
import sys
import termios
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from textual.app import App
from textual.driver import Driver


class Signals:
    """Leaves when asked to, gives the terminal back to stop, and takes it again to go on.

    Textual 8.2 stops inside of the signal's handler, wherever the program stands, even while it holds the
    lock of its own output; and after a SIGSTOP it starts a second reader of the keyboard beside the first.
    """

    def __init__(self, app: App[Any], leave: Callable[[], Coroutine[None, None, None]]) -> None:
        self._app = app
        self._leave = leave
        self._lent = False
        """Whether another program has the terminal, such as an editor."""

    def start(self) -> None:
        """Handle the signals from now on, in the running loop."""
        self._app.app_suspend_signal.subscribe(self._app, lambda _: self._lend(True), immediate=True)
        self._app.app_resume_signal.subscribe(self._app, lambda _: self._lend(False), immediate=True)
        self._handle({signal.SIGHUP: self.leave, signal.SIGTERM: self.leave, signal.SIGINT: self.interrupt})
        self._handle_jobs()

    def leave(self) -> None:
        """Leave soon, and in order."""
        self._app.call_later(self._leave)

    def interrupt(self) -> None:
        """Leave, unless it is a ctrl+c typed at an editor: that goes to its whole group."""
        if not self._lent:
            self.leave()

    def stop(self) -> None:
        """Give the terminal back and stop; comes back when the process goes on in the foreground."""
        driver = self._driver
        if driver is not None:
            self._app.app_suspend_signal.publish(self._app)
            driver.suspend_application_mode()
        with self._plain_signals():
            os.kill(os.getpid(), signal.SIGTSTP)
            _wait_for_foreground()
        if driver is not None:
            driver.resume_application_mode()
            self._app.app_resume_signal.publish(self._app)

    def go_on(self) -> None:
        """Take the terminal anew: whoever stopped the process gave nobody the time to give it back."""
        driver = self._driver
        if driver is not None:
            with self._plain_signals():
                _wait_for_foreground()
            driver.suspend_application_mode()
            driver.resume_application_mode()
            self._app.app_resume_signal.publish(self._app)

    @property
    def _driver(self) -> Driver | None:
        """What writes to the terminal and reads from it; None while nobody does."""
        driver = self._app._driver
        ready = driver is not None and driver.can_suspend and self._app.is_running and not self._lent
        return driver if ready else None

    def _lend(self, lent: bool) -> None:
        self._lent = lent

    def _handle_jobs(self) -> None:
        self._handle({signal.SIGTSTP: self.stop, signal.SIGCONT: self.go_on})

    def _handle(self, handlers: Mapping[signal.Signals, Callable[[], None]]) -> None:
        loop = asyncio.get_running_loop()
        # Not in a thread other than the main one, as when a test runs the app.
        with suppress(ValueError, RuntimeError):
            for name, handler in handlers.items():
                loop.add_signal_handler(name, handler)

    @contextmanager
    def _plain_signals(self) -> Iterator[None]:
        """Let the system act on them: it stops the process, or where no shell could continue it, does not."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTSTP, signal.SIGCONT):
            loop.remove_signal_handler(name)
        try:
            yield
        finally:
            self._handle_jobs()


def _wait_for_foreground() -> None:
    """Stop for as long as the terminal is another job's: the system does so to who sets its modes.

    Where no shell is left that could continue the process, the call fails instead.
    """
    with suppress(termios.error, ValueError):
        terminal = sys.__stdin__.fileno() if sys.__stdin__ else 0
        termios.tcsetattr(terminal, termios.TCSANOW, termios.tcgetattr(terminal))
