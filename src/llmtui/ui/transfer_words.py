"""A pull, push or create in words and bars: never colour alone."""

from collections.abc import Iterator, Sequence
from math import ceil

from rich.cells import cell_len
from textual.content import Content

from llmtui.core.model_admin import ModelAction
from llmtui.core.text import sanitise_line
from llmtui.core.transfer import PartProgress, Progress, TransferState
from llmtui.services.transfer_job import TransferJob
from llmtui.ui.columns import apart, tail

_UNITS = ((1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))
_PHASES = {"prepare": "preparing", "verify": "verifying", "write": "writing"}
_ENDS = {
    TransferState.DONE: ("✓", "done", "$text-success"),
    TransferState.FAILED: ("✕", "failed", "$text-error"),
    TransferState.STOPPED: ("■", "stopped", "$text-warning"),
}
_TITLES = {ModelAction.PUSH: "push ", ModelAction.CREATE: "create "}
_INDENT = "    "
_MOST_LINES = 6
"""Of one text below the marked job; the others have one."""
_PART_NAME = 14
_PART_AMOUNT = 20


def amount(size: int) -> str:
    """`2.0 GB`, `93 MB`: decimal units, as Ollama counts."""
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:.{1 if size < 10 * unit else 0}f} {name}"
    return f"{size} B"


def lasting(seconds: float) -> str:
    """`21 s`, `4 min`, `1 h 10 min`."""
    if seconds < 60:
        return f"{ceil(seconds)} s"
    minutes = ceil(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} d"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def percent(progress: Progress) -> str:
    """`43%`; 100 only when it is done, and empty while nobody knows."""
    if progress.share is None:
        return ""
    most = 100 if progress.state is TransferState.DONE else 99
    return f"{min(most, int(progress.share * 100))}%"


def bar(share: float | None, width: int, style: str = "$accent") -> Content:
    """A thin bar: a heavy line as far as it is, a light one for the rest."""
    full = int((share or 0) * width)
    return Content.assemble(("━" * full, style), ("─" * (width - full), "$foreground 40%"))


def headline(jobs: Sequence[TransferJob]) -> str:
    """What runs, for a status line: `pull llama3 43%`, by its last name; the others are counted."""
    if not jobs:
        return ""
    # What waits, be it for others or for a lost connection, is less news than what comes in.
    first = min(jobs, key=lambda job: (job.queued, job.next_try is not None))
    others = f" +{len(jobs) - 1}" if len(jobs) > 1 else ""
    return f"{first.action} {sanitise_line(first.model).rpartition('/')[2]} {brief(first)}{others}"


def brief(job: TransferJob) -> str:
    """How far it is, in a word."""
    progress = job.progress()
    if progress.state is TransferState.STOPPING:
        return "stopping"
    if job.queued:
        return "queued"
    if job.next_try is not None:
        return f"try {job.next_try.attempt}"
    if progress.stalled:
        return f"stalled {percent(progress)}".strip()
    return _PHASES.get(progress.phase, "") or percent(progress) or "…"


def ending(job: TransferJob, pick_key: str) -> tuple[str, str]:
    """What to flash when a job has ended, and its severity; `pick_key` is the key that picks a model."""
    name = sanitise_line(job.model)
    if job.state is TransferState.FAILED:
        return f"{job.action} {name}: {job.transfer.error}", "error"
    if job.state is TransferState.STOPPED:
        return f"{job.action} {name}: {job.note or 'stopped'}", "information"
    if job.action is ModelAction.PUSH:
        return f"{name} is pushed", "information"
    return f"{name} is there · {pick_key} picks it", "information"


