"""Enter with a modifier, as terminals without the kitty keyboard protocol send it."""

from enum import StrEnum

from textual import _ansi_sequences


class LegacyKey(StrEnum):
    """Keys that Textual's own table does not know."""

    ALT_ENTER = "alt+enter"


ALIASES = {"shift+\r": "shift+enter", "ctrl+\r": "ctrl+enter", "\r": "alt+enter"}
"""What Textual makes of xterm's modifyOtherKeys form of enter -> what was pressed."""


def teach_alt_enter() -> None:
    """Let ESC CR arrive as alt+enter; Textual drops the ESC (textual#6378), and a new line would be a send.

    The table is private: where it is another one, alt+enter stays enter.
    """
    table = getattr(_ansi_sequences, "ANSI_SEQUENCES_KEYS", None)
    if isinstance(table, dict):
        table["\x1b\r"] = (LegacyKey.ALT_ENTER,)
