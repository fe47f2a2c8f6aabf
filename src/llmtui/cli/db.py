"""`llmtui db`: a copy of the chats, a check of them, and removing for good what was deleted."""

import argparse
import logging
import re
import sys
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from llmtui.cli.console import say, warn
from llmtui.cli.exit_codes import FAILED
from llmtui.cli.session import begin
from llmtui.core.errors import ConfigError
from llmtui.core.history import now
from llmtui.core.logs import logfmt
from llmtui.storage.backup import back_up, default_target
from llmtui.storage.checkup import check
from llmtui.storage.purge import Deleted, deleted, purge
from llmtui.storage.schema import MIGRATIONS

_log = logging.getLogger(__name__)
_AGE = re.compile(r"(\d+)([hdw])")
_UNITS: Mapping[str, str] = {"h": "hours", "d": "days", "w": "weeks"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="backup|check|purge")
    text = "copy all chats into one file, also while llmtui runs"
    backup = actions.add_parser("backup", help=text, description=text)
    backup.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="else a dated name beside the database"
    )
    backup.add_argument("--force", action="store_true", help="replace the file if it is there")
    text = "look for damage, changing nothing; exits with 1 when there is any"
    actions.add_parser("check", help=text, description=text)
    text = "remove deleted chats for good: their text is in no file of the database any more"
    purging = actions.add_parser("purge", help=text, description=text)
    purging.add_argument(
        "--older-than",
        type=_moment,
        dest="before",
        metavar="AGE",
        help="only those deleted this long ago: 12h, 30d, 8w",
    )
    purging.add_argument("--yes", action="store_true", help="do not ask")


def run(arguments: argparse.Namespace) -> int:
    """Run the action."""
    actions: Mapping[str, Callable[[argparse.Namespace, Path], int]] = {
        "backup": _backup,
        "check": _check,
        "purge": _purge,
    }
    return actions[arguments.action](arguments, begin(arguments).database)


def _backup(arguments: argparse.Namespace, path: Path) -> int:
    target = arguments.file or default_target(path)
    back_up(path, target, force=arguments.force)
    _log.info(logfmt("database backed up", target=target))
    print(target)
    return 0


def _check(arguments: argparse.Namespace, path: Path) -> int:
    found = check(path)
    facts: dict[str, object] = {
        "database": path,
        "size": _size(found.size),
        "version": f"{found.version} of {len(MIGRATIONS)}",
        "journal": found.journal_mode,
        **found.counts,
    }
    for name, value in facts.items():
        print(f"{name:<14}{value}")
    for problem in found.problems:
        print(f"{'damaged':<14}{problem}")
    if found.problems:
        _log.error(logfmt("database is damaged", problems=len(found.problems), first=found.problems[0]))
        say("hint: a backup can take its place, see `llmtui db backup`; nothing was changed")
        return FAILED
    print(f"{'damage':<14}none")
    return 0


def _purge(arguments: argparse.Namespace, path: Path) -> int:
    before = arguments.before or now()
    doomed = deleted(path, before)
    if not doomed.chats:
        print("no deleted chats to remove")
        return 0
    if not (arguments.yes or _confirmed(doomed)):
        say("nothing was removed")
        return FAILED
    gone = purge(path, before)
    _log.info(logfmt("deleted chats removed", chats=gone.chats, messages=gone.messages))
    sizes = f"{_size(gone.size_before)} became {_size(gone.size_after)}"
    print(f"removed {_words(Deleted(gone.chats, gone.messages))}; {sizes}")
    for copy in gone.copies:
        warn(f"an earlier copy may still hold them: {copy}")
    if not gone.emptied:
        warn("another program reads the database, whose log still holds them; run this again later")
        return FAILED
    return 0


def _confirmed(doomed: Deleted) -> bool:
    if not sys.stdin.isatty():
        problem = ConfigError("not asked for confirmation: standard input is no terminal")
        problem.hint = "add --yes"
        raise problem
    print(f"remove {_words(doomed)} for good? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _words(what: Deleted) -> str:
    return f"{what.chats} deleted chat(s) with {what.messages} message(s)"


def _moment(age: str) -> datetime:
    """The time that is this long ago."""
    if (found := _AGE.fullmatch(age)) is None:
        raise argparse.ArgumentTypeError(f"'{age}' is no age such as 12h, 30d or 8w")
    try:
        return now() - timedelta(**{_UNITS[found[2]]: int(found[1])})
    except OverflowError:
        raise argparse.ArgumentTypeError(f"'{age}' is too long ago") from None


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"
