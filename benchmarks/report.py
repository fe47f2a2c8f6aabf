"""The page of all figures that were taken: docs/benchmarks.md and its charts."""

import platform
import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.chart import svg
from benchmarks.figures import Chart, Figures
from llmtui import __version__

INTRODUCTION = """\
# Benchmarks

Taken by `make bench` on {machine}; llmtui {llmtui}, Python {python}, Textual {textual}. Every program runs in a
pseudo-terminal and asks the same fake server on loopback. Compare the figures of one table with each other: they
were taken in turn, on one machine, so the ratios say more than the numbers. `python -m benchmarks NAME` takes
one measure again.
"""


def write_report(page: Path, found: Sequence[Figures]) -> None:
    """Write the page, and its charts into a folder of the page's name."""
    folder = page.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    for chart in _charts(found):
        (folder / _file(chart)).write_text(svg(chart))
    facts = {"llmtui": __version__, "python": platform.python_version(), "textual": version("textual")}
    head = INTRODUCTION.format(machine=machine(), **facts)
    page.write_text(
        "\n".join([head, *(line for figures in found for line in _section(figures, folder.name))])
    )


def machine() -> str:
    """The processor, its cores, the memory and the system, in words."""
    info = Path("/proc/cpuinfo").read_text()
    models = re.findall(r"^model name\s*: (.+)$", info, re.MULTILINE)
    memory_kb = int(re.findall(r"^MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(), re.MULTILINE)[0])
    processor = models[0] if models else platform.machine()
    system = f"{platform.system()} {platform.release()}"
    return f"{len(models) or 1} cores of {processor}, {memory_kb / 2**20:.0f} GB, {system}"


def _section(figures: Figures, folder: str) -> Iterator[str]:
    yield f"## {figures.title}\n"
    yield f"{figures.about} Taken on {figures.taken}.\n"
    yield _row(figures.columns)
    yield _row("---" if number == 0 else "---:" for number in range(len(figures.columns)))
    yield from map(_row, figures.rows)
    yield ""
    for chart in figures.charts:
        yield f"![{chart.title}]({folder}/{_file(chart)})\n"


def _charts(found: Iterable[Figures]) -> Iterator[Chart]:
    for figures in found:
        yield from figures.charts


def _file(chart: Chart) -> str:
    return re.sub(r"\W+", "-", chart.title.lower()).strip("-") + ".svg"


def _row(cells: Iterable[str]) -> str:
    escaped = (cell.replace("|", r"\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"
