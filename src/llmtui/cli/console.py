"""What commands say beside their output: on standard error, so that a pipe stays clean."""

import os
import sys

from llmtui.core.errors import LlmtuiError
from llmtui.core.text import sanitise, sanitise_line


def say(text: str) -> None:
    """Write one remark."""
    print(sanitise(text), file=sys.stderr, flush=True)


def warn(text: str) -> None:
    """Write one warning."""
    say(f"warning: {text}")


def complain(error: LlmtuiError) -> None:
    """Write what went wrong, and what to do about it."""
    say(f"llmtui: {error}")
    if error.hint:
        say(f"hint: {error.hint}")


def is_live() -> bool:
    """Whether a person watches standard error."""
    return sys.stderr is not None and sys.stderr.isatty()


def dimmed(text: str) -> str:
    """The text in faint letters, where standard error shows them."""
    plain = not is_live() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if plain else f"\x1b[2m{text}\x1b[22m"


def show_progress(text: str) -> None:
    """Write what is waited for, in place of what was before; empty: nothing any more.

    Only where a person watches, for it is no news to anybody later.
    """
    if is_live() and os.environ.get("TERM") != "dumb":
        print(f"\r\x1b[2K{dimmed(sanitise_line(text)) if text else ''}", end="", file=sys.stderr, flush=True)
