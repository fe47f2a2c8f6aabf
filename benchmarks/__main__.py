"""Take measures and write the page: `python -m benchmarks [--quick] [--report] [NAME ...]`.

Without names it takes all of them, which is the better part of an hour. Each keeps its figures when it is
done, and the page shows the last of each; `--report` only writes the page. `--quick` takes fewer rounds and
shorter replies and leaves the rivals out, to see that all works; what it finds is not written to the page.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import (
    figures,
    idle,
    keys,
    lag,
    length,
    opening,
    overhead,
    rivals,
    shapes,
    slow_line,
    ssh_line,
    streaming,
)
from benchmarks.report import write_report

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
MEASURES: Mapping[str, Callable[[bool], figures.Figures]] = {
    "rivals": rivals.measure,
    "streaming": streaming.measure,
    "idle": idle.measure,
    "shapes": shapes.measure,
    "length": length.measure,
    "lag": lag.measure,
    "keys": keys.measure,
    "opening": opening.measure,
    "slow-line": slow_line.measure,
    "ssh-line": ssh_line.measure,
    "overhead": overhead.measure,
}
"""By name, in the order of the page; each takes `quick`."""
FETCHING = {"rivals"}
"""Those that install packages of the index: quickly taken only when named."""


def main() -> None:
    """Take what is asked for."""
    parser = argparse.ArgumentParser("python -m benchmarks", description="measure llmtui and its peers")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MEASURES))
    parser.add_argument("--quick", action="store_true", help="to see that all works; the page stays as it is")
    parser.add_argument("--report", action="store_true", help="only write the page")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(MEASURES):
        parser.error(f"no such measure: {', '.join(sorted(unknown))}")
    folder = figures.figures_folder() / ("quick" if asked.quick else "full")
    usual = [name for name in MEASURES if not (asked.quick and name in FETCHING)]
    names = [] if asked.report else asked.names or usual
    taken = [_take(name, folder, asked.quick) for name in names]
    if not asked.quick:
        write_report(PAGE, [found for name in MEASURES if (found := figures.load(folder, name))])
    sys.exit(not all(taken))


def _take(name: str, folder: Path, quick: bool) -> bool:
    """Take one measure and show it; one that fails stops no other."""
    started = time.monotonic()
    try:
        found = MEASURES[name](quick)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        print(f"{name}: failed after {time.monotonic() - started:.0f} s: {error}", flush=True)
        return False
    figures.save(folder, name, found)
    print(f"{name}: {found.title}, {time.monotonic() - started:.0f} s")
    for row in (found.columns, *found.rows):
        print("   ", " | ".join(row), flush=True)
    return True


if __name__ == "__main__":
    main()
