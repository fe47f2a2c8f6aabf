"""A program in a pseudo-terminal: what it shows, what it writes, what it costs.

The screen is `pyte`'s, so a text counts as visible only when it stands on the screen; it is drawn when it is
looked at, and costs nothing before. CPU and memory are those of the whole process tree, from /proc (Linux).
"""

import fcntl
import os
import pty
import re
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
_QUERY = re.compile(rb"\x1b\[(?:c|5n|6n|\?u|\?2026\$p)")
_LONGEST_QUERY = 9
_ANSWERS = {
    b"\x1b[c": b"\x1b[?62;22c",
    b"\x1b[5n": b"\x1b[0n",
    b"\x1b[?u": b"\x1b[?0u",
    b"\x1b[?2026$p": b"\x1b[?2026;2$y",
}
"""What a terminal answers to the queries that full-screen programs send, beside the cursor's place."""
READ_BYTES = 65536
IDLE_BYTES_PER_S = 5000
IDLE_CPU = 0.2


class Terminal:
    """Runs `argv` in a terminal of the given size; a context manager that ends the process."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        columns: int = 120,
        rows: int = 40,
        env: Mapping[str, str] | None = None,
        bytes_per_s: int = 0,
    ) -> None:
        """`bytes_per_s` is how fast the terminal takes what is written; 0: as fast as it comes."""
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._drawn = self._answered = 0
        self._line = _Line(bytes_per_s)
        self.written = bytearray()
        """Everything that the program wrote to its terminal."""
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
    def screen(self) -> pyte.Screen:
        """The screen as it is after all that was read."""
        self._draw(len(self.written))
        return self._screen

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
            self.read(left)

    def read(self, timeout_s: float) -> bool:
        """Read once, as soon as there is something; False when that took too long."""
        end = time.monotonic() + timeout_s
        if (wait_s := self._line.wait_s()) > 0:
            time.sleep(min(wait_s, timeout_s))
        left = max(0.0, end - time.monotonic())
        ready = self._line.wait_s() <= 0 and bool(select.select([self._fd], [], [], left)[0])
        if ready:
            self._read()
        return ready

    def wait_quiet(self, still_s: float = 0.5, timeout_s: float = 20) -> None:
        """Read until the program has written nothing for so long."""
        end, written = time.monotonic() + timeout_s, -1
        while len(self.written) != written and time.monotonic() < end:
            written = len(self.written)
            self.pump(still_s)

    def wait_idle(self, still_s: float = 0.5, timeout_s: float = 60) -> None:
        """Read until the program has hardly written or worked for so long, as far as a cursor may blink."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            written, cpu_s = len(self.written), self.cpu_s()
            self.pump(still_s)
            quiet = len(self.written) - written <= IDLE_BYTES_PER_S * still_s
            if quiet and self.cpu_s() - cpu_s <= IDLE_CPU * still_s:
                return

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
            data = os.read(self._fd, self._line.take())
        except OSError:
            data = b""
        if not data:
            self._open = False
            return
        self._line.took(len(data))
        self.written += data
        self._answer()

    def _answer(self) -> None:
        """Answer the queries that came, one that was read in two pieces too."""
        start = max(self._answered, len(self.written) - READ_BYTES - _LONGEST_QUERY)
        for query in _QUERY.finditer(self.written, start):
            self._answered = query.end()
            os.write(self._fd, _ANSWERS.get(query[0]) or self._cursor(query.start()))

    def _cursor(self, position: int) -> bytes:
        self._draw(position)
        return b"\x1b[%d;%dR" % (self._screen.cursor.y + 1, self._screen.cursor.x + 1)

    def _draw(self, until: int) -> None:
        drawn, self._drawn = self._drawn, max(self._drawn, until)
        self._stream.feed(bytes(self.written[drawn : self._drawn]))

    def _close(self) -> None:
        self._open = False
        with suppress(OSError):
            os.close(self._fd)


class _Line:
    """How much of what was written comes through, by the clock; an even stream, as a modem's."""

    def __init__(self, bytes_per_s: int) -> None:
        self._bytes_per_s = bytes_per_s
        self._free_at_s = 0.0

    def wait_s(self) -> float:
        """Seconds until the next bytes may be read."""
        return self._free_at_s - time.monotonic()

    def take(self) -> int:
        """How many may be read at once: what comes in 20 ms."""
        return self._bytes_per_s // 50 or READ_BYTES

    def took(self, size: int) -> None:
        """So many were read."""
        if self._bytes_per_s:
            self._free_at_s = time.monotonic() + size / self._bytes_per_s


def seen_cells(screen: pyte.Screen) -> list[list[tuple[object, ...]]]:
    """Every cell of a screen with its attributes; of a blank, what is seen of it."""
    return [[_seen(screen.buffer[y][x]) for x in range(screen.columns)] for y in range(screen.lines)]


def _seen(char: pyte.screens.Char) -> tuple[object, ...]:
    if char.data == " " and not (char.underscore or char.reverse or char.strikethrough):
        return (" ", char.bg)
    return tuple(char)


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
