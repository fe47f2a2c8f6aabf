"""`llmtui models`: what a provider offers, and fetching the embedded model."""

import argparse
import json
from collections.abc import Callable, Mapping

from llmtui.cli.options import add_config_option
from llmtui.cli.pull import pull_embedded
from llmtui.config.paths import user_paths
from llmtui.core.models import ModelInfo
from llmtui.core.text import sanitise_line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|pull")
    listing = actions.add_parser("list", help="list the models that a provider's server names")
    add_config_option(listing)
    listing.add_argument("-p", "--provider", metavar="ID", help="the provider; else the default one")
    listing.add_argument("--json", action="store_true", help="print a JSON list")
    pull = actions.add_parser("pull", help="fetch the embedded model, 93 MB, into your data folder")
    pull.add_argument("model", choices=["embedded"])
    pull.add_argument("-q", "--quiet", action="store_true", help="say nothing when it is there")


def run(arguments: argparse.Namespace) -> int:
    """Run the action."""
    actions: Mapping[str, Callable[[argparse.Namespace], int]] = {"list": _list, "pull": _pull}
    return actions[arguments.action](arguments)


def _list(arguments: argparse.Namespace) -> int:
    # Imported here because `pull --quiet` is run by each `make run`, and needs nothing of it.
    from llmtui.cli.listing import list_models

    models = list_models(arguments)
    if arguments.json:
        print(
            json.dumps([{"id": one.id, "name": one.name, "detail": one.detail} for one in models], indent=2)
        )
    else:
        for model in models:
            print(_line(model))
    return 0


def _line(model: ModelInfo) -> str:
    return f"{sanitise_line(model.id)}  {sanitise_line(model.detail)}".rstrip()


def _pull(arguments: argparse.Namespace) -> int:
    pull_embedded(user_paths().data_dir, quiet=arguments.quiet)
    return 0
