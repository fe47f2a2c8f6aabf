"""The health room over real services: scripted providers, and a wire server."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from textual.widgets import Static

from llmtui.config.schema import ProviderSettings
from llmtui.core.errors import ConnectError
from llmtui.providers.registry import Registry
from llmtui.services.health import Health, HealthService, HealthState
from llmtui.testing.wire_server import WireServer
from llmtui.ui.modals.health import HealthRoom
from tests.ui.pilots import DialogApp, shown, until


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    async with WireServer() as server:
        server.reply("/v1/models", [b'{"data": [{"id": "small"}]}'])
        yield server


def settings(server: WireServer) -> list[ProviderSettings]:
    return [
        ProviderSettings(id="demo", kind="scripted", health="idle"),
        ProviderSettings(
            id="far", kind="openai_compat", base_url=f"{server.url}/v1", api_key=SecretStr("sk-secret")
        ),
        ProviderSettings(id="gone", kind="scripted", options={"down": "out [/x] of order"}),
        ProviderSettings(id="quiet", kind="scripted", health="off"),
        ProviderSettings(id="keyless", kind="claude"),
    ]


class Room:
    """A room with what it told."""

    def __init__(self, server: WireServer, *, current: str = "far") -> None:
        self.registry = Registry(settings(server))
        self.health = HealthService(self.registry)
        self.told: list[Health] = []
        self.app = DialogApp(
            HealthRoom(self.health, self.health.infos, current=current, report=self.told.append)
        )

    def line(self, provider: str) -> list[str]:
        """The words of a provider's row, without the frame."""
        lines = [line.replace("│", " ").split() for line in shown(self.app).splitlines()]
        return next((line[2:] for line in lines if line[1:2] == [provider]), [])


@pytest.fixture
async def room(server: WireServer) -> AsyncIterator[Room]:
    room = Room(server)
    yield room
    await room.registry.aclose()


async def test_it_shows_what_is_known_without_asking(room: Room, server: WireServer) -> None:
    async with room.app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "sk-secret" not in shown(room.app) and bool(room.line("far")))
        rows = {name: room.line(name) for name in ("demo", "far", "gone", "quiet", "keyless")}
        about = shown(room.app)

    assert rows == {
        "demo": ["unchecked", "never", "now", "idle"],
        "far": ["unchecked", "never", "now", "live"],
        "gone": ["unchecked", "never", "now", "live"],
        "quiet": ["off", "never", "never", "off"],
        "keyless": ["no", "key", "never", "never", "live"],
    }
    assert f"far · openai_compat · local · {server.url}/v1" in about
    assert server.exchanges == []


async def test_r_asks_all_and_tells_the_screen_below(room: Room, server: WireServer) -> None:
    async with room.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("r")
        await until(pilot, lambda: len(room.told) == 5)
        await until(pilot, lambda: "asking" not in shown(room.app))
        rows = {name: room.line(name) for name in ("demo", "far", "gone", "quiet")}
        about = " ".join(shown(room.app).split())

    assert rows["demo"] == ["ready", "now", "when", "chosen", "idle"]
    assert rows["far"] == ["key", "not", "tried", "now", "in", "1", "min", "live"]
    assert rows["gone"] == ["down", "now", "in", "1", "min", "live"]
    assert rows["quiet"] == ["ready", "now", "never", "off"]
    assert "hint: no request went to this host before" in about
    assert "authorization" not in server.requests[0].headers
    assert {health.provider for health in room.told} == {"demo", "far", "gone", "quiet", "keyless"}


async def test_while_it_asks_it_says_so_and_closes_at_once(room: Room) -> None:
    async with WireServer() as slow:
        slow.reply("/v1/models", before_head=asyncio.Event())
        room = Room(slow)
        async with room.app.run_test(size=(120, 40)) as pilot:
            await pilot.press("enter")
            await slow.exchange(0)
            await until(pilot, lambda: room.line("far")[:2] == ["asking", "…"])
            await until(pilot, lambda: "http  asking" in " ".join(shown(room.app).split("   ")))
            await pilot.press("escape")
        assert room.app.results == [None]
        await room.registry.aclose()


async def test_enter_shows_every_stage_and_sends_the_key(room: Room, server: WireServer) -> None:
    async with room.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: "1 found" in shown(room.app))
        about = [line.replace("│", " ").split()[:2] for line in shown(room.app).splitlines()]

    for stage in ("name", "tcp", "http", "auth", "models"):
        assert [stage, "ok"] in about
    assert server.requests[0].headers["authorization"] == "Bearer sk-secret"
    assert room.health.of("far").state is HealthState.UP


async def test_what_went_wrong_is_told_with_its_hint_until_there_is_news(room: Room) -> None:
    async with room.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("j")
        await until(pilot, lambda: "gone · scripted" in shown(room.app))
        await pilot.press("enter")
        await until(pilot, lambda: "out [/x] of order" in shown(room.app))
        assert "script  FAILED" in shown(room.app)

        room.health.note_failure("gone", ConnectError("no route to host", hint="check the cable"))
        await until(pilot, lambda: "hint: check the cable" in shown(room.app))
        assert "no route to host" in shown(room.app)
        assert "script  FAILED" not in shown(room.app)
        assert room.line("gone")[0] == "down"

        await pilot.press("down", "down")
        await until(pilot, lambda: "keyless · anthropic" in shown(room.app))
        assert "set ANTHROPIC_API_KEY" in shown(room.app)


async def test_a_state_that_was_found_out_elsewhere_is_shown(room: Room) -> None:
    async with room.app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: bool(room.line("far")))
        room.health.note_success("far")
        await until(pilot, lambda: room.line("far")[0] == "up")
        room.health.schedule.hold("out of focus")
        await until(pilot, lambda: "paused" in room.line("far"))


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (20, 6)])
async def test_it_fits_small_screens(room: Room, size: tuple[int, int]) -> None:
    async with room.app.run_test(size=size) as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: room.health.of("far").state is HealthState.UP)
        await until(pilot, lambda: "far" in shown(room.app))
        assert max(map(len, shown(room.app).splitlines())) <= size[0]
        if size[0] >= 40:
            assert room.line("far")[0] == "up"
            await pilot.press(*["pagedown"] * 3)
            await until(pilot, lambda: "found" in shown(room.app))


async def test_nothing_new_is_drawn_anew(room: Room) -> None:
    async with room.app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: bool(room.line("far")))
        await pilot.pause()
        dialog = room.app.screen
        assert isinstance(dialog, HealthRoom)
        before = dialog.options.get_option_at_index(1).prompt, dialog.query_one("#detail", Static).visual
        dialog.show_news()
        assert dialog.options.get_option_at_index(1).prompt is before[0]
        assert dialog.query_one("#detail", Static).visual is before[1]
