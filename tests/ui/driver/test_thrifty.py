"""The driver at a terminal of its own."""

import asyncio
import os
import pty
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import TextIO

import pytest
from textual import events
from textual.app import App
from textual.geometry import Size

from llmtui.ui.driver.flow_control import LOST_AFTER_S, QUERY
from llmtui.ui.driver.thrifty import ThriftyDriver

ROWS = [f"row {number:2} {'x' * number}".ljust(80) for number in range(24)]
FRAME = "\x1b[1;1H" + "\n".join(ROWS)
SIGNALS = (signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT, signal.SIGTTOU, signal.SIGTTIN)


class Terminal:
    """A terminal that takes all and answers nothing."""

    def __init__(self) -> None:
        self.master, slave = pty.openpty()
        self.file: TextIO = os.fdopen(slave, "r", closefd=True)
        self.output = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, is_there: Callable[[bytes], bool]) -> None:
        end = time.monotonic() + 10
        while not is_there(self.output):
            assert time.monotonic() < end, self.output
            threading.Event().wait(0.005)

    def close(self) -> None:
        self.file.close()
        self._reader.join(5)
        os.close(self.master)

    def _read(self) -> None:
        while True:
            try:
                self.output += os.read(self.master, 65_536)
            except OSError:
                return


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    terminal = Terminal()
    monkeypatch.setattr("sys.__stdin__", terminal.file)
    monkeypatch.setattr("sys.__stderr__", terminal.file)
    yield terminal
    for number, handler in before.items():
        signal.signal(number, handler)
    terminal.close()


def started(terminal: Terminal) -> ThriftyDriver:
    app: App[object] = App()
    app._size = Size(80, 24)
    driver = ThriftyDriver(app, size=(80, 24))
    driver.start_application_mode()
    terminal.wait_for(lambda output: b"\x1b[?7l" in output)
    return driver


def settle(driver: ThriftyDriver) -> None:
    while driver._writer and not driver._writer.is_idle:
        threading.Event().wait(0.001)


async def test_leaving_draws_no_more_and_asks_nothing_that_nobody_reads(terminal: Terminal) -> None:
    driver = started(terminal)
    driver.write(FRAME)
    settle(driver)
    driver.disable_input()
    settle(driver)
    await asyncio.sleep(0)
    driver.flush()
    driver.stop_application_mode()
    settle(driver)
    driver.flush()
    driver.close()
    terminal.wait_for(lambda output: b"\x1b[?1049l" in output)
    assert b"row" not in terminal.output
    assert QUERY.encode() not in terminal.output


async def test_coming_back_draws_again(terminal: Terminal) -> None:
    driver = started(terminal)
    driver.write(FRAME)
    driver.suspend_application_mode()
    driver.resume_application_mode()
    settle(driver)
    driver.flush()
    settle(driver)
    terminal.wait_for(lambda output: ROWS[23].rstrip().encode() in output)
    driver.suspend_application_mode()
    await asyncio.sleep(0)
    assert terminal.output.index(b"row") > terminal.output.rindex(b"\x1b[?1049h")


async def test_what_waits_for_an_answer_that_is_lost_is_drawn_in_the_end(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = started(terminal)
    settle(driver)
    later: list[Callable[[], None]] = []
    monkeypatch.setattr(driver._loop, "call_later", lambda _, callback: later.append(callback))
    driver.write(FRAME)
    driver.flush()
    settle(driver)
    driver.process_message(events.CursorPosition(0, 0))
    for letter in "abcdefghijkl":
        driver.write(FRAME.replace("x", letter))
        driver.flush()
        settle(driver)
    await asyncio.sleep(0)
    assert b"l" * 23 not in terminal.output
    driver._flow._clock = lambda: time.monotonic() + LOST_AFTER_S
    later[-1]()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    terminal.wait_for(lambda output: b"l" * 23 in output)
    driver.suspend_application_mode()


async def test_another_size_that_is_told_within_a_frame(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = started(terminal)
    row = driver._shadow._painter.row

    def interrupted(*arguments: object) -> None:
        monkeypatch.undo()
        monkeypatch.setattr("sys.__stdin__", terminal.file)
        signal.raise_signal(signal.SIGWINCH)
        row(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(driver._shadow._painter, "row", interrupted)
    settle(driver)
    driver.write(FRAME)
    driver.flush()
    settle(driver)
    await asyncio.sleep(0)
    driver.flush()
    settle(driver)
    terminal.wait_for(lambda output: output.count(b"row 23") == 2)
    driver.suspend_application_mode()
    assert all(terminal.output.count(text[:6].encode()) == 2 for text in ROWS)
