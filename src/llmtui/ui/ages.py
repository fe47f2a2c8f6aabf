"""How long ago something was, in a word."""

from datetime import UTC, datetime

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def age(when: datetime, now: datetime | None = None) -> str:
    """`now`, `5 min`, `3 h`, `2 d`, or the date when it is longer ago than a week."""
    seconds = ((now or datetime.now(UTC)) - when).total_seconds()
    return span(seconds) or when.astimezone().strftime("%Y-%m-%d")


def span(seconds: float) -> str:
    """`now`, `5 min`, `3 h`, `2 d`; empty when it is longer than a week."""
    if seconds < _MINUTE:
        return "now"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} min"
    if seconds < _DAY:
        return f"{seconds // _HOUR:.0f} h"
    if seconds < 7 * _DAY:
        return f"{seconds // _DAY:.0f} d"
    return ""


def ago(when: datetime, now: datetime | None = None) -> str:
    """The same as words in a sentence: `5 min ago`, or the date; empty for what is of now."""
    words = age(when, now)
    return "" if words == "now" else f"{words} ago" if " " in words else words
