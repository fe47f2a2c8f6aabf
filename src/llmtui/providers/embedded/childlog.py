"""The log file of the child process."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from llmtui.core.text import sanitise_line

LARGEST = 1 << 20
_LOAD_ERROR = re.compile(r"error loading model: (.+)")


class ChildLog:
    """What the child printed; begins anew, keeping the one before, when it has grown large."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._begin = 0

    def open(self, title: str) -> BinaryIO:
        """The file to write to, with a dated line for this start; nowhere when there is no writing it."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.path.exists() and self.path.stat().st_size > LARGEST:
                self.path.replace(self.path.with_suffix(".1.log"))
            log = open(self.path, "ab", opener=_for_its_owner)  # noqa: SIM115 -- the caller closes it
        except OSError:
            return Path("/dev/null").open("ab")
        log.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {title}\n".encode())
        log.flush()
        self._begin = log.tell()
        return log

    def load_error(self) -> str:
        """Why the model of the last start could not be loaded, where llama.cpp said so."""
        try:
            with self.path.open("rb") as log:
                log.seek(self._begin)
                found = _LOAD_ERROR.search(log.read(LARGEST).decode("utf-8", "replace"))
        except OSError:
            return ""
        return sanitise_line(found[1]) if found else ""


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
