"""How much the way to the person's terminal is asked to carry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

DriverName: TypeAlias = Literal["thrifty", "plain"]
"""`thrifty` sends only the cells that changed, `plain` what Textual writes."""


@dataclass(frozen=True, slots=True)
class TerminalProfile:
    """What the app writes to its terminal, and how often."""

    remote: bool = False
    """Whether the terminal is reached over SSH."""
    driver: DriverName = "thrifty"
    frames_per_s: float = 12.0
    """How often a reply that streams is painted, at most."""
    jump_lines: int = 1
    """How many lines a reply moves up at once when it has reached the bottom."""


_OVER_SSH = TerminalProfile(remote=True, frames_per_s=10.0, jump_lines=5)


def is_remote(environ: Mapping[str, str]) -> bool:
    """Whether the terminal is reached over SSH (or mosh, which begins as SSH).

    tmux renews SSH_CONNECTION for its new panes at each attach but not SSH_TTY, which stays what it was when
    the server began (`update-environment` in tmux(1)): inside tmux only the first one counts.
    """
    names = ("SSH_CONNECTION",) if environ.get("TMUX") else ("SSH_CONNECTION", "SSH_TTY")
    return any(environ.get(name) for name in names)


def terminal_profile(
    environ: Mapping[str, str],
    *,
    driver: DriverName = "thrifty",
    frames_per_s: float | None = None,
    jump_lines: int | None = None,
) -> TerminalProfile:
    """The profile for an environment; what a person wishes goes over what the link suggests."""
    remote = is_remote(environ)
    usual = _OVER_SSH if remote else TerminalProfile()
    return TerminalProfile(
        remote,
        driver,
        usual.frames_per_s if frames_per_s is None else frames_per_s,
        usual.jump_lines if jump_lines is None else jump_lines,
    )
