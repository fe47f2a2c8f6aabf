"""Rivals from the package index beside llmtui and the bare app, asked for the same reply in the same run.

Start: from the start of the process until a key that was typed stands in the prompt. Reply: 600 tokens at
60 a second, after one of 400 that fills the screen; its bytes and its CPU are counted as in `streaming`.
Memory: resident, of the program's own process, after that. Opening: from the start of the process to the
last message of a chat of 200 messages on the screen, with the keys that lead there. Each is measured twice,
in turns; the medians stand.
"""

import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf, isfinite
from pathlib import Path

from benchmarks.chat import SIZES, Chat
from benchmarks.echo import echo_s
from benchmarks.fake_server import FakeServer, fake_server
from benchmarks.figures import Chart, Figures
from benchmarks.history import LAST, fill, said
from benchmarks.programs import Program, bare, llmtui
from benchmarks.replies import Segment
from benchmarks.rival_programs import RIVALS, Rival
from benchmarks.terminal import Terminal

PREFILL_TOKENS = 400
RATE = 60
MESSAGES = 200
PATIENCE_S = 90
SIZE = SIZES["120x40"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A program to measure; `filled` gives it a chat and the keys to open that, where it can keep one."""

    name: str
    fresh: Callable[[str, Path], Program]
    filled: Callable[[str, Path], tuple[Program, Sequence[str]]] | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """One turn's figures."""

    start_s: float
    memory_mb: float
    bytes: float
    cpu_s: float
    opening_s: float | None
    """None where that is not measured, infinite where the last message never came into sight."""


def measure(quick: bool) -> Figures:
    """All that can be installed and driven here, and why the others cannot."""
    found: dict[str, list[Taken]] = {}
    failures: dict[str, str] = {}
    candidates = list(_candidates(failures))
    with fake_server() as server:
        for _ in range(1 if quick else 2):
            for candidate in candidates:
                if candidate.name not in failures:
                    try:
                        found.setdefault(candidate.name, []).append(
                            _take(candidate, server, 120 if quick else 600)
                        )
                    except (OSError, subprocess.SubprocessError) as error:
                        failures[candidate.name] = str(error).splitlines()[0]
    about = (
        "Start: until a typed key stands in the prompt. A reply of 600 tokens (3.4 kB of Markdown) at 60 a"
        " second, on a screen that is full, at 120×40. Opening: from the start of the program to the last of"
        f" {MESSAGES} messages on the screen. Medians of turns; `benchmarks/rivals.py` has the definitions."
    )
    columns = (
        "program",
        "start s",
        "MB resident",
        "bytes per reply",
        "CPU s per reply",
        f"open {MESSAGES} s",
    )
    medians = {name: _median(turns) for name, turns in found.items() if name not in failures}
    rows = [_row(name, taken) for name, taken in medians.items()]
    rows += [(name, f"left out: {reason}", "", "", "", "") for name, reason in failures.items()]
    charts = (
        _chart("Bytes to the terminal per streamed reply", "kB", medians, lambda taken: taken.bytes / 1000),
        _chart("CPU per streamed reply", "s", medians, lambda taken: taken.cpu_s),
        _chart("From start to usable", "s", medians, lambda taken: taken.start_s),
        _chart("Resident memory after a reply", "MB", medians, lambda taken: taken.memory_mb),
        _chart(f"Opening a chat of {MESSAGES} messages", "s", medians, lambda taken: taken.opening_s),
    )
    return Figures("Beside others", about, columns, rows, charts)


def _candidates(failures: dict[str, str]) -> Iterator[Candidate]:
    yield Candidate("llmtui", llmtui, _filled_llmtui)
    yield Candidate("llmtui over SSH", partial(llmtui, remote=True))
    yield Candidate("bare Textual", bare)
    for rival in RIVALS:
        try:
            rival.install()
        except OSError as error:
            failures[rival.name] = str(error)
        filled = None if rival.opening is None else partial(_filled_rival, rival, rival.opening)
        yield Candidate(rival.name, rival.program, filled)


def _filled_llmtui(url: str, home: Path) -> tuple[Program, Sequence[str]]:
    fill(home, MESSAGES)
    return llmtui(url, home), ()


def _filled_rival(
    rival: Rival, opening: Sequence[str], url: str, home: Path
) -> tuple[Program, Sequence[str]]:
    return rival.program(url, home, chat=list(said(MESSAGES))), opening


def _take(candidate: Candidate, server: FakeServer, tokens: int) -> Taken:
    with tempfile.TemporaryDirectory() as home:
        program = candidate.fresh(server.url, Path(home))
        with _start(program) as terminal:
            terminal.wait_for(program.ready, PATIENCE_S)
            echo_s(terminal)
            start_s = time.monotonic() - terminal.started_s
            terminal.wait_idle()
            chat = Chat(terminal, server, program)
            chat.prefill(PREFILL_TOKENS, RATE)
            cost = chat.cost_of("mixed", Segment(tokens, RATE))
            memory_mb = terminal.memory_mb()
    return Taken(start_s, memory_mb, cost.bytes, cost.cpu_s, _opening_s(candidate, server))


def _opening_s(candidate: Candidate, server: FakeServer) -> float | None:
    if candidate.filled is None:
        return None
    with tempfile.TemporaryDirectory() as home:
        program, keys = candidate.filled(server.url, Path(home))
        with _start(program) as terminal:
            if keys:
                terminal.wait_for(program.ready, PATIENCE_S)
            for key in keys:
                # What a person cannot do faster, and some drop what is typed while they build a screen.
                terminal.pump(0.5)
                terminal.type(key)
            try:
                terminal.wait_for(LAST, PATIENCE_S)
            except TimeoutError:
                return inf
            return time.monotonic() - terminal.started_s


def _start(program: Program) -> Terminal:
    columns, rows = SIZE
    return Terminal(program.argv, columns=columns, rows=rows, env=program.env)


def _median(turns: Sequence[Taken]) -> Taken:
    def of(figure: Callable[[Taken], float]) -> float:
        return statistics.median(map(figure, turns))

    openings = [turn.opening_s for turn in turns if turn.opening_s is not None]
    return Taken(
        of(lambda turn: turn.start_s),
        of(lambda turn: turn.memory_mb),
        of(lambda turn: turn.bytes),
        of(lambda turn: turn.cpu_s),
        statistics.median(openings) if openings else None,
    )


def _row(name: str, taken: Taken) -> tuple[str, ...]:
    if taken.opening_s is None:
        opening = "-"
    else:
        opening = f"{taken.opening_s:.1f}" if isfinite(taken.opening_s) else f"not in {PATIENCE_S}"
    figures = (f"{taken.start_s:.2f}", f"{taken.memory_mb:.0f}", f"{taken.bytes:,.0f}", f"{taken.cpu_s:.2f}")
    return name, *figures, opening


def _chart(
    title: str, unit: str, medians: dict[str, Taken], figure: Callable[[Taken], float | None]
) -> Chart:
    values = {name: figure(taken) for name, taken in medians.items()}
    bars = {name: value for name, value in values.items() if value is not None and isfinite(value)}
    return Chart(title, unit, bars)
