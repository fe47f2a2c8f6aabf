"""Which llmtui processes use a database, told by locked files that a dying process lets go of."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llmtui.core.errors import StorageError
from llmtui.core.history import new_id

_SUFFIX = ".lock"
_POLL_S = 0.02


class Instance:
    """This process among the users of a database; its lock is `run/ID.lock` beside the database.

    The kernel gives the lock up when the process ends, however it ends. A clean end removes the file as
    well, so a file that nobody holds tells of a process that was killed.
    """

    def __init__(self, database: Path, *, patience_s: float = 5.0) -> None:
        self.id = new_id()
        self._folder = database.parent / "run"
        self._patience_s = patience_s
        self._held: int | None = None

    @contextmanager
    def opening(self) -> Iterator[None]:
        """Let one process at a time open, mend and migrate the database."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        deadline = time.monotonic() + self._patience_s
        while (held := _try_lock(self._folder / "opening", os.O_CREAT)) is None:
            if time.monotonic() > deadline:
                raise StorageError("another llmtui is still opening the database")
            time.sleep(_POLL_S)
        try:
            yield
        finally:
            os.close(held)

    def enter(self) -> None:
        """Take this process's lock; call it while `opening`."""
        if self._held is None:
            self._held = _try_lock(self._path(self.id), os.O_CREAT)

    def leave(self, *, clean: bool) -> None:
        """Give the lock up; an unclean end leaves the file, so that the next start checks the database."""
        if self._held is not None:
            if clean:
                self._path(self.id).unlink(missing_ok=True)
            os.close(self._held)
            # Whoever enters again is another user: what the first one streamed has ended.
            self._held, self.id = None, new_id()

    def others(self) -> frozenset[str]:
        """The other living users of the database."""
        return self.alive() - {self.id}

    def alive(self) -> frozenset[str]:
        """All living users of the database, this one included."""
        return frozenset(name for name in self._names() if self._is_held(name))

    def dead(self) -> frozenset[str]:
        """The users that ended without closing."""
        return frozenset(self._names()) - self.alive()

    def bury(self, names: frozenset[str]) -> None:
        """Remove the files that dead users left."""
        for name in names:
            self._path(name).unlink(missing_ok=True)

    def _names(self) -> list[str]:
        return [path.stem for path in self._folder.glob(f"*{_SUFFIX}")]

    def _path(self, name: str) -> Path:
        return self._folder / (name + _SUFFIX)

    def _is_held(self, name: str) -> bool:
        try:
            taken = _try_lock(self._path(name))
        except FileNotFoundError:
            return False
        if taken is not None:
            os.close(taken)
        return taken is None


def _try_lock(path: Path, flags: int = 0) -> int | None:
    """A descriptor that holds the file's lock, or None while another one does."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
