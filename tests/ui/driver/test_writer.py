import os
from threading import Event

import pytest

from llmtui.ui.driver.writer import Writer


@pytest.fixture
def pipe() -> tuple[int, int]:
    return os.pipe()


def test_it_writes_in_order_and_tells_when_it_is_done(pipe: tuple[int, int]) -> None:
    idle = Event()
    writer = Writer(pipe[1], idle.set)
    writer.start()
    writer.send("grüße ")
    writer.send("\ud83d!")
    assert idle.wait(5)
    assert writer.is_idle
    writer.stop(5)
    assert os.read(pipe[0], 100) == "grüße ?!".encode()


def test_sending_to_a_reader_that_is_asleep_blocks_nobody(pipe: tuple[int, int]) -> None:
    writer = Writer(pipe[1], lambda: None)
    writer.start()
    for _ in range(100):
        writer.send("x" * 10_000)
    assert not writer.is_idle
    writer.stop(0)
    assert writer.is_alive()
    left = 1_000_000
    while left:
        left -= len(os.read(pipe[0], 65_536))
    writer.join(5)
    assert not writer.is_alive()


def test_a_terminal_that_has_gone_ends_nothing(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    idle = Event()
    writer = Writer(pipe[1], idle.set)
    writer.start()
    writer.send("into the void")
    assert idle.wait(5)
    writer.stop(5)
    assert not writer.is_alive()


def test_a_descriptor_that_does_not_wait_is_waited_for(pipe: tuple[int, int]) -> None:
    os.set_blocking(pipe[1], False)
    idle = Event()
    writer = Writer(pipe[1], idle.set)
    writer.start()
    writer.send("y" * 200_000)
    left = 200_000
    while left:
        left -= len(os.read(pipe[0], 65_536))
    assert idle.wait(5)
    writer.stop(5)
