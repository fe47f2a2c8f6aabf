"""Tables that fit their width: columns shrink and wrap; too many become records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rich.segment import Segment
from textual.content import Content

from llmtui.ui.transcript.ink import Ink, Line, cells

_GAP = " │ "
_NARROWEST = 6
_COLON = Content(": ")


@dataclass(frozen=True, slots=True)
class Table:
    """Cells by row, the header first; `aligns` holds left, center or right per column."""

    rows: list[list[Content]]
    aligns: list[str]


def table_lines(table: Table, ink: Ink, width: int) -> list[Line]:
    """The table in at most `width` cells, with no text lost."""
    natural = [max(cell.cell_length for cell in column) for column in zip(*table.rows, strict=True)]
    widths = _fit(natural, width - len(_GAP) * (len(natural) - 1))
    if any(got < min(want, _NARROWEST) for got, want in zip(widths, natural, strict=True)):
        return _records(table, ink, width)
    rule: Line = [ink.chrome("─┼─".join("─" * size for size in widths), ".rule")]
    rows = [_row(row, widths, table.aligns, ink, header=not number) for number, row in enumerate(table.rows)]
    ruled = any(len(row) > 1 for row in rows[1:])
    lines = [*rows[0], rule]
    for number, row in enumerate(rows[1:]):
        lines += [rule, *row] if number and ruled else row
    return lines


def _fit(natural: Sequence[int], available: int) -> list[int]:
    """Column widths: narrow columns keep theirs, the wide ones share what is left."""
    widths = [0] * len(natural)
    order = sorted(range(len(natural)), key=natural.__getitem__)
    for place, column in enumerate(order):
        widths[column] = max(0, min(natural[column], available // (len(order) - place)))
        available -= widths[column]
    return widths


def _row(row: list[Content], widths: list[int], aligns: list[str], ink: Ink, header: bool) -> list[Line]:
    base = ink.on(".table-header") if header else ink.base
    columns = [
        # Most cells fit, and wrapping is the slowest part of a table.
        [ink.line(cell, base)] if cell.cell_length <= size else ink.wrap(cell, max(1, size), base)
        for cell, size in zip(row, widths, strict=True)
    ]
    gap = ink.chrome(_GAP, ".rule")
    lines: list[Line] = []
    for parts in zip_longest(*columns):
        line: Line = []
        for part, size, align in zip(parts, widths, aligns, strict=True):
            line += [*([gap] if line else []), *_aligned(part or [], size, align, ink)]
        lines.append(line)
    return lines


def _aligned(line: Line, width: int, align: str, ink: Ink) -> Line:
    space = max(0, width - cells(line))
    left = {"right": space, "center": space // 2}.get(align, 0)
    base = ink.base.rich_style
    return [Segment(" " * left, base), *line, Segment(" " * (space - left), base)]


def _records(table: Table, ink: Ink, width: int) -> list[Line]:
    """Each row as `header: cell` lines, for a table with more columns than fit."""
    header, *rows = table.rows
    names = [name.stylize(".table-header") for name in header]
    if not rows:
        return [line for name in names for line in ink.wrap(name, width)]
    labels = [[*ink.line(name), *ink.line(_COLON)] for name in names]
    lines: list[Line] = []
    for number, row in enumerate(rows):
        lines += [[]] if number else []
        for name, label, cell in zip(names, labels, row, strict=True):
            if cells(label) + cell.cell_length <= width:
                lines.append([*label, *ink.line(cell)])
            else:
                lines += ink.wrap(_COLON.join([name, cell]), width)
    return lines
