import threading
from io import StringIO
from typing import IO, cast

from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread

from llmtui.ui.driver.plain import LastingOutput


class Gone(StringIO):
    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")


def test_a_terminal_that_has_gone_blocks_no_write() -> None:
    thread = WriterThread(cast(IO[str], LastingOutput(Gone())))
    thread.start()

    def write_much() -> None:
        for _ in range(3 * MAX_QUEUED_WRITES):
            thread.write("text")
        thread.stop()

    # In a thread, so that a write that blocks fails the test and does not hang it.
    writing = threading.Thread(target=write_much, daemon=True)
    writing.start()
    writing.join(5)
    assert not writing.is_alive()
