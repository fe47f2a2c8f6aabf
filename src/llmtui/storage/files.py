"""The database's files: private to their owner, moved aside when damaged, told apart on network disks."""

import os
import re
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

COMPANIONS = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database."""

MOUNTS = Path("/proc/self/mounts")
# WAL needs memory that all users of the file share, which two machines do not have.
_NETWORK = {
    *("9p", "afs", "ceph", "cifs", "davfs", "fuse.glusterfs", "fuse.sshfs", "glusterfs", "lustre"),
    *("nfs", "nfs4", "smb3", "smbfs"),
}
_OCTAL = re.compile(r"[\\]([0-7]{3})")


def make_private(path: Path) -> None:
    """Create folder and file for the owner's eyes only; SQLite gives its companions the file's mode."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def close_to_others(path: Path) -> None:
    """Take away what rights others have to an existing file."""
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)


def unused_name(path: Path, suffix: str) -> Path:
    """A name beside the file that nothing has yet: `llmtui.db` becomes `llmtui-SUFFIX.db`."""
    for number in count(1):
        tail = suffix if number == 1 else f"{suffix}-{number}"
        candidate = path.with_name(f"{path.stem}-{tail}{path.suffix}")
        if not any(candidate.with_name(candidate.name + end).exists() for end in ("", *COMPANIONS)):
            break
    return candidate


def size_with_companions(path: Path) -> int:
    """The bytes of a database and of what SQLite keeps beside it."""
    places = (path.with_name(path.name + end) for end in ("", *COMPANIONS))
    return sum(place.stat().st_size for place in places if place.exists())


def copies_beside(path: Path) -> list[Path]:
    """Backups and damaged files that were made from a database."""
    return sorted(path.parent.glob(f"{path.stem}-*{path.suffix}"))


def set_aside(path: Path) -> Path:
    """Move a damaged database and its companions out of the way."""
    target = unused_name(path, f"damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    # The companions go first: an old log left beside a new database would be played into it.
    for end in (*COMPANIONS, ""):
        source = path.with_name(path.name + end)
        if source.exists():
            source.rename(target.with_name(target.name + end))
    return target


def on_network(path: Path, mounts: Path = MOUNTS) -> bool:
    """Whether the file lies on a network disk, as far as the system tells (Linux does)."""
    try:
        table = mounts.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    resolved = path.resolve()
    found = {
        Path(_OCTAL.sub(lambda match: chr(int(match[1], 8)), fields[1])): fields[2]
        for fields in map(str.split, table.splitlines())
        if len(fields) > 2
    }
    nearest = next((place for place in (resolved, *resolved.parents) if place in found), None)
    return nearest is not None and found[nearest] in _NETWORK
