"""Opening long conversations: time, memory and loop stalls, against one of 10 messages in the same run.

python -m benchmarks.conversations [rounds] [messages ...]
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.startup import environment
from benchmarks.terminal import Terminal
from llmtui.core.conversation import assistant, user
from llmtui.core.history import Conversation, RequestRecord, StoredMessage, new_id
from llmtui.core.usage import Usage
from llmtui.storage import chats, messages, requests
from llmtui.storage.database import open_database, transaction
from llmtui.storage.locks import Instance

LENGTHS = (10, 200, 1_000, 10_000)
WORDS = (
    *("a", "token", "is", "about", "four", "bytes", "of", "text", "and", "an", "**answer**", "has"),
    *("some", "two", "hundred", "of", "them", "in", "`Markdown`"),
)
END = "the-end-of-"
"""Begins the last word of each conversation, which its number of messages ends."""
SETTLED_S = 3.0
SIDEBAR = 30
"""Columns of the list of chats."""
_POLL_S = 0.002
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Opening:
    """What opening one conversation took."""

    start_s: float
    """From the start of the process to its last message on the screen."""
    open_s: float
    """From the click on it in the sidebar to its last message on the screen."""
    memory_mb: float
    """Resident once it was started with and has settled."""
    stall_s: float
    """The longest time that the loop did nothing else meanwhile."""


def fill(database: Path, *lengths: int) -> None:
    """A conversation of each length, the last one the newest; every other message is of 200 tokens."""
    instance = Instance(database)
    opened = open_database(database, instance)
    with transaction(opened.connection):
        for number, length in enumerate(lengths):
            began = BEGAN + timedelta(days=number)
            chat = Conversation(new_id(), title=f"chat-of-{length}", created_at=began, updated_at=began)
            chats.save(opened.connection, chat)
            last: StoredMessage | None = None
            for place in range(length):
                last = _message(chat, place, last, ends=place == length - 1)
                messages.add(opened.connection, last)
                if last.request:
                    requests.save(opened.connection, last.request)
            if last:
                leaf = replace(chat, leaf_id=last.id, updated_at=began)
                chats.save(opened.connection, leaf)
    opened.connection.close()
    instance.leave(clean=True)


def _message(chat: Conversation, place: int, before: StoredMessage | None, *, ends: bool) -> StoredMessage:
    at = chat.created_at + timedelta(seconds=place)
    parent = before.id if before else None
    if place % 2 == 0:
        return StoredMessage(new_id(), chat.id, parent, user(f"question {place} of many?"), created_at=at)
    text = "\n\n".join(" ".join(WORDS[(place + word) % len(WORDS)] for word in range(40)) for _ in range(4))
    text += f"\n\n{END}{chat.title.rsplit('-', 1)[-1]}" if ends else ""
    own = new_id()
    request = RequestRecord(
        new_id(),
        "embedded",
        "some-model",
        at,
        conversation_id=chat.id,
        message_id=own,
        first_token_at=at + timedelta(seconds=0.3),
        ended_at=at + timedelta(seconds=4),
        usage=Usage(1000, 200),
        outcome="complete",
        finish_reason="stop",
    )
    return StoredMessage(own, chat.id, parent, assistant(text), created_at=at, request=request)


def measure(length: int, home: Path) -> Opening:
    """Open a conversation of this length by starting with it, and by a click."""
    start, stall = home / f"start-{length}", home / f"stall-{length}"
    env = environment(start)
    _fill(start, length)
    app = [sys.executable, "-m", "llmtui"]
    with Terminal(app, env=env) as terminal:
        terminal.wait_for(f"{END}{length}")
        start_s = time.monotonic() - terminal.started_s
        terminal.pump(SETTLED_S)
        memory_mb = terminal.memory_mb()
    env = environment(stall) | {"BENCHMARK_STALL": str(stall / "stall")}
    _fill(stall, length, 2)
    with Terminal([sys.executable, "-m", "benchmarks.conversations"], env=env) as terminal:
        terminal.wait_for(f"{END}2")
        terminal.pump(1)
        row = next(
            y for y, line in enumerate(terminal.screen.display) if f"chat-of-{length} " in line[:SIDEBAR]
        )
        (stall / "stall").unlink(missing_ok=True)
        terminal.type(f"\x1b[<0;4;{row + 1}M\x1b[<0;4;{row + 1}m")
        open_s = terminal.wait_for(f"{END}{length}")
        terminal.pump(SETTLED_S)
        return Opening(start_s, open_s, memory_mb, float((stall / "stall").read_text()))


def _fill(home: Path, *lengths: int) -> None:
    database = home / "data" / "llmtui" / "llmtui.db"
    if not database.exists():
        fill(database, *lengths)


def watched(report: Path) -> int:
    """Run llmtui and write down the longest stall of its loop since the report was last taken away."""
    from llmtui.cli.main import main as llmtui

    run = asyncio.run

    async def watch() -> None:
        worst = 0.0
        while True:
            asked = time.perf_counter()
            await asyncio.sleep(_POLL_S)
            worst = _note(report, worst, time.perf_counter() - asked - _POLL_S)

    async def beside(app: "asyncio.Future[int]") -> int:
        watching = asyncio.create_task(watch())
        try:
            return await app
        finally:
            watching.cancel()

    asyncio.run = lambda app: run(beside(app))  # type: ignore[assignment,misc]
    return llmtui([])


def _note(report: Path, worst: float, late: float) -> float:
    if report.exists() and late <= worst:
        return worst
    report.write_text(str(late))
    return late


def main(rounds: int = 5, *lengths: int) -> None:
    """Print the figures."""
    lengths = lengths or LENGTHS
    with tempfile.TemporaryDirectory() as home:
        # Taken in turn, so that whatever else the machine does falls on all.
        taken = [[measure(length, Path(home)) for length in lengths] for _ in range(rounds)]
    base: Opening | None = None
    print("messages  start s  ratio  open s  ratio  resident MB  more  longest stall ms")
    for length, column in zip(lengths, zip(*taken, strict=True), strict=True):
        got = Opening(
            statistics.median(one.start_s for one in column),
            statistics.median(one.open_s for one in column),
            statistics.median(one.memory_mb for one in column),
            statistics.median(one.stall_s for one in column),
        )
        base = base or got
        print(
            f"{length:8}  {got.start_s:7.3f}  {got.start_s / base.start_s:5.2f}"
            f"  {got.open_s:6.3f}  {got.open_s / base.open_s:5.2f}"
            f"  {got.memory_mb:11.1f}  {got.memory_mb - base.memory_mb:4.1f}  {got.stall_s * 1000:16.0f}"
        )


if __name__ == "__main__":
    if "BENCHMARK_STALL" in os.environ:
        sys.exit(watched(Path(os.environ["BENCHMARK_STALL"])))
    main(*map(int, sys.argv[1:]))
