"""The composition root: settings become a registry and services."""

import os
from functools import cache, partial
from typing import TYPE_CHECKING

from llmtui.catalog.catalogue import Catalogue
from llmtui.config.loader import LoadedSettings, find_config, load_settings
from llmtui.config.paths import Paths
from llmtui.config.schema import AppSettings
from llmtui.core.errors import ConfigError
from llmtui.core.history import Target
from llmtui.core.ports import ModelCatalogue, Provider
from llmtui.core.terminal import terminal_profile
from llmtui.providers.locality import host_of
from llmtui.providers.registry import Registry
from llmtui.routing.retry import RetryingProvider
from llmtui.services.chat import ChatService
from llmtui.services.health import HealthService
from llmtui.services.logs import LogReader
from llmtui.services.memory import StoredMemory
from llmtui.services.models import ModelService
from llmtui.services.queue import QueueService
from llmtui.services.recorder import Recorder
from llmtui.services.services import Services
from llmtui.storage.conversations import SQLiteStore

if TYPE_CHECKING:
    from llmtui.providers.base import BaseProvider
    from llmtui.services.reload import ReloadService
    from llmtui.services.settings import SettingsService
    from llmtui.services.shelf import ShelfService
    from llmtui.services.transfers import TransferService


def build_registry(settings: AppSettings) -> Registry:
    """The configured providers, each behind the guard and its retries."""
    return Registry(
        settings.providers,
        default_provider=settings.default_provider,
        disabled=settings.plugins.disabled,
        wrap=_wrapped,
    )


def build_catalogue(paths: Paths) -> ModelCatalogue:
    """What is known of models beside what their servers say; reads nothing before it is asked."""
    return Catalogue(paths.models_dev)


def _wrapped(provider: "BaseProvider") -> Provider:
    host = host_of(provider.base_url_of(provider.settings))
    return RetryingProvider(provider, provider.clocks, host=host)


def build_services(loaded: LoadedSettings, paths: Paths) -> Services:
    """Everything that the screen needs; touches neither disk nor network."""
    settings = loaded.settings
    if not settings.providers:
        raise ConfigError(f"{loaded.source}: no providers are configured")
    registry = build_registry(settings)
    store = SQLiteStore(paths.database)
    recorder = Recorder(store)
    health = HealthService(registry, recorder)
    memory = StoredMemory(recorder, store)
    models = ModelService(registry, memory, health.may_ask, catalogue=build_catalogue(paths))
    agents = [agent.info() for agent in settings.agents]
    chat = ChatService(recorder, registry, agents, priced=models.priced)

    @cache
    def reload_service() -> "ReloadService":
        from llmtui.services.reload import ReloadService

        return ReloadService(
            # A file of one's own may have come meanwhile, but none that was named goes unread.
            lambda: load_settings(loaded.source or find_config(None, paths), os.environ),
            settings,
            registry,
            health=health,
            models=models,
            agents=chat.agents,
        )

    @cache
    def transfer_service() -> "TransferService":
        from llmtui.services.model_admins import admin_of
        from llmtui.services.transfers import TransferService

        def address(provider_id: str) -> str:
            info = registry.info(provider_id)
            return info.base_url if info else ""

        refresh = partial(models.refresh, wanted=True)
        return TransferService(partial(admin_of, registry), refresh, address=address)

    @cache
    def shelf_service() -> "ShelfService":
        from llmtui.services.model_admins import admin_of
        from llmtui.services.shelf import ShelfService

        return ShelfService(partial(admin_of, registry), partial(models.refresh, wanted=True))

    @cache
    def settings_service() -> "SettingsService":
        from hashlib import sha256

        from llmtui.config.provider_file import ProviderFile
        from llmtui.services.settings import SettingsService

        own = paths.config_file
        config = loaded.source or own
        # The keys of another file shall not take the place of those of one's own.
        suffix = "" if config == own else f"-{sha256(str(config.resolve()).encode()).hexdigest()[:8]}"
        file = ProviderFile(config, os.environ, own.parent, key_suffix=suffix)
        return SettingsService(file, registry, health, reload_service())

    async def close() -> None:
        await chat.settle()
        if transfer_service.cache_info().currsize:
            await transfer_service().settle()
        await registry.aclose()
        await chat.close()

    return Services(
        chat=chat,
        health=health,
        models=models,
        settings=settings_service,
        reloading=reload_service,
        transfers=transfer_service,
        shelf=shelf_service,
        default_target=Target(settings.default_provider or settings.providers[0].id),
        close=close,
        queue=QueueService(chat),
        logs=LogReader(paths.log_dir),
        theme=settings.theme,
        theme_dirs=(paths.config_file.parent / "themes",),
        keys=settings.keys,
        notify=settings.notify,
        terminal=terminal_profile(
            os.environ,
            driver=settings.terminal.driver,
            frames_per_s=settings.terminal.frames_per_second,
            jump_lines=settings.terminal.jump_lines,
        ),
        warnings=tuple(loaded.warnings),
    )
