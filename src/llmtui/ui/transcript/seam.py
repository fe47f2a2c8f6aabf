"""The place where a continuation was joined, as a character in the Markdown source."""

from __future__ import annotations

import re

SEAM = "\ufdd0"
"""Stands in the source where a continuation was joined (a Unicode noncharacter, never text)."""

_MARKERS = re.compile(r"[ \t>*+#-]*(?:\d{1,9}[.)][ \t]+)?(?:\[[ xX]\][ \t]+)?")
_WORD = re.compile(r"[^\W_]")


def with_seam(source: str, at: int) -> str | None:
    """The source with the seam before the first word after `at`, or None while there is no such word.

    Before a word it cannot turn a heading, a list item or a fence into something else.
    """
    source = source.replace(SEAM, "\ufffd")
    while match := _WORD.search(source, at):
        line = source.rfind("\n", 0, match.start()) + 1
        markers = _MARKERS.match(source, line)
        at = markers.end() if markers else line
        if at <= match.start():
            return source[: match.start()] + SEAM + source[match.start() :]
    return None
