"""What the terminal can do, from its terminfo entry."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Abilities that not every terminal has.

    Attributes:
        colours_erased: What is erased takes the background colour (`bce`).
        erases_characters: It can erase a number of cells (`ech`).
        scrolls_regions: It can scroll some of its rows (`csr`).
    """

    colours_erased: bool = False
    erases_characters: bool = False
    scrolls_regions: bool = False


UNKNOWN_TERMINAL = Capabilities(scrolls_regions=True)
"""Of a terminal that has no entry here, as kitty's and foot's on many servers: a VT100 could scroll regions."""


def capabilities_of(terminal: str) -> Capabilities:
    """What terminfo says of a `TERM`.

    `curses` keeps the first terminal that it was asked about for the life of the process.
    """
    with suppress(ImportError):
        import curses

        with suppress(curses.error):
            curses.setupterm(terminal)
            return Capabilities(
                colours_erased=curses.tigetflag("bce") > 0,
                erases_characters=bool(curses.tigetstr("ech")),
                scrolls_regions=bool(curses.tigetstr("csr")),
            )
    return UNKNOWN_TERMINAL
