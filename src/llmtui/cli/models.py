"""`llmtui models`: what a provider offers, and fetching the embedded model."""

import argparse
import asyncio
import json
from collections.abc import Callable, Mapping

from llmtui.bootstrap import build_registry
from llmtui.cli.pull import pull_embedded
from llmtui.cli.session import load_aloud
from llmtui.config.paths import user_paths
from llmtui.core.errors import ConfigError
from llmtui.core.models import ModelInfo
from llmtui.core.ports import ProviderRegistry
from llmtui.core.text import sanitise_line
from llmtui.services.models import ModelService


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|pull")
    listing = actions.add_parser("list", help="list the models that a provider's server names")
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
    loaded, paths = load_aloud(arguments)
    provider = arguments.provider or loaded.settings.default_provider
    if provider is None:
        raise ConfigError("no provider is configured")
    models = asyncio.run(_models(build_registry(loaded.settings, paths), provider))
    if arguments.json:
        print(
            json.dumps([{"id": one.id, "name": one.name, "detail": one.detail} for one in models], indent=2)
        )
    else:
        for model in models:
            print(_line(model))
    return 0


async def _models(registry: ProviderRegistry, provider: str) -> list[ModelInfo]:
    try:
        return await ModelService(registry).refresh(provider)
    finally:
        await registry.aclose()


def _line(model: ModelInfo) -> str:
    return sanitise_line(f"{model.id}  {model.detail}" if model.detail else model.id)


def _pull(arguments: argparse.Namespace) -> int:
    pull_embedded(user_paths().data_dir, quiet=arguments.quiet)
    return 0
