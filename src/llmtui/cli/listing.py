"""Asking a provider's server for its models."""

import argparse
import asyncio

from llmtui.bootstrap import build_registry
from llmtui.cli.session import load_aloud
from llmtui.core.errors import ConfigError
from llmtui.core.models import ModelInfo
from llmtui.core.ports import ProviderRegistry
from llmtui.services.models import ModelService


def list_models(arguments: argparse.Namespace) -> list[ModelInfo]:
    """The models of the provider that the arguments name, else of the default one; raises LlmtuiError."""
    settings = load_aloud(arguments)[0].settings
    provider = arguments.provider or settings.default_provider
    if provider is None:
        raise ConfigError("no provider is configured")
    return asyncio.run(_refreshed(build_registry(settings), provider))


async def _refreshed(registry: ProviderRegistry, provider: str) -> list[ModelInfo]:
    try:
        return await ModelService(registry).refresh(provider)
    finally:
        await registry.aclose()