def block(job: TransferJob, width: int, now_s: float, *, marked: bool, unfolded: bool) -> Content:
    """The lines of a job in a list: what it is and how far, its bar, what is wrong, and its parts."""
    progress = job.progress()
    glyph, style = _glyph(job, progress)
    mark = Content.assemble("▸" if marked else " ", (glyph, style), " ", _TITLES.get(job.action, ""))
    name = sanitise_line(job.model)
    facts = _facts(job, progress, now_s, width - min(mark.cell_length + cell_len(name), width // 3) - 1)
    name = tail(name, max(1, width - mark.cell_length - facts.cell_length - 1))
    left = mark + Content.styled(name, "bold" if marked else "")
    lines = [apart(left, facts, width), *_below(job, progress, width, unfolded=unfolded)]
    if unfolded and not progress.state.ended and len(progress.parts) > 1:
        lines += [_part(part, width) for part in progress.parts]
    return Content("\n").join(line.truncate(width, ellipsis=True) for line in lines)


def _glyph(job: TransferJob, progress: Progress) -> tuple[str, str]:
    if progress.state in _ENDS:
        glyph, _, style = _ENDS[progress.state]
        return glyph, style
    if progress.state is TransferState.STOPPING or job.next_try is not None:
        return "!", "$text-warning"
    if job.queued:
        return "·", "$foreground-muted"
    if progress.stalled:
        return "!", "$text-warning"
    return ("↑" if job.action is ModelAction.PUSH else "↓"), "$accent"


def _facts(job: TransferJob, progress: Progress, now_s: float, room: int) -> Content:
    """As many facts as there is room for, the first one always."""
    facts = list(_told(job, progress, now_s))
    while len(facts) > 1 and Content(" · ".join(facts)).cell_length > room:
        facts.pop()
    style = "$text-warning" if progress.stalled else "$foreground-muted"
    return Content.styled(" · ".join(facts), _ENDS[progress.state][2] if progress.state in _ENDS else style)


def _told(job: TransferJob, progress: Progress, now_s: float) -> Iterator[str]:
    if progress.state in _ENDS:
        yield _ENDS[progress.state][1]
        if progress.state is TransferState.DONE:
            yield from filter(None, [amount(progress.completed) if progress.completed else ""])
            yield f"in {lasting(progress.elapsed_s)}"
        elif progress.completed and progress.total:
            yield _of(progress.completed, progress.total)
    elif progress.state is TransferState.STOPPING:
        yield "stop requested"
    elif job.queued:
        yield "waits for the others at this server"
    elif job.next_try is not None:
        wait_s = max(0.0, job.next_try.at_s - now_s)
        soon = f" in {ceil(wait_s)} s" if wait_s else ""
        yield f"lost, try {job.next_try.attempt} of {job.next_try.of}{soon}"
    elif progress.stalled:
        yield f"stalled: nothing for {lasting(progress.silent_s)}"
        yield from filter(None, [percent(progress)])
    elif progress.phase in _PHASES:
        yield _PHASES[progress.phase]
        if progress.silent_s >= 2:
            yield lasting(progress.silent_s)
    else:
        yield from _coming(progress)


def _coming(progress: Progress) -> Iterator[str]:
    yield percent(progress) or "under way"
    if progress.total is not None:
        yield _of(progress.completed, progress.total) + (" so far" if progress.is_so_far else "")
    if progress.rate is not None:
        yield f"{amount(int(progress.rate))}/s"
    if progress.left_s is not None:
        yield f"{lasting(progress.left_s)} left"


def _below(job: TransferJob, progress: Progress, width: int, *, unfolded: bool) -> Iterator[Content]:
    room = max(1, width - len(_INDENT))
    if not progress.state.ended and progress.share is not None:
        yield Content(_INDENT) + bar(progress.share, room)
    wrong = [job.next_try.reason] if job.next_try is not None else []
    if progress.error is not None:
        wrong += [str(progress.error), progress.error.hint and f"→ {progress.error.hint}"]
    for text, style in [*((text, "$text-error") for text in wrong), (job.note, "$text-warning")]:
        if text:
            words = Content.styled(sanitise_line(text), style)
            lines = words.wrap(room)[:_MOST_LINES] if unfolded else [words]
            yield from (Content(_INDENT) + line for line in lines)


def _part(part: PartProgress, width: int) -> Content:
    """A layer: the beginning of its digest or name, its bar, its bytes."""
    name = sanitise_line(part.name.removeprefix("sha256:"))[:12]
    said = amount(part.completed) if part.total is None else _of(part.completed, part.total)
    room = max(1, width - len(_INDENT) - _PART_NAME - _PART_AMOUNT)
    share = part.completed / part.total if part.total else 0.0
    right = "whole" if part.is_whole else said
    return Content.assemble(
        _INDENT,
        (f"{name:<{_PART_NAME}}", "$foreground-muted"),
        bar(share, room, "$foreground-muted"),
        f" {right}",
    )


def _of(completed: int, total: int) -> str:
    """`1.2 of 2.0 GB`, one unit where both have it."""
    number, _, unit = amount(completed).partition(" ")
    whole = amount(total)
    return f"{number if whole.endswith(' ' + unit) else amount(completed)} of {whole}"
