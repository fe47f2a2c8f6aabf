"""Reading the logs: this program's own and those of the embedded models, each with its rotated files."""

import asyncio
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TypeAlias

from llmtui.core.text import sanitise

OWN = "llmtui"
"""The name of this program's own log."""
CHUNK = 64_000
"""Bytes that are read at first."""
MOST = 4_000_000
"""Bytes that are ever read."""

Mark: TypeAlias = tuple[tuple[int, int, int], ...]
"""What tells that a log's files are as they were: inode, size and time of each."""

# `llmtui.log` is followed back by `llmtui.log.1` and so on, an embedded model's `x.log` by `x.1.log`.
_FILE = re.compile(r"(?P<name>.+?)(?:\.(?P<before>1))?\.log(?:\.(?P<older>\d+))?")
_OWN_LINE = re.compile(
    r"\d{4}-(?P<day>\d\d-\d\d)T(?P<time>[\d:]{8})\.\d+Z (?P<level>[A-Z]+) +(?:llmtui\.)?(?P<rest>.*)"
)
_MODEL_LINE = re.compile(r"[\d.]+ (?P<level>[DIWE]) ")


class Level(IntEnum):
    """How serious a line is."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40


_LEVELS = {level.name: level for level in Level} | {level.name[0]: level for level in Level}


@dataclass(frozen=True, slots=True)
class LogLine:
    """One harmless line; `brief` is its text without what takes much room."""

    text: str
    level: Level
    brief: str


@dataclass(frozen=True, slots=True)
class LogTail:
    """The end of a log, newest line last."""

    lines: Sequence[LogLine] = ()
    whole: bool = True
    """Whether there is nothing before it."""
    mark: Mark = ()


class LogReader:
    """Reads the logs of a folder; whatever cannot be read is empty."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def names(self) -> list[str]:
        """The logs that there are, this program's own first."""
        return await asyncio.to_thread(self._names)

    async def mark(self, name: str) -> Mark:
        """What changes when the log does."""
        return await asyncio.to_thread(lambda: _mark(self._files(name)))

    async def tail(self, name: str, size: int = CHUNK) -> LogTail:
        """The last bytes of a log, as far back as its rotated files go, from the start of a line."""
        return await asyncio.to_thread(self._tail, name, min(size, MOST))

    def _names(self) -> list[str]:
        found = {match["name"] for match in map(_FILE.fullmatch, self._file_names()) if match}
        return [OWN, *sorted(found - {OWN})]

    def _file_names(self) -> list[str]:
        try:
            return [path.name for path in self.folder.iterdir()]
        except OSError:
            return []

    def _files(self, name: str) -> list[Path]:
        """The log's files, newest first."""
        matches = filter(None, map(_FILE.fullmatch, self._file_names()))
        ages = {
            match[0]: int(match["older"] or match["before"] or 0)
            for match in matches
            if match["name"] == name
        }
        return [self.folder / file for file in sorted(ages, key=lambda file: ages[file])]

    def _tail(self, name: str, size: int) -> LogTail:
        files = self._files(name)
        mark = _mark(files)
        pieces: list[bytes] = []
        wanted, whole = size, True
        for path in files:
            if not wanted:
                whole = False
                break
            piece, complete = _end_of(path, wanted)
            pieces.insert(0, piece)
            wanted -= len(piece)
            whole = whole and complete
        data = b"".join(pieces)
        if not whole:
            data = data[data.find(b"\n") + 1 :]
        return LogTail(tuple(_lines(data.decode("utf-8", "replace"))), whole, mark)


def _mark(files: Iterable[Path]) -> Mark:
    return tuple(_stat(path) for path in files)


def _stat(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return found.st_ino, found.st_size, found.st_mtime_ns


def _end_of(path: Path, size: int) -> tuple[bytes, bool]:
    """The last bytes of a file, and whether they are all of it."""
    try:
        with path.open("rb") as file:
            length = file.seek(0, 2)
            file.seek(max(0, length - size))
            return file.read(size), length <= size
    except OSError:
        return b"", True


def _lines(text: str) -> Iterator[LogLine]:
    """The lines; one that names no level belongs to the one above."""
    level = Level.INFO
    for raw in sanitise(text).expandtabs(4).removesuffix("\n").split("\n") if text else ():
        brief = raw
        if own := _OWN_LINE.fullmatch(raw):
            level = _LEVELS.get(own["level"], Level.ERROR)
            brief = f"{own['day']} {own['time']} {own['level']} {own['rest']}"
        elif model := _MODEL_LINE.match(raw):
            level = _LEVELS[model["level"]]
        elif not raw.startswith(" "):
            level = Level.INFO
        yield LogLine(raw, level, brief)
