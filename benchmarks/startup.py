"""Start and memory: against a bare Textual app and a bare interpreter, in one run.

python -m benchmarks.startup [rounds]
"""

import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from benchmarks.terminal import Terminal
from llmtui.core.events import Finish, FinishReason, Start, TextDelta
from llmtui.testing.encoders.messages import MessagesEncoder
from llmtui.testing.wire_server import WireServer

BARE_APP = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("bare app")
Bare().run()
"""


def first_frame_s(argv: Sequence[str], mark: str, env: Mapping[str, str]) -> float:
    """Seconds from the start of a process to a text on its screen."""
    with Terminal(argv, env=env) as terminal:
        terminal.wait_for(mark)
        return time.monotonic() - terminal.started_s


def cpu_s(argv: Sequence[str], env: Mapping[str, str]) -> float:
    """User and system seconds of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, env=dict(env), check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def idle(argv: Sequence[str], mark: str, env: Mapping[str, str], seconds: float = 5) -> tuple[float, int]:
    """Resident megabytes of a program that has settled, and the bytes that it then writes while idle."""
    with Terminal(argv, env=env) as terminal:
        terminal.wait_for(mark)
        terminal.wait_quiet(1.5)
        written = len(terminal.written)
        terminal.pump(seconds)
        return terminal.memory_mb(), len(terminal.written) - written


@contextmanager
def claude_server() -> Iterator[str]:
    """A loopback server on a thread of its own that answers as Claude does; yields its address."""
    started: Future[tuple[str, asyncio.Event, asyncio.AbstractEventLoop]] = Future()

    async def serve() -> None:
        done = asyncio.Event()
        scenario = (Start("claude", "claude"), TextDelta("good day"), Finish(FinishReason.STOP))
        async with WireServer() as server:
            server.reply("/v1/models", [b'{"data": []}'])
            encoder = MessagesEncoder()
            server.reply("/v1/messages", encoder.encode(scenario), content_type=encoder.content_type)
            started.set_result((server.url, done, asyncio.get_running_loop()))
            await done.wait()

    thread = Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    url, done, loop = started.result()
    yield url
    loop.call_soon_threadsafe(done.set)
    thread.join()


def claude_mb(env: Mapping[str, str]) -> float:
    """Resident megabytes once Claude has answered, its SDK loaded."""
    with claude_server() as url:
        keyed = {**env, "ANTHROPIC_API_KEY": "sk-none", "ANTHROPIC_BASE_URL": url}
        with Terminal([sys.executable, "-m", "llmtui"], env=keyed) as terminal:
            terminal.wait_for("Claude")
            terminal.type("hello\r")
            terminal.wait_for("good day")
            terminal.wait_quiet(1.5)
            return terminal.memory_mb()


def main(rounds: int = 7) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as home:
        env = environment(Path(home))
        bare, ours = [sys.executable, "-c", BARE_APP], [sys.executable, "-m", "llmtui"]
        first_frame_s(ours, "Embedded", env)  # The first start makes the database.
        # Taken in turn, so that whatever else the machine does falls on both.
        pairs = [
            (first_frame_s(bare, "bare app", env), first_frame_s(ours, "Embedded", env))
            for _ in range(rounds)
        ]
        floor, frame = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(ours_s / bare_s for bare_s, ours_s in pairs)
        print(f"first frame: llmtui {frame:.3f} s, bare Textual app {floor:.3f} s, ratio {ratio:.2f}")
        version = [
            cpu_s([sys.executable, "-m", "llmtui", "--version"], env) - cpu_s([sys.executable, "-c", ""], env)
            for _ in range(rounds)
        ]
        print(f"--version: {statistics.median(version):.3f} s CPU over a bare interpreter")
        memory, written = idle(ours, "Embedded", env)
        floor_memory, _ = idle(bare, "bare app", env)
        print(f"idle: {memory:.0f} MB resident (bare Textual app {floor_memory:.0f}), {written} bytes in 5 s")
        print(f"after a reply of Claude's: {claude_mb(env):.0f} MB resident")


def environment(home: Path) -> dict[str, str]:
    """A home of its own and no provider's keys, so that nothing outside this machine is asked."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    places = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
    return {**kept, **places, "HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"}


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
