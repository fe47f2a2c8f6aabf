"""Every state of a provider, as the sidebar and the health room show it."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot

from llmtui.config.loader import load_settings
from llmtui.config.provider_file import ProviderFile
from llmtui.config.schema import AppSettings, ProviderSettings
from llmtui.core.errors import AuthError, ConnectError, LlmtuiError
from llmtui.core.history import Target
from llmtui.core.models import CheckStage, CheckState, ConnectionReport, HealthMode, ModelInfo
from llmtui.providers.registry import Registry
from llmtui.providers.scripted import ScriptedProvider
from llmtui.services import health
from llmtui.services.chat import ChatService
from llmtui.services.health import HealthService, HealthState
from llmtui.services.model_admins import admin_of
from llmtui.services.models import ModelService
from llmtui.services.queue import QueueService
from llmtui.services.recorder import Recorder
from llmtui.services.reload import ReloadService
from llmtui.services.services import Services
from llmtui.services.settings import SettingsService
from llmtui.services.shelf import ShelfService
from llmtui.services.transfers import TransferService
from llmtui.storage.conversations import SQLiteStore
from llmtui.ui.app import LlmtuiApp
from tests.ui.pilots import until

Compare = Callable[..., bool]
Stages = tuple[CheckStage, ...]

OK, FAILED, SKIPPED = CheckState.OK, CheckState.FAILED, CheckState.SKIPPED
REACHED = (
    CheckStage("name", OK, "192.0.2.7", 0.004),
    CheckStage("tcp", OK, "port 443 is open", 0.018),
    CheckStage("tls", OK, "the certificate is trusted", 0.020),
)
ANSWERED = (*REACHED, CheckStage("http", OK, "answered", 0.1))
REPORTS: Mapping[str, tuple[Stages, LlmtuiError | None]] = {
    "ready": ((CheckStage("package", OK), CheckStage("model file", OK)), None),
    "up": ((*ANSWERED, CheckStage("auth", OK, "the key was not refused")), None),
    "slow": ((*REACHED, CheckStage("http", OK, "answered", 1.4)), None),
    "untried": ((*ANSWERED, CheckStage("auth", SKIPPED, "key not tried")), None),
    "refused": (
        (*ANSWERED, CheckStage("auth", FAILED, "invalid x-api-key", 0.2)),
        AuthError("invalid x-api-key"),
    ),
    "down": (
        (REACHED[0], CheckStage("tcp", FAILED, "connection refused at http://gpu-box:11434", 0.001)),
        ConnectError("connection refused", hint="start it with `ollama serve`, or check host and port"),
    ),
}
PROVIDERS: Mapping[str, tuple[str, HealthMode]] = {
    "up": ("https://up.example.com", "live"),
    "slow": ("https://slow.example.com", "live"),
    "untried": ("https://untried.example.com", "idle"),
    "refused": ("https://refused.example.com", "live"),
    "no-key": ("https://no-key.example.com", "live"),
    "ready": ("", "live"),
    "down": ("http://gpu-box:11434", "live"),
    "off": ("http://off:1", "off"),
    "unchecked": ("http://unchecked:1", "live"),
}


class Stated(ScriptedProvider):
    """A provider whose check finds what its id says; `unchecked` never comes to an end."""

    @classmethod
    def missing_key_of(cls, settings: ProviderSettings) -> str | None:
        """Of one provider only."""
        return "NO_KEY_API_KEY" if settings.id == "no-key" else None

    async def check(self, *, with_key: bool = True) -> ConnectionReport:
        """What was written down."""
        if self.id not in REPORTS:
            await asyncio.Event().wait()
        stages, error = REPORTS[self.id]
        hint = error.hint if error else ""
        return ConnectionReport(self.id, stages, (ModelInfo("m"),), hint=hint, error=error)


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    monkeypatch.delenv("NO_COLOR", raising=False)
    # On a slow machine the one that never answers would be given up.
    monkeypatch.setattr(health, "PROBE_TIMEOUT_S", 600)
    registry = Registry(
        [
            ProviderSettings(
                id=name, name=name.capitalize(), kind="stated", base_url=url or None, health=mode
            )
            for name, (url, mode) in PROVIDERS.items()
        ]
    )
    registry.register("stated", Stated)
    chat = ChatService(Recorder(SQLiteStore(tmp_path / "llmtui.db")), registry)

    async def close() -> None:
        await chat.close()

    asked, models = HealthService(registry), ModelService(registry)
    file = ProviderFile(tmp_path / "config.yaml", {}, tmp_path)
    reloading = ReloadService(
        lambda: load_settings(None, {}),
        AppSettings(),
        registry,
        health=asked,
        models=models,
        agents=chat.agents,
    )
    transfers = TransferService(partial(admin_of, registry), models.refresh)
    services = Services(
        chat,
        asked,
        models,
        lambda: SettingsService(file, registry, asked, reloading),
        Target("up"),
        close,
        queue=QueueService(chat),
        reloading=lambda: reloading,
        transfers=lambda: transfers,
        shelf=lambda: ShelfService(partial(admin_of, registry), models.refresh),
        theme="midnight",
    )
    yield services
    asyncio.run(services.close())


def all_known(services: Services, *keys: str) -> Callable[[Pilot[None]], object]:
    """Wait until all that answer have answered, then press keys."""

    async def run(pilot: Pilot[None]) -> None:
        known = services.health
        await until(pilot, lambda: all(known.of(name).checked_at_s for name in REPORTS))
        await pilot.pause()
        for key in keys:
            await pilot.press(key)
        await pilot.pause()
        assert {known.of(name).state for name in PROVIDERS} == set(HealthState)

    return run


@pytest.mark.parametrize("size", [(100, 18), (80, 18)], ids=["wide", "rail"])
@pytest.mark.parametrize("colours", ["midnight", "paper", "none"])
def test_sidebar(
    services: Services,
    snap_compare: Compare,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
    colours: str,
) -> None:
    if colours == "none":
        monkeypatch.setenv("NO_COLOR", "1")
    else:
        services = replace(services, theme=colours)
    assert snap_compare(LlmtuiApp(services), terminal_size=size, run_before=all_known(services))


def test_sidebar_with_its_cursor(services: Services, snap_compare: Compare) -> None:
    run = all_known(services, "shift+tab", "down", "down")
    assert snap_compare(LlmtuiApp(services), terminal_size=(100, 18), run_before=run)


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)], ids=str)
def test_health_room(services: Services, snap_compare: Compare, size: tuple[int, int]) -> None:
    run = all_known(services, "ctrl+g", "h", *["down"] * 3)
    assert snap_compare(LlmtuiApp(services), terminal_size=size, run_before=run)


def test_health_room_without_colours(
    services: Services, snap_compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    run = all_known(services, "ctrl+g", "h", *["down"] * 6)
    assert snap_compare(LlmtuiApp(services), terminal_size=(80, 24), run_before=run)
