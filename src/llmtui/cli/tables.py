"""Rows of words in columns."""

from collections.abc import Sequence

from llmtui.core.text import sanitise_line


def table(rows: Sequence[Sequence[str]]) -> str:
    """The rows with their columns below one another; each cell on one line and harmless."""
    clean = [[sanitise_line(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*clean, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in clean
    )
