"""How a transfer is shown: bars on a terminal, one JSON object a line in a pipe."""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any, Protocol, Self

from llmtui.cli.admin import described, in_words
from llmtui.cli.console import is_live
from llmtui.core.text import sanitise_line
from llmtui.core.transfer import Progress
from llmtui.services.transfer_job import NextTry, TransferJob

if TYPE_CHECKING:
    from rich.progress import TaskID

LONGEST_NAME = 20


class TransferOutput(Protocol):
    """Takes what is to be shown now and then, and at the end."""

    def show(self, job: TransferJob) -> None:
        """Show it."""
        ...

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(self, *_: object) -> None:
        """End."""
        ...


def output_for(arguments: argparse.Namespace) -> TransferOutput:
    """Bars where a person watches, lines where a program reads."""
    if getattr(arguments, "quiet", False):
        return Silence()
    if arguments.json or not sys.stdout.isatty():
        return JsonLines()
    return Bars() if is_live() else Silence()


class Silence:
    """Shows nothing."""

    def show(self, job: TransferJob) -> None:
        """Show nothing."""

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """End."""


class JsonLines(Silence):
    """Writes an object whenever something changed."""

    def __init__(self) -> None:
        self._last: tuple[object, ...] = ()

    def show(self, job: TransferJob) -> None:
        """Write it, unless it tells nothing new."""
        progress = job.progress()
        told = (progress.state, progress.text, progress.completed, progress.total, progress.share)
        news = (*told, progress.stalled, job.note, job.next_try)
        if news != self._last:
            print(json.dumps(_object(job, progress)), flush=True)
            # Only now: what nobody has taken is tried, and fails, once more at the end.
            self._last = news


class Bars(Silence):
    """A bar for each layer, and one for all."""

    def __init__(self) -> None:
        # Rich takes a tenth of a second to import, which a pipe need not pay.
        from rich import progress
        from rich.console import Console

        columns = (
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(),
            progress.TextColumn("{task.fields[amount]}", markup=False),
        )
        self._bars = progress.Progress(*columns, console=Console(stderr=True))
        self._tasks: dict[str, TaskID] = {}
        self._said = ("", "")
        self._begin("", "")

    def show(self, job: TransferJob) -> None:
        """Move the bars, and say above them what is wrong."""
        progress = job.progress()
        self._warn(job)
        for part in progress.parts:
            name = sanitise_line(part.name).removeprefix("sha256:")[:LONGEST_NAME]
            self._move(
                part.name, f"  {name}", part.completed, part.total, _amount(part.completed, part.total)
            )
        amount = _amount(progress.completed, progress.total) if progress.parts else ""
        words = " · ".join(filter(None, (amount, *_speed(progress))))
        whole = progress.total if progress.parts else 1
        completed = progress.completed if progress.parts else (progress.share or 0)
        self._move("", _words(progress), completed, whole, words)

    def __enter__(self) -> Self:
        """Show the bars."""
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave them as they are."""
        self._bars.stop()

    def _warn(self, job: TransferJob) -> None:
        said = (_lost(job.next_try), job.note)
        for words, before in zip(said, self._said, strict=True):
            if words and words != before:
                line = f"warning: {sanitise_line(words)}"
                self._bars.console.print(line, markup=False, highlight=False, soft_wrap=True)
        self._said = said

    def _begin(self, part: str, description: str) -> "TaskID":
        self._tasks[part] = self._bars.add_task(description, total=None, amount="")
        return self._tasks[part]

    def _move(self, part: str, words: str, completed: float, total: float | None, amount: str) -> None:
        task = self._tasks.get(part)
        if task is None:
            task = self._begin(part, words)
        self._bars.update(task, description=words, completed=completed, total=total, amount=amount)


def _words(progress: Progress) -> str:
    text = sanitise_line(progress.text) or "asking"
    if progress.state.ended:
        return progress.state
    return f"stalled for {progress.silent_s:.0f} s" if progress.stalled else text


def _speed(progress: Progress) -> list[str]:
    found = []
    if progress.rate:
        found.append(f"{in_words(int(progress.rate))}/s")
    if progress.left_s is not None:
        found.append(f"{int(progress.left_s) // 60}:{int(progress.left_s) % 60:02} left")
    if progress.is_so_far and progress.parts:
        found.append("so far")
    return found


def _amount(completed: int, total: int | None) -> str:
    return " of ".join(filter(None, (in_words(completed), in_words(total))))


def _lost(following: NextTry | None) -> str:
    if following is None:
        return ""
    return f"lost: {following.reason}; asking again, try {following.attempt} of {following.of}"


def _object(job: TransferJob, progress: Progress) -> dict[str, Any]:
    names = ("state", "phase", "text", "completed", "total", "share", "rate", "left_s", "stalled")
    return {
        **{name: getattr(progress, name) for name in names},
        "warning": _lost(job.next_try) or job.note or None,
        "error": described(progress.error) if progress.error else None,
    }
