"""The chats that are measured, and what to press in them: data for `chat.open_chat`."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).parents[1]
SSH: Mapping[str, str] = {"SSH_CONNECTION": "127.0.0.1 50000 127.0.0.1 22", "SSH_TTY": "/dev/pts/0"}
"""What tells a program that its person is elsewhere."""
_CONFIG = """
default_provider: bench
providers:
  - {{id: bench, kind: openai_compat, name: Bench, base_url: "{url}/v1", api_key: none, model: bench}}
"""


@dataclass(frozen=True, slots=True)
class Program:
    """A chat program that is set up to ask the fake server."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    ready: str
    """Stands on the screen once it can be used."""
    opening: Sequence[str] = ()
    """Keys that lead from there to a prompt."""
    submit: str = "\r"
    """The key that sends."""
    follows: bool = True
    """Whether the end of a reply is on the screen when all has been painted."""


def bare(url: str, home: Path) -> Program:
    """Textual's own widgets."""
    argv = [sys.executable, "-m", "benchmarks.bare_chat", url]
    return Program("bare Textual", argv, environment(home), "bare chat is ready")


def llmtui(
    url: str, home: Path, *, columns: int = 120, remote: bool = False, options: Sequence[str] = ()
) -> Program:
    """This checkout, its sidebar shown; `remote`: as over SSH; `options` of the command line."""
    home.mkdir(parents=True, exist_ok=True)
    config = home / "config.yaml"
    config.write_text(_CONFIG.format(url=url))
    config.chmod(0o600)
    argv = [sys.executable, "-m", "llmtui", "--config", str(config), *options]
    env = {**environment(home), **(SSH if remote else {})}
    # Below 100 columns the sidebar is a rail until somebody unfolds it.
    opening = ("\x07", "s") if columns < 100 else ()
    return Program("llmtui over SSH" if remote else "llmtui", argv, env, "bench · bench", opening)


def side_by_side(url: str, home: Path) -> tuple[Program, ...]:
    """Llmtui at home, llmtui over SSH, and the bare app."""
    return llmtui(url, home / "local"), llmtui(url, home / "remote", remote=True), bare(url, home)


def watched(program: Program, stalls: Path) -> Program:
    """The program, a `python -m MODULE`, with the stalls of its loop noted in a file."""
    python, option, *rest = program.argv
    return replace(program, argv=[python, option, "benchmarks.loop_probe", str(stalls), *rest])


def environment(home: Path) -> dict[str, str]:
    """A home of its own and no provider's keys, so that nothing outside this machine is asked."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    places = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
    path = os.pathsep.join((str(ROOT), str(ROOT / "src")))
    terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": path}
    return {"LANG": "C.UTF-8", **kept, **places, **terminal, "HOME": str(home)}
