"""What a command starts from: the settings that its arguments and the environment select."""

import argparse
import os
from pathlib import Path

from llmtui.cli.console import warn
from llmtui.config.loader import LoadedSettings, find_config, load_settings
from llmtui.config.paths import Paths, user_paths


def config_path(arguments: argparse.Namespace, paths: Paths) -> Path | None:
    """The config file that `--config` names, else the user's own where there is one."""
    option = getattr(arguments, "config", None)
    return find_config(Path(option) if option else None, paths)


def load(arguments: argparse.Namespace) -> tuple[LoadedSettings, Paths]:
    """The settings and the user's places; raises ConfigError."""
    paths = user_paths()
    return load_settings(config_path(arguments, paths), os.environ), paths


def load_aloud(arguments: argparse.Namespace) -> tuple[LoadedSettings, Paths]:
    """The same, with the warnings on standard error."""
    loaded, paths = load(arguments)
    for warning in loaded.warnings:
        warn(warning)
    return loaded, paths
