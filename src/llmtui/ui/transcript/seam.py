"""The place where a continuation was joined, as a character in the Markdown source."""

from __future__ import annotations

import re

from llmtui.ui.transcript.marks import SEAM

_MARKERS = re.compile(r"[ \t>*+#-]*(?:\d{1,9}[.)][ \t]+)?(?:\[[ xX]\][ \t]+)?")
_WORD = re.compile(r"[^\W_]")
_SETTLED = 16
"""Characters after the seam with which its place is found for good."""


def with_seam(source: str, at: int) -> str | None:
    """The source with the seam before the first word after `at`, or None while there is no such word.

    Before a word it cannot turn a heading, a list item or a fence into something else.
    """
    while match := _WORD.search(source, at):
        line = source.rfind("\n", 0, match.start()) + 1
        markers = _MARKERS.match(source, line)
        at = markers.end() if markers else line
        if at <= match.start():
            return source[: match.start()] + SEAM + source[match.start() :]
    return None


def is_settled(seamed: str) -> bool:
    """Whether more text at the end can no longer move the seam."""
    return len(seamed) - seamed.rfind(SEAM) > _SETTLED
