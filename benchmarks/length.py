"""Whether cost grows with the reply, or with the conversation.

Within one reply of 20,000 tokens: CPU of the first 1,000 and of the last 1,000, both at 200 tokens a
second, with 18,000 as fast as they go and pauses to catch up between them; the screen is full before.
Between conversations: a reply of 600 tokens at 60 a second at the end of one of 10,000 messages, and of one
of two (the second filled by a reply of 3,000 tokens, so that it scrolls, too), in turns. The request counts
from the first key to the first token on the wire: it carries the whole conversation, and is what may grow.
"""

import statistics
import tempfile
from pathlib import Path

from benchmarks.chat import SIZES, Chat, open_chat
from benchmarks.fake_server import FakeServer, fake_server
from benchmarks.figures import Figures
from benchmarks.history import LAST, fill
from benchmarks.programs import llmtui
from benchmarks.replies import Plan, Segment

EDGE = 1000
RATE = 200
CATCH_UP_S = 5
SETTLE_S = 1


def measure(quick: bool) -> Figures:
    """Both ratios."""
    tokens, messages, rounds = (6000, 1000, 1) if quick else (20_000, 10_000, 3)
    rows = []
    with fake_server() as server:
        first, last = _edges(server, tokens)
        rows.append(_row(f"the first {EDGE:,} tokens of {tokens:,}, the last", first, last))
        turns = [(_reply(server, 2), _reply(server, messages)) for _ in range(rounds)]
    short, long = (
        [statistics.median(values) for values in zip(*side, strict=True)] for side in zip(*turns, strict=True)
    )
    about = f"a reply after 2 messages, after {messages:,}"
    rows.append(_row(f"{about}: streaming", short[1], long[1]))
    rows.append(_row(f"{about}: request", short[0], long[0]))
    explained = "CPU seconds of the same work, early and late; `benchmarks/length.py` says which."
    return Figures("Growth", explained, ("early, late", "early", "late", "ratio"), rows)


def _row(what: str, early: float, late: float) -> tuple[str, str, str, str]:
    return what, f"{early:.2f}", f"{late:.2f}", f"{late / early:.2f}" if early else "-"


def _edges(server: FakeServer, tokens: int) -> tuple[float, float]:
    """CPU of the first and the last tokens of one reply."""
    edge = Segment(EDGE, RATE)
    pause = Segment(0, pause_s=CATCH_UP_S)
    with (
        tempfile.TemporaryDirectory() as home,
        open_chat(llmtui(server.url, Path(home)), server, SIZES["120x40"]) as chat,
    ):
        chat.prefill()
        plan = chat.ask("mixed", edge, pause, Segment(tokens - 2 * EDGE), pause, edge)
        return _cpu_s(chat, plan, 0), _cpu_s(chat, plan, 4)


def _cpu_s(chat: Chat, plan: Plan, segment: int) -> float:
    """CPU from a segment's first token on the wire to a second after its last."""
    chat.wait_sent(plan, segment, ended=False)
    before = chat.terminal.cpu_s()
    chat.wait_sent(plan, segment)
    chat.terminal.pump(SETTLE_S)
    return chat.terminal.cpu_s() - before


def _reply(server: FakeServer, messages: int) -> tuple[float, float]:
    """CPU of the request, and of the stream, at the end of a conversation of so many messages."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        fill(home, messages)
        with open_chat(llmtui(server.url, home), server, SIZES["120x40"]) as chat:
            chat.terminal.wait_for(LAST)
            chat.prefill()
            before = chat.terminal.cpu_s()
            plan = chat.ask("mixed", Segment(600, 60))
            chat.wait_sent(plan, ended=False)
            asked = chat.terminal.cpu_s()
            chat.settle(plan)
            return asked - before, chat.terminal.cpu_s() - asked
