"""Enter with a modifier, in the ways in which terminals send it."""

import re

_MODIFIERS = ("shift", "alt", "ctrl", "super", "hyper", "meta")
"""By their bits, in xterm's and kitty's protocols alike."""
# xterm's modifyOtherKeys, and kitty's CSI u with or without the type of the event.
_ENTER = re.compile(r"\x1b\[(?:27;(\d{1,3});13~|13;(\d{1,3})(?::1)?u)")
_ALT_ENTER = {"\x1b\r", "\x1b\n"}


def enter_with_modifiers(sequence: str) -> str | None:
    """Textual's name of the key; None for any other sequence.

    Textual 8.2 drops the ESC of ESC CR (textual#6378), so that a new line would be a send, and makes other
    names of xterm's form.
    """
    if sequence in _ALT_ENTER:
        return "alt+enter"
    if (match := _ENTER.fullmatch(sequence)) is None:
        return None
    bits = int(match[1] or match[2]) - 1
    held = sorted(name for at, name in enumerate(_MODIFIERS) if bits & 1 << at)
    return "+".join([*held, "enter"])
