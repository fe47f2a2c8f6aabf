"""The sanitiser: text from outside becomes harmless to a terminal, once, where it becomes a core value.

Single code points are replaced, never whole escape sequences, so the result does not depend on how the
text was cut into chunks. What a terminal would act on becomes visible instead.
"""

import re

_CONTROLS = {code: chr(0x2400 + code) for code in range(0x20) if code not in (0x09, 0x0A)}
_CONTROLS |= {0x7F: "\u2421"} | {code: "\ufffd" for code in range(0x80, 0xA0)}
# Overrides, embeddings and isolates reorder what stands on the screen ("Trojan Source", CVE-2021-42574).
_BIDI = {code: f"<U+{code:04X}>" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
# Tag characters are invisible and can carry hidden instructions.
_INVISIBLE = dict.fromkeys((*range(0xE0000, 0xE0080), 0xFEFF, *range(0xFFF9, 0xFFFC)), "\ufffd")
# U+2028 and U+2029 end a line for Python and for some terminals.
_SEPARATORS = {0x2028: "\n", 0x2029: "\n"}
_HARMLESS = _CONTROLS | _BIDI | _INVISIBLE | _SEPARATORS
_SUSPECT = re.compile(f"[{''.join(re.escape(chr(code)) for code in _HARMLESS)}\ud800-\udfff]")
_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def _join_pair(match: re.Match[str]) -> str:
    return match[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def sanitise(text: str) -> str:
    """Make a whole text harmless and end its lines with a line feed."""
    if not _SUSPECT.search(text):
        return text
    return well_formed(text.replace("\r\n", "\n").replace("\r", "\n")).translate(_HARMLESS)


def well_formed(text: str) -> str:
    """The text with surrogate pairs joined and lone surrogates replaced, so that UTF-8 can hold it."""
    if not _SURROGATE.search(text):
        return text
    return _SURROGATE.sub("\ufffd", _SURROGATE_PAIR.sub(_join_pair, text))


def sanitise_line(text: str) -> str:
    """Make a text harmless and put it on one line: a title, a model's name, an error."""
    return " ".join(sanitise(text).split())


class Sanitiser:
    """Makes a stream of chunks harmless; joins what was cut between two chunks (CR LF, surrogate pairs)."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, chunk: str) -> str:
        """The harmless text of a chunk, less a last character that may be half of a pair."""
        text = self._held + chunk
        self._held = ""
        if text and (text[-1] == "\r" or "\ud800" <= text[-1] <= "\udbff"):
            text, self._held = text[:-1], text[-1]
        return sanitise(text)

    def flush(self) -> str:
        """What was held back."""
        text, self._held = self._held, ""
        return sanitise(text)
