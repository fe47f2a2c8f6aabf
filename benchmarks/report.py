"""The page of all figures that were taken: docs/benchmarks.md and its charts."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from textwrap import TextWrapper

from benchmarks.chart import svg
from benchmarks.figures import Chart, Figures

WRAP = TextWrapper(110, break_on_hyphens=False)
TITLE = "# Benchmarks\n"
INTRODUCTION = """\
Taken by `make bench` with {surroundings}. Every program runs in a pseudo-terminal and asks the same fake
server on loopback. Compare the figures of one table with each other: they were taken in turn, on one machine,
so the ratios say more than the numbers. `python -m benchmarks NAME` takes one measure again.
"""


def write_report(page: Path, found: Sequence[Figures]) -> None:
    """Write the page, and its charts into a folder of the page's name."""
    folder = page.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    for chart in _charts(found):
        (folder / _file(chart)).write_text(svg(chart))
    usual = found[0].surroundings if found else ""
    lines = [TITLE, WRAP.fill(INTRODUCTION.format(surroundings=usual)), ""]
    for figures in found:
        lines += _section(figures, folder.name, usual)
    page.write_text("\n".join(lines))


def _section(figures: Figures, folder: str, usual: str) -> Iterator[str]:
    yield f"## {figures.title}\n"
    unusual = "" if figures.surroundings == usual else f" with {figures.surroundings}"
    yield WRAP.fill(f"{figures.about} Taken on {figures.taken}{unusual}.") + "\n"
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
