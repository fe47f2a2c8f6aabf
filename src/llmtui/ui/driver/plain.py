"""Textual's driver, made to outlive its terminal."""

from typing import IO, Any, cast

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from llmtui.ui.terminal_input import read_terminal


class LastingOutput:
    """A terminal to write to; what is written after it has gone is dropped."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> None:
        """Write, if anybody is there."""
        try:
            self._file.write(text)
        except OSError:
            return

    def flush(self) -> None:
        """Flush, if anybody is there."""
        try:
            self._file.flush()
        except OSError:
            return

    def fileno(self) -> int:
        """The terminal's descriptor."""
        return self._file.fileno()


class TerminalDriver(LinuxDriver):
    """A driver whose writing thread does not end when the terminal hangs up.

    Textual 8.2's thread ends by the first error; its queue then fills, and the next write blocks the loop
    before the reply that streams could be kept.
    """

    def __init__(self, app: App[object], **options: Any) -> None:
        super().__init__(app, **options)
        file = cast(IO[str], self._file)
        self.output = file.fileno()
        """The terminal's descriptor for writing."""
        self._file = cast(Any, LastingOutput(file))

    def write(self, data: str) -> None:
        """Write, unless the terminal is lent to another program; what is missed is painted anew then."""
        if self._writer_thread is not None and self._writer_thread.is_alive():
            super().write(data)

    def run_input_thread(self) -> None:
        """Read the terminal, in a thread of its own."""
        read_terminal(self.fileno, self.exit_event, self.process_message)
