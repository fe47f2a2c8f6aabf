"""Options that several commands share."""

import argparse
from collections.abc import Sequence

LOG_LEVELS: Sequence[str] = ("debug", "info", "warning", "error")


def add_log_option(parser: argparse.ArgumentParser) -> None:
    """Let `--log-level` stand here; without it, one that stood earlier holds."""
    parser.add_argument(
        "--log-level",
        choices=LOG_LEVELS,
        metavar="LEVEL",
        default=argparse.SUPPRESS,
        help=f"what the log file holds: {', '.join(LOG_LEVELS)}; goes over log_level of the config file",
    )


def add_config_option(parser: argparse.ArgumentParser) -> None:
    """Let `--config` stand here; without it, one that stood earlier holds."""
    parser.add_argument("--config", metavar="FILE", default=argparse.SUPPRESS, help="the config file to use")
