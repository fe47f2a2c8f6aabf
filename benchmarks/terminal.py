"""A program in a pseudo-terminal: what it shows, what it writes, what it costs.

The screen is `pyte`'s, so a text counts as visible only when it stands on the screen. CPU and memory are
those of the whole process tree, from /proc (Linux).
"""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import pyte

_TICKS = os.sysconf("SC_CLK_TCK")
_ANSWERS = {
    b"\x1b[c": b"\x1b[?62;22c",
    b"\x1b[6n": b"\x1b[1;1R",
    b"\x1b[?u": b"\x1b[?0u",
    b"\x1b[?2026$p": b"\x1b[?2026;2$y",
}
"""What a terminal answers to the queries that full-screen programs send."""


class Terminal:
    """Runs `argv` in a terminal of the given size; a context manager that ends the process."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        columns: int = 120,
        rows: int = 40,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self.written = bytearray()
        """Everything that the program wrote to its terminal."""
        self._stream = pyte.ByteStream(self.screen)
        self._open = True
        self.started_s = time.monotonic()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            command: list[str] = [*argv]
            surroundings = {"TERM": "xterm-256color", "COLORTERM": "truecolor", **(env or os.environ)}
            os.execvpe(command[0], command, surroundings)
        self.resize(columns, rows)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    @property
    def text(self) -> str:
        """The screen's rows."""
        return "\n".join(self.screen.display)

    def resize(self, columns: int, rows: int) -> None:
        """Change the terminal's size."""
        self.screen.resize(rows, columns)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: str) -> None:
        """Type keys, as the bytes that a terminal sends."""
        os.write(self._fd, keys.encode())

    def wait_for(self, shown: str | Callable[[str], bool], timeout_s: float = 30) -> float:
        """Seconds until a text stands on the screen; raises TimeoutError with the screen."""
        test = (lambda text: shown in text) if isinstance(shown, str) else shown
        started = time.monotonic()
        while not test(self.text):
            if time.monotonic() - started > timeout_s or not self._open:
                raise TimeoutError(f"never shown: {shown!r}\n{self.text}")
            self.pump(0.02)
        return time.monotonic() - started

    def pump(self, seconds: float) -> None:
        """Read what the program writes for so long."""
        end = time.monotonic() + seconds
        while self._open and (left := end - time.monotonic()) > 0:
            if select.select([self._fd], [], [], left)[0]:
                self._read()

    def wait_quiet(self, still_s: float = 0.5, timeout_s: float = 20) -> None:
        """Read until the program has written nothing for so long."""
        end, written = time.monotonic() + timeout_s, -1
        while len(self.written) != written and time.monotonic() < end:
            written = len(self.written)
            self.pump(still_s)

    def cpu_s(self) -> float:
        """User and system seconds of the process tree."""
        return sum(_cpu_s(pid) for pid in self.tree())

    def memory_mb(self) -> float:
        """Resident memory of the program's own process."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024

    def tree(self) -> list[int]:
        """The program and its descendants."""
        children: dict[int, list[int]] = {}
        for pid, fields in _processes():
            children.setdefault(int(fields[1]), []).append(pid)
        found = [self.pid]
        for pid in found:
            found += children.get(pid, [])
        return found

    def kill(self) -> None:
        """End the program as `kill -9` does, its descendants left alone."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self._close()

    def hang_up(self) -> None:
        """Go away as a window that is closed: the program gets SIGHUP, and EIO for what it writes."""
        self._close()

    def wait_exit(self, timeout_s: float = 10) -> int:
        """The exit code, once the program has ended."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pump(0.05)
                self._close()
                return os.waitstatus_to_exitcode(status)
            self.pump(0.02)
        raise TimeoutError(f"still running\n{self.text}")

    def end(self) -> None:
        """End the program if it runs."""
        with suppress(ChildProcessError, ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
            with suppress(TimeoutError):
                self.wait_exit(3)
                return
            self.kill()
        self._close()

    def _read(self) -> None:
        try:
            data = os.read(self._fd, 65536)
        except OSError:
            data = b""
        if not data:
            self._open = False
            return
        self.written += data
        for query, answer in _ANSWERS.items():
            if query in data:
                os.write(self._fd, answer)
        self._stream.feed(data)

    def _close(self) -> None:
        self._open = False
        with suppress(OSError):
            os.close(self._fd)


def _processes() -> Iterator[tuple[int, list[str]]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                yield int(entry.name), (entry / "stat").read_text().rsplit(")", 1)[1].split()


def _cpu_s(pid: int) -> float:
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS
    return 0.0
