"""Lines of a list with cells at their right end."""

from collections.abc import Iterable

from rich.cells import cell_len
from textual.content import Content


def row(name: Content, cells: Iterable[tuple[str, int]], width: int) -> Content:
    """A name, cut where it is too long, and cells of their widths behind it."""
    sized = list(cells)
    room = max(1, width - sum(size + 1 for _, size in sized))
    line = name.truncate(room, ellipsis=True, pad=True)
    return line + Content("").join(Content(f" {cell}").truncate(size + 1, pad=True) for cell, size in sized)


def tail(name: str, width: int) -> str:
    """The end of a name that is too long: those of one registry differ only there."""
    if cell_len(name) <= width:
        return name
    name = name[-width:]
    while cell_len(name) >= width > 1:
        name = name[1:]
    return f"…{name}" if width > 1 else "…"


def apart(left: Content, right: Content, width: int) -> Content:
    """Two texts at both ends of a line; the left one is cut where there is too little room."""
    room = max(1, width - right.cell_length - 1) if right else width
    return left.truncate(room, ellipsis=True, pad=bool(right)) + (Content(" ") + right if right else right)
