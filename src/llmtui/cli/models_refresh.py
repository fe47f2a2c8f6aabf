"""`llmtui models refresh`: what models.dev tells of models, fetched once and used until the next time."""

import argparse
import asyncio

from llmtui.catalog.models_dev import ADDRESS, ModelsDev
from llmtui.cli.console import say
from llmtui.cli.session import load_aloud
from llmtui.providers.fetch import fetcher


def run(arguments: argparse.Namespace) -> int:
    """Fetch the list from `--from`, else from models.dev."""
    refresh_models(arguments)
    return 0


def refresh_models(arguments: argparse.Namespace) -> None:
    """Fetch the list unless the kept one is still the newest; raises LlmtuiError, and the kept one stays."""
    loaded, paths = load_aloud(arguments)
    fetch = fetcher(loaded.settings.network)
    known = asyncio.run(ModelsDev(paths.models_dev).refresh(fetch, arguments.address or ADDRESS))
    news = "fetched" if known.changed else "nothing new"
    say(f"{news}: {known.models:,} models of {known.vendors} vendors are described in {paths.models_dev}")
