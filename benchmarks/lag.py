"""A reply as fast as it can come: how far its end is shown behind the wire, and what keys do meanwhile."""

import tempfile
from pathlib import Path

from benchmarks.chat import SIZES, open_chat
from benchmarks.echo import echo_s
from benchmarks.fake_server import FakeServer, fake_server
from benchmarks.figures import Figures
from benchmarks.programs import Program, bare, llmtui
from benchmarks.replies import Segment

SHOWN_WITHIN_S = 300


def measure(quick: bool) -> Figures:
    """Seconds at 120×40, by program and length."""
    rows = []
    with fake_server() as server, tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for tokens in (2000,) if quick else (2000, 20_000):
            for program in (llmtui(server.url, home / f"llmtui-{tokens}"), bare(server.url, home)):
                wire_s, lag_s = _burst(program, server, tokens)
                key_s = _key_in_burst(program, server, tokens)
                rows.append(
                    (program.name, f"{tokens:,}", f"{wire_s:.2f}", f"{lag_s:.2f}", f"{key_s * 1000:.0f}")
                )
    about = (
        "Seconds for which the server sent (it can be no faster than its reader), and seconds from its last"
        " byte to the reply's last word on the screen, to 0.02 s; milliseconds to the screen of the slowest"
        " of the keys that were typed, one after the other, during another such reply."
    )
    columns = ("program", "tokens", "sending s", "lag s", "slowest key ms")
    return Figures("Bursts", about, columns, rows)


def _burst(program: Program, server: FakeServer, tokens: int) -> tuple[float, float]:
    """Seconds on the wire and behind it, nothing typed."""
    with open_chat(program, server, SIZES["120x40"]) as chat:
        chat.prefill()
        plan = chat.ask("mixed", Segment(tokens))
        begun, ended = chat.wait_sent(plan, ended=False), chat.wait_sent(plan)
        return ended - begun, chat.wait_shown(plan, SHOWN_WITHIN_S) - ended


def _key_in_burst(program: Program, server: FakeServer, tokens: int) -> float:
    """Seconds that the slowest key took until the reply was shown."""
    with open_chat(program, server, SIZES["120x40"]) as chat:
        chat.prefill()
        plan = chat.ask("mixed", Segment(tokens))
        chat.wait_sent(plan, ended=False)
        slowest = echo_s(chat.terminal)
        while server.sent(plan) is None or plan.mark not in chat.terminal.text:
            slowest = max(slowest, echo_s(chat.terminal))
            chat.terminal.pump(0.02)
        return slowest
