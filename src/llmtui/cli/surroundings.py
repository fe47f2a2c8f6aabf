"""What a report of a bug needs to know of the machine; no login, address of a person, or key is in it."""

import os
import platform
import re
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from llmtui import __version__
from llmtui.config import system_keyring
from llmtui.config.paths import Paths, from_home
from llmtui.config.schema import NetworkSettings
from llmtui.core.errors import KeyUnavailable, StorageError
from llmtui.core.terminal import is_remote
from llmtui.storage.facts import condition

_LIBRARIES = ("textual", "httpx", "anthropic", "openai", "ollama", "genai-prices", "xllamacpp")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_AS_THEY_ARE = ("NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
_LOGIN = re.compile(r"^([a-z][a-z0-9+.-]*://)?.*@", re.IGNORECASE | re.DOTALL)
Facts = dict[str, str]


def surroundings(paths: Paths, config: Path | None, network: NetworkSettings | None) -> Facts:
    """Name -> what is so here; `network` is the app's, where the settings could be read."""
    return {
        "llmtui": __version__,
        "python": f"{platform.python_version()} on {platform.platform()}",
        "libraries": ", ".join(_libraries()),
        "terminal": ", ".join(dict.fromkeys(_terminal(os.environ))),
        "config": _place(config) if config else f"{from_home(paths.config_file)} (no such file)",
        "data": _place(paths.data_dir),
        "database": _database(paths.database),
        "log": _place(paths.log_dir),
        "keyring": _keyring(),
        "network": ", ".join(_network(os.environ, network or NetworkSettings()))
        or "no proxy, no own authority",
    }


def masked(url: str) -> str:
    """An address whose login is there, but not told: all before the last @, however it is written."""
    return _LOGIN.sub(r"\1***@", url)


def _libraries() -> Iterator[str]:
    for name in _LIBRARIES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"no {name}"


def _terminal(environ: Mapping[str, str]) -> Iterator[str]:
    yield environ.get("TERM") or "no TERM"
    if program := environ.get("TERM_PROGRAM"):
        yield program
    yield _colours(environ)
    if sys.stdout.isatty():
        yield "{}x{}".format(*shutil.get_terminal_size())
    else:
        yield "output is no terminal"
    yield from (name for variable, name in (("TMUX", "tmux"), ("STY", "screen")) if environ.get(variable))
    if is_remote(environ):
        yield "over SSH"
    yield environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or "no locale"
    yield sys.stdout.encoding


def _colours(environ: Mapping[str, str]) -> str:
    if environ.get("NO_COLOR"):
        return "no colours by NO_COLOR"
    if environ.get("COLORTERM") in ("truecolor", "24bit"):
        return "24-bit colours"
    import curses

    try:
        curses.setupterm(environ.get("TERM") or "dumb", sys.__stdout__.fileno() if sys.__stdout__ else 1)
    except (curses.error, OSError):
        return "unknown to terminfo"
    return f"{max(0, curses.tigetnum('colors'))} colours"


def _place(path: Path) -> str:
    """Where it is, with its rights."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return f"{from_home(path)} (not there yet)"
    except OSError as error:
        return f"{from_home(path)} ({(error.strerror or str(error)).lower()})"
    notes = [stat.filemode(found.st_mode)]
    if found.st_uid != os.getuid():
        notes.append("another user's")
    if not os.access(path, os.W_OK):
        notes.append("not writable")
    return f"{from_home(path)} ({', '.join(notes)})"


def _database(path: Path) -> str:
    place = _place(path)
    if not path.exists():
        return place
    try:
        return f"{place}, {path.stat().st_size / 1e6:.1f} MB, {condition(path)}"
    except (StorageError, OSError) as error:
        return f"{place}, {error}"


def _keyring() -> str:
    try:
        return system_keyring.backend_name()
    except KeyUnavailable as error:
        return f"{error}: keys go to files of their own"


def _network(environ: Mapping[str, str], network: NetworkSettings) -> Iterator[str]:
    if network.proxy:
        yield f"network.proxy {masked(network.proxy)}"
    if network.ca_file:
        yield f"network.ca_file {_place(network.ca_file)}"
    for name in (*_PROXIES, *_AS_THEY_ARE):
        # Some programs read the small ones, some the large ones.
        for variable in (name, name.lower()):
            if value := environ.get(variable):
                yield f"{variable} {masked(value) if name in _PROXIES else value}"
