"""A chat program in a terminal, asked for planned replies of the fake server."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.fake_server import FakeServer
from benchmarks.programs import Program
from benchmarks.replies import Plan, Segment
from benchmarks.terminal import Terminal

SIZES = {"80x24": (80, 24), "120x40": (120, 40)}
PREFILL_TOKENS = 3000


@dataclass(frozen=True, slots=True)
class Cost:
    """What a program spent: bytes written to its terminal, and seconds of CPU of all its processes."""

    bytes: int
    cpu_s: float


class Chat:
    """Asks and waits; `terminal` is free to be looked at."""

    def __init__(self, terminal: Terminal, server: FakeServer, program: Program) -> None:
        self.terminal = terminal
        self._server = server
        self._program = program

    def ask(self, shape: str, *segments: Segment) -> Plan:
        """Ask for a reply; returns at once."""
        plan = self._server.plan(shape, segments)
        self.terminal.type(f"{plan}")
        # Some programs take keys that come in one read as pasted, return and all.
        self.terminal.pump(0.3)
        self.terminal.type(self._program.submit)
        return plan

    def wait_sent(
        self, plan: Plan, segment: int = -1, *, ended: bool = True, timeout_s: float = 600
    ) -> float:
        """Read the terminal until a segment has been sent; returns when that was, of `time.monotonic`."""
        end = time.monotonic() + timeout_s
        while (at_s := self._server.sent(plan, segment, ended=ended)) is None:
            if time.monotonic() > end:
                raise TimeoutError(f"never sent: {plan}\n{self.terminal.text}")
            self.terminal.pump(0.005)
        return at_s

    def wait_shown(self, plan: Plan, timeout_s: float = 120) -> float:
        """Wait for the reply's last word on the screen; returns when that was, of `time.monotonic`."""
        self.wait_sent(plan)
        self.terminal.wait_for(plan.mark, timeout_s)
        return time.monotonic()

    def prefill(self, tokens: int = PREFILL_TOKENS, rate: int = 0) -> None:
        """Fill the screen, so that what comes next scrolls."""
        self.settle(self.ask("mixed", Segment(tokens, rate)))

    def settle(self, plan: Plan) -> None:
        """Wait until a reply stands there, nothing moves and nothing is computed."""
        if self._program.follows:
            self.wait_shown(plan)
        self.wait_sent(plan)
        # Some go on painting what they have queued for more than a minute.
        self.terminal.wait_idle(1, timeout_s=300)

    def cost_of(self, shape: str, *segments: Segment) -> Cost:
        """Ask for a reply; what it costs from the first key of its prompt until nothing moves any more."""
        written, cpu_s = len(self.terminal.written), self.terminal.cpu_s()
        self.settle(self.ask(shape, *segments))
        return Cost(len(self.terminal.written) - written, self.terminal.cpu_s() - cpu_s)


@contextmanager
def open_chat(
    program: Program, server: FakeServer, size: tuple[int, int], bytes_per_s: int = 0
) -> Iterator[Chat]:
    """Start a program and go to its prompt."""
    columns, rows = size
    with Terminal(
        program.argv, columns=columns, rows=rows, env=program.env, bytes_per_s=bytes_per_s
    ) as terminal:
        terminal.wait_for(program.ready, 120)
        terminal.wait_quiet(0.7)
        for keys in program.opening:
            terminal.type(keys)
            terminal.wait_quiet(0.4)
        yield Chat(terminal, server, program)
