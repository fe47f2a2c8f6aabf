"""What tells of processes that are not our children."""

import os
import select


def wait_until_gone(pid: int, seconds: float = 10) -> None:
    """Block until a process that need not be our child has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([descriptor], [], [], seconds)[0], f"process {pid} lives on"
    finally:
        os.close(descriptor)


def children_of(pid: int) -> list[int]:
    """The process ids of a process's children."""
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        return [int(child) for child in children.read().split()]


def seen_by_others(pid: int) -> bytes:
    """The command line and environment of a process, as any process of the same user can read them."""
    seen = b""
    for name in ("cmdline", "environ"):
        with open(f"/proc/{pid}/{name}", "rb") as file:
            seen += file.read()
    return seen
