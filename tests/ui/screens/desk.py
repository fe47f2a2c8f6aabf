"""The app over a real database and scripted providers, driven by a pilot."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from textual.message import Message
from textual.pilot import Pilot

from llmtui.config.loader import load_settings
from llmtui.config.provider_file import ProviderFile
from llmtui.config.schema import AppSettings, ProviderSettings
from llmtui.core.history import Target
from llmtui.core.models import AgentInfo
from llmtui.providers.registry import Registry
from llmtui.providers.scripted import ScriptedProvider
from llmtui.routing.retry import RetryingProvider
from llmtui.services.chat import ChatService
from llmtui.services.health import HealthService
from llmtui.services.memory import StoredMemory
from llmtui.services.model_admins import admin_of
from llmtui.services.models import ModelService
from llmtui.services.queue import QueueService
from llmtui.services.recorder import Recorder
from llmtui.services.reload import ReloadService
from llmtui.services.services import Notify, Services
from llmtui.services.settings import SettingsService
from llmtui.services.shelf import ShelfService
from llmtui.services.transfers import TransferService
from llmtui.storage.conversations import SQLiteStore
from llmtui.ui.app import LlmtuiApp
from llmtui.ui.messages import ReplyEnded, ReplyGrew, ReplyOpened
from llmtui.ui.screens.main import MainScreen
from llmtui.ui.transcript import Entry


class KeyedProvider(ScriptedProvider):
    """A cloud provider whose key nobody has set."""

    @classmethod
    def missing_key_of(cls, settings: ProviderSettings) -> str | None:
        """Always missing."""
        return "SOME_API_KEY"


class Desk:
    """What a test holds of a running app."""

    def __init__(self, app: LlmtuiApp, pilot: Pilot[None], fakes: dict[str, ScriptedProvider]) -> None:
        self.app = app
        self.pilot = pilot
        self.fakes = fakes
        self.opened: asyncio.Queue[ReplyOpened] = asyncio.Queue()
        self.grew: asyncio.Queue[ReplyGrew] = asyncio.Queue()
        self.ended: asyncio.Queue[ReplyEnded] = asyncio.Queue()
        self._seen: set[int] = set()
        self._kept: list[Message] = []

    @property
    def screen(self) -> MainScreen:
        """The main screen."""
        return self.app.chat_screen

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What the transcript shows."""
        return self.screen.pane.transcript.entries

    def hook(self, message: Message) -> None:
        """Queue each fact about replies once; a message is seen once a hop."""
        if id(message) in self._seen:
            return
        self._seen.add(id(message))
        self._kept.append(message)
        match message:
            case ReplyOpened():
                self.opened.put_nowait(message)
            case ReplyGrew():
                self.grew.put_nowait(message)
            case ReplyEnded():
                self.ended.put_nowait(message)

    async def settle(self) -> None:
        """Let what was posted be handled."""
        await self.pilot.pause()

    async def submit(self, text: str) -> None:
        """Send a text, not waiting for the reply."""
        self.screen.prompt.text = text
        self.screen.prompt.submit()
        await self.settle()

    async def ask(self, text: str) -> ReplyEnded:
        """Send a text and wait for the end of its reply."""
        await self.submit(text)
        ended = await asyncio.wait_for(self.ended.get(), 10)
        await self.settle()
        return ended

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)
        await self.settle()

    async def idle(self) -> None:
        """Wait until no job runs."""
        await self.app.workers.wait_for_complete()
        await self.settle()


def services_at(
    folder: Path,
    fakes: dict[str, ScriptedProvider],
    agents: Sequence[AgentInfo] = (),
    config: str | None = None,
) -> Services:
    """Services over a database in the folder; with a config file its providers are the real ones."""
    path = folder / "config.yaml"
    at_start = AppSettings(providers=[fake.settings for fake in fakes.values()])
    if config is not None:
        path.write_text(config)
        at_start = load_settings(path, os.environ).settings
        agents = [agent.info() for agent in at_start.agents]
    providers = at_start.providers
    registry = Registry(
        providers,
        default_provider=at_start.default_provider,
        disabled=at_start.plugins.disabled,
        wrap=lambda built: RetryingProvider(fakes.get(built.id, built), built.clocks),
    )
    registry.register("keyed", KeyedProvider)
    store = SQLiteStore(folder / "llmtui.db")
    recorder = Recorder(store)
    chat = ChatService(recorder, registry, agents)
    health, models = HealthService(registry), ModelService(registry, StoredMemory(recorder, store))
    reloading = ReloadService(
        lambda: load_settings(path, os.environ),
        at_start,
        registry,
        health=health,
        models=models,
        agents=chat.agents,
    )
    settings = SettingsService(ProviderFile(path, os.environ, folder), registry, health, reloading)

    transfers = TransferService(partial(admin_of, registry), partial(models.refresh, wanted=True))

    async def close() -> None:
        await chat.settle()
        await transfers.settle()
        await registry.aclose()
        await chat.close()

    return Services(
        chat,
        health,
        models,
        lambda: settings,
        Target(providers[0].id),
        close,
        queue=QueueService(chat),
        reloading=lambda: reloading,
        transfers=lambda: transfers,
        shelf=lambda: ShelfService(partial(admin_of, registry), partial(models.refresh, wanted=True)),
        theme="midnight",
    )


def fake(provider_id: str, *, kind: str = "scripted", **options: object) -> ScriptedProvider:
    """A scripted provider that does not wait between words."""
    settings = ProviderSettings(
        id=provider_id,
        name=provider_id.capitalize(),
        kind=kind,
        options={"tokens_per_s": None, **options},
    )
    return ScriptedProvider(settings)


@asynccontextmanager
async def running_app(
    folder: Path,
    *,
    size: tuple[int, int] = (120, 40),
    fakes: dict[str, ScriptedProvider] | None = None,
    settled: bool = True,
    keys: Mapping[str, str] | None = None,
    agents: Sequence[AgentInfo] = (),
    notify: Notify = "bell",
    config: str | None = None,
) -> AsyncIterator[Desk]:
    """An app that has opened its database; with `settled` false, one that has only just started."""
    if fakes is None:
        fakes = {} if config else {"fake": fake("fake"), "other": fake("other")}
    services = replace(services_at(folder, fakes, agents, config), keys=keys or {}, notify=notify)
    app = LlmtuiApp(services)
    desk: Desk | None = None
    try:
        async with app.run_test(
            size=size, message_hook=lambda message: desk.hook(message) if desk else None
        ) as pilot:
            desk = Desk(app, pilot, fakes)
            if settled:
                await desk.idle()
            yield desk
    finally:
        await services.close()
