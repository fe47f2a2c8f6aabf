"""How a cell looks, as SGR parameters, and the cheapest way from one look to another.

Parameters: ECMA-48 section 8.3.117; 90-107 are aixterm's bright colours. Links are OSC 8.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

_OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "7": "27", "8": "28", "9": "29"}
"""What is put on -> what takes it off; 22 takes off both bold and dim."""
_OFF_FOR_ALL = {"6": "25", "21": "24", "51": "54", "52": "54", "53": "55"}
_SEEN_ON_BLANKS = frozenset(["4", "5", "6", "7", "9", "21", "51", "52", "53"])


class Style(NamedTuple):
    """One look.

    Attributes:
        attributes: SGR parameters such as `1` (bold).
        foreground: SGR parameters such as `38;2;255;0;0`; empty for the terminal's own.
        background: The same.
        link: What stands in OSC 8 after `8;`, such as `id=1;https://example.com`; empty for none.
    """

    attributes: frozenset[str] = frozenset()
    foreground: str = ""
    background: str = ""
    link: str = ""

    def after(self, parameters: str) -> Style:
        """The style after an SGR sequence with these parameters."""
        attributes, foreground, background = set(self.attributes), self.foreground, self.background
        for code in _codes(parameters):
            number = code.partition(";")[0]
            if number in ("", "0"):
                attributes.clear()
                foreground = background = ""
            elif number == "38" or number in _FOREGROUNDS:
                foreground = code
            elif number == "48" or number in _BACKGROUNDS:
                background = code
            elif number == "39":
                foreground = ""
            elif number == "49":
                background = ""
            elif number in _OFF_CODES:
                attributes -= _OFF_CODES[number]
            else:
                attributes.add(code)
        return Style(frozenset(attributes), foreground, background, self.link)

    @property
    def on_blank(self) -> Style:
        """What of it is seen where there is no character: with a background alone, no more than that."""
        if self.link or not _SEEN_ON_BLANKS.isdisjoint(self.attributes):
            return self
        return Style(background=self.background)

    @property
    def is_plain(self) -> bool:
        """Whether a blank in it is a background and nothing else."""
        return not self.link and _SEEN_ON_BLANKS.isdisjoint(self.attributes)


def change(old: Style | None, new: Style) -> str:
    """What to write so that text in `old` (None: unknown) is followed by text in `new`."""
    link = "" if old is not None and old.link == new.link else f"\x1b]8;{new.link or ';'}\x1b\\"
    if old is None:
        return link + _from_nothing(new)
    if old[:3] == new[:3]:
        return link
    return link + min(filter(None, (_from_nothing(new), _step(old, new))), key=len)


def _from_nothing(new: Style) -> str:
    codes = [*sorted(new.attributes, key=_number), new.foreground, new.background]
    wanted = ";".join(filter(None, codes))
    return f"\x1b[0;{wanted}m" if wanted else "\x1b[m"


def _step(old: Style, new: Style) -> str:
    """Take off and put on what differs; empty where that is not known."""
    gone = old.attributes - new.attributes
    if not gone <= _OFF.keys():
        return ""
    codes = sorted({_OFF[attribute] for attribute in gone})
    kept = old.attributes - gone
    if "22" in codes:
        kept -= {"1", "2"}
    codes += sorted(new.attributes - kept, key=_number)
    if old.foreground != new.foreground:
        codes.append(new.foreground or "39")
    if old.background != new.background:
        codes.append(new.background or "49")
    return f"\x1b[{';'.join(codes)}m"


def _number(code: str) -> int:
    return int(code.partition(";")[0].partition(":")[0] or 0)


def _codes(parameters: str) -> Iterator[str]:
    """The parameters, one at a time; an extended colour is one with those that belong to it."""
    rest = iter(parameters.split(";"))
    for code in rest:
        if code in ("38", "48", "58"):
            kind = next(rest, "")
            values = [next(rest, "") for _ in range({"2": 3, "5": 1}.get(kind, 0))]
            code = ";".join([code, kind, *values])
        yield code


_FOREGROUNDS = frozenset(str(code) for code in (*range(30, 38), *range(90, 98)))
_BACKGROUNDS = frozenset(str(code) for code in (*range(40, 48), *range(100, 108)))
_OFF_CODES: dict[str, frozenset[str]] = {
    off: frozenset(on for on, code in (_OFF | _OFF_FOR_ALL).items() if code == off)
    for off in {*_OFF.values(), *_OFF_FOR_ALL.values()}
}
