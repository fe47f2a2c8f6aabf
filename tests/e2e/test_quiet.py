"""What is written to the terminal while nothing happens, and which colours ever are."""

import asyncio
import re
from collections.abc import Callable, Iterator

import pytest

from benchmarks.terminal import Terminal
from tests.e2e.conftest import Start
from tests.gatekeeper import gatekeeper

ENTER = "\r"
ESCAPE = "\x1b"
LEADER = "\x07"
QUICK = """
providers:
  - {id: fake, kind: scripted, name: Fake, options: {tokens_per_s: null}}
  - {id: other, kind: scripted, name: Other, options: {tokens_per_s: null}}
"""
OPENED = {
    "prompt": ("", "Message"),
    "model picker": ("\x0f", "f2 ★"),
    "history search": ("\x12", "esc close"),
    "palette": ("\x10", "Search"),
    "title": (LEADER + "t", "esc close"),
    "settings": (LEADER + "d", "Settings of"),
    "health": (LEADER + "h", "Health"),
    "log": (LEADER + "w", "esc"),
}
IDLE_S = 3.0
CODE = "Look:\\n\\n```python\\ndef f(x):\\n    return x + 1  # one more\\n```\\n\\n- **bold** and `code`\\n"
COLOURED = f"""
providers:
  - id: fake
    kind: scripted
    name: Fake
    options: {{tokens_per_s: 40, script: [{{text: "{CODE}"}}]}}
"""
COLOURS = {*range(30, 39), *range(40, 49), *range(90, 98), *range(100, 108)}
SGR = re.compile(rb"\x1b\[([\d;:]*)m")


def written_while_idle(terminal: Terminal, seconds: float) -> bytes:
    """What is written in so many seconds, once what was asked for has been drawn."""
    terminal.wait_quiet(1.5)
    written = len(terminal.written)
    terminal.pump(seconds)
    return bytes(terminal.written[written:])


@pytest.mark.parametrize(("keys", "shown"), OPENED.values(), ids=OPENED)
def test_idle_writes_nothing(start: Start, config: Callable[[str], str], keys: str, shown: str) -> None:
    terminal = start("--config", config(QUICK))
    terminal.wait_for("Message")
    terminal.wait_quiet()
    terminal.type(keys)
    terminal.wait_for(shown)
    assert written_while_idle(terminal, IDLE_S) == b""


@pytest.mark.slow
async def test_a_minute_of_checks_writes_nothing(start: Start, config: Callable[[str], str]) -> None:
    async with gatekeeper("sk-idle") as server:
        server_config = f"""
providers:
  - {{id: near, kind: openai_compat, base_url: {server.url}/v1, api_key: "${{KEY}}"}}
  - {{id: gone, kind: openai_compat, base_url: "http://127.0.0.1:9/v1", api_key: "${{KEY}}"}}
"""
        terminal = start("--config", config(server_config), KEY="sk-idle")

        def idle() -> bytes:
            terminal.wait_for("not tried")
            terminal.wait_for("down")
            # At the end of it they have been asked once more.
            return written_while_idle(terminal, 65)

        assert await asyncio.to_thread(idle) == b""
        assert len(server.requests) >= 2


def colours(written: bytes) -> Iterator[str]:
    """Every colour that a terminal was told to use; 39 and 49 are its own."""
    for match in SGR.finditer(written):
        codes = [int(code or 0) for code in re.split(rb"[;:]", match[1])]
        yield from (str(code) for code in codes if code in COLOURS)


def show_everything(terminal: Terminal) -> None:
    """A start, a reply with code, a short message, and the dialogs."""
    terminal.wait_for("Message")
    terminal.type("show me" + ENTER)
    terminal.wait_for("tok/s")
    terminal.type("\x03")
    terminal.wait_for("nothing is selected")
    for keys, shown in (*OPENED.values(), ("\x1bOP", "Keys"), (LEADER, "Regenerate")):
        terminal.type(keys)
        terminal.wait_for(shown)
        terminal.wait_quiet()
        terminal.type(ESCAPE)
        terminal.wait_quiet()


def test_no_color_means_no_colour(start: Start, config: Callable[[str], str]) -> None:
    terminal = start("--config", config(COLOURED), NO_COLOR="1")
    show_everything(terminal)
    assert set(colours(bytes(terminal.written))) == set()


def test_an_empty_no_color_means_nothing(start: Start, config: Callable[[str], str]) -> None:
    """As https://no-color.org says."""
    terminal = start("--config", config(COLOURED), NO_COLOR="")
    terminal.wait_for("Message")
    terminal.wait_quiet()
    assert set(colours(bytes(terminal.written)))
