"""The composition root: settings become a registry and services."""

import os
from functools import cache
from typing import TYPE_CHECKING

from llmtui.config.loader import LoadedSettings
from llmtui.config.paths import Paths
from llmtui.config.schema import AppSettings
from llmtui.core.errors import ConfigError
from llmtui.core.history import Target
from llmtui.providers.registry import Registry
from llmtui.routing.retry import RetryingProvider
from llmtui.services.chat import ChatService
from llmtui.services.health import HealthService
from llmtui.services.models import ModelService
from llmtui.services.recorder import Recorder
from llmtui.services.services import Services
from llmtui.storage.conversations import SQLiteStore

if TYPE_CHECKING:
    from llmtui.services.settings import SettingsService

DATABASE = "llmtui.db"


def build_registry(settings: AppSettings) -> Registry:
    """The configured providers, each behind the guard and its retries."""
    return Registry(
        settings.providers,
        default_provider=settings.default_provider,
        wrap=lambda provider: RetryingProvider(provider, provider.clocks),
    )


def build_services(loaded: LoadedSettings, paths: Paths) -> Services:
    """Everything that the screen needs; touches neither disk nor network."""
    settings = loaded.settings
    if not settings.providers:
        raise ConfigError(f"{loaded.source}: no providers are configured")
    registry = build_registry(settings)
    recorder = Recorder(SQLiteStore(paths.data_dir / DATABASE))
    chat = ChatService(recorder, registry)
    health, models = HealthService(registry), ModelService(registry)

    @cache
    def settings_service() -> "SettingsService":
        from llmtui.config.provider_file import ProviderFile
        from llmtui.services.settings import SettingsService

        config = paths.config_file
        file = ProviderFile(loaded.source or config, os.environ, config.parent)
        return SettingsService(file, registry, health, models)

    async def close() -> None:
        await chat.settle()
        await registry.aclose()
        await chat.close()

    return Services(
        chat=chat,
        health=health,
        models=models,
        settings=settings_service,
        default_target=Target(settings.default_provider or settings.providers[0].id),
        close=close,
        theme=settings.theme,
        theme_dirs=(paths.config_file.parent / "themes",),
        keys=settings.keys,
        warnings=tuple(loaded.warnings),
    )
