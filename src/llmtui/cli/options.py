"""Options that several commands share."""

import argparse


def add_config_option(parser: argparse.ArgumentParser) -> None:
    """Let `--config` stand here; without it, one that stood earlier holds."""
    parser.add_argument("--config", metavar="FILE", default=argparse.SUPPRESS, help="the config file to use")
