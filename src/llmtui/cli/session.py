"""What a command starts from: the settings that its arguments and the environment select."""

import argparse
import logging
import os
import platform
from pathlib import Path

from llmtui import __version__
from llmtui.cli.console import warn
from llmtui.cli.logs import set_level, start_log
from llmtui.config.loader import LoadedSettings, find_config, load_settings
from llmtui.config.paths import Paths, user_paths
from llmtui.core.logs import keep_out_of_logs, logfmt
from llmtui.core.terminal import is_remote

_log = logging.getLogger(__name__)


def config_path(arguments: argparse.Namespace, paths: Paths) -> Path | None:
    """The config file that `--config` names, else the user's own where there is one."""
    option = getattr(arguments, "config", None)
    return find_config(Path(option) if option else None, paths)


def load(arguments: argparse.Namespace) -> tuple[LoadedSettings, Paths]:
    """The settings and the user's places, with the log begun; raises ConfigError."""
    paths, level = begin(arguments), _level(arguments)
    loaded = load_settings(config_path(arguments, paths), os.environ)
    set_level(level or loaded.settings.log_level)
    keep_out_of_logs(loaded.settings.secrets())
    _log_start(arguments, loaded)
    return loaded, paths


def begin(arguments: argparse.Namespace) -> Paths:
    """The user's places, with the log begun: all that a command needs which reads no config file."""
    paths = user_paths()
    start_log(paths.log_dir, _level(arguments) or "info")
    return paths


def load_aloud(arguments: argparse.Namespace) -> tuple[LoadedSettings, Paths]:
    """The same, with the warnings on standard error."""
    loaded, paths = load(arguments)
    for warning in loaded.warnings:
        _log.warning(logfmt("config", problem=warning))
        warn(warning)
    return loaded, paths


def _level(arguments: argparse.Namespace) -> str | None:
    level: str | None = getattr(arguments, "log_level", None)
    return level


def _log_start(arguments: argparse.Namespace, loaded: LoadedSettings) -> None:
    seen = {name: os.environ.get(name) for name in ("TERM", "TERM_PROGRAM", "COLORTERM", "LANG")}
    started = logfmt(
        "started",
        command=arguments.command or "tui",
        version=__version__,
        python=platform.python_version(),
        system=platform.system(),
        **{name.lower(): value for name, value in seen.items()},
        over="ssh" if is_remote(os.environ) else None,
        inside="tmux" if "TMUX" in os.environ else None,
        config=loaded.source or "none",
    )
    _log.info(started)
