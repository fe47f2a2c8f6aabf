import sys
import time

from benchmarks.terminal import Terminal

RAW = """
import sys, os, time, tty
tty.setraw(0)
put = lambda data: os.write(1, data)
take = lambda size: os.read(0, size)
"""


def run(code: str, bytes_per_s: int = 0) -> Terminal:
    return Terminal([sys.executable, "-c", RAW + code], columns=40, rows=5, bytes_per_s=bytes_per_s)


def test_a_query_in_two_pieces_is_answered_once() -> None:
    code = (
        "put(b'\\x1b[5'); time.sleep(0.1); put(b'n')\n"
        "found = take(9)\n"
        "put(b'\\x1b[5n')\n"
        "put(repr(found + take(9)).encode())\n"
    )
    with run(code) as terminal:
        terminal.wait_for(r"b'\x1b[0n\x1b[0n'")


def test_the_cursor_is_where_the_screen_has_it() -> None:
    with run("put(b'\\x1b[3;7Hab\\x1b[6n'); put(repr(take(9)).encode())") as terminal:
        terminal.wait_for(r"b'\x1b[3;9R'")


def test_a_slow_line_takes_its_time() -> None:
    with run("put(b'.' * 100 + b'END')", bytes_per_s=200) as terminal:
        terminal.pump(0.2)
        assert "END" not in terminal.text
        terminal.wait_for("END")
        assert time.monotonic() - terminal.started_s >= 99 / 200


def test_who_computes_is_not_idle() -> None:
    with run("put(b'begun')\nwhile time.process_time() < 1.5: pass\ntake(1)") as terminal:
        terminal.wait_for("begun")
        terminal.wait_idle(1)
        assert terminal.cpu_s() > 1.3
