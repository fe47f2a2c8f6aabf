"""The app asks by the schedule: while somebody looks, and no more often."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from textual import events

from llmtui.config.schema import ProviderSettings
from llmtui.core.models import CheckStage, CheckState, ConnectionReport, HealthMode
from llmtui.providers.scripted import ScriptedProvider
from llmtui.services import schedule
from llmtui.services.health import HealthState
from llmtui.ui.widgets.provider_row import ProviderRow
from tests.ui.pilots import until
from tests.ui.screens.desk import Desk, running_app


class Counted(ScriptedProvider):
    """Tells of every check."""

    def __init__(self, provider_id: str, mode: HealthMode = "live") -> None:
        super().__init__(ProviderSettings(id=provider_id, kind="scripted", health=mode))
        self.checks = 0

    async def check(self, *, with_key: bool = True) -> ConnectionReport:
        """A little slower each time."""
        self.checks += 1
        return ConnectionReport(self.id, (CheckStage("http", CheckState.OK, "", 0.1 + self.checks / 1000),))


def asked(desk: Desk, *expected: int) -> Callable[[], bool]:
    return lambda: [fake.checks for fake in desk.fakes.values() if isinstance(fake, Counted)] == [*expected]


async def test_each_mode_is_asked_at_the_start_and_when_chosen_as_it_says(tmp_path: Path) -> None:
    fakes: dict[str, ScriptedProvider] = {
        "live": Counted("live"),
        "idle": Counted("idle", "idle"),
        "off": Counted("off", "off"),
    }
    async with running_app(tmp_path, fakes=fakes) as desk:
        assert asked(desk, 1, 1, 0)()
        await desk.press("ctrl+g", "2")
        await desk.idle()
        await desk.press("ctrl+g", "3")
        await desk.idle()
        assert asked(desk, 1, 2, 0)()
        assert desk.app.services.health.of("off").state is HealthState.OFF


async def test_it_asks_again_and_again_while_somebody_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "SHORTEST_S", 0.01)
    monkeypatch.setattr(schedule, "LONGEST_S", 0.02)
    fakes: dict[str, ScriptedProvider] = {"live": Counted("live"), "idle": Counted("idle", "idle")}
    async with running_app(tmp_path, fakes=fakes) as desk:
        live = fakes["live"]
        assert isinstance(live, Counted)
        await until(desk.pilot, lambda: live.checks >= 4)
        desk.app.post_message(events.AppBlur())
        await until(desk.pilot, lambda: desk.app.services.health.schedule.held)
        await desk.idle()
        before = live.checks
        assert desk.app.services.health.schedule.wait_s() is None
        await asyncio.wait_for(desk.app.probe_due().wait(), 5)
        assert live.checks == before

        desk.app.post_message(events.AppFocus())
        await until(desk.pilot, lambda: live.checks > before)
        assert asked(desk, live.checks, 1)()


async def test_a_key_brings_the_next_probe_nearer(tmp_path: Path) -> None:
    fakes: dict[str, ScriptedProvider] = {"live": Counted("live")}
    async with running_app(tmp_path, fakes=fakes) as desk:
        health = desk.app.services.health
        for _ in range(3):
            health.schedule.choose("live")
        long_s = health.schedule.wait_s()
        await desk.press("x")
        short_s = health.schedule.wait_s()
    assert long_s is not None
    assert short_s is not None
    assert long_s > 4 * short_s - 1 > 0


async def test_a_probe_that_brings_nothing_new_paints_nothing(tmp_path: Path) -> None:
    fakes: dict[str, ScriptedProvider] = {"live": Counted("live")}
    async with running_app(tmp_path, fakes=fakes) as desk:
        row = desk.screen.query_one(ProviderRow)
        assert row.shown == (HealthState.UP, "up 101ms")
        painted: list[HealthState] = []
        desk.screen.watch(row, "shown", lambda shown: painted.append(shown[0]), init=False)
        for _ in range(3):
            desk.screen.sidebar.show_health(await desk.app.services.health.probe("live"))
            await desk.settle()
        assert (asked(desk, 4)(), painted) == (True, [])
        assert row.shown == (HealthState.UP, "up 101ms")
