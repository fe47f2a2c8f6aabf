"""What the room of a server's models looks like."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from textual.pilot import Pilot

from llmtui.core.errors import DiskFull
from llmtui.core.model_admin import ModelAction, OfferedModel, RunningModel, StoredModel, TransferStep
from llmtui.core.models import Capabilities, Fact, Limit
from llmtui.services.shelf import ShelfService
from llmtui.services.transfers import TransferService
from llmtui.ui.app import LlmtuiApp
from llmtui.ui.room.model_room import ModelRoom
from tests.services.model_server import DONE, ModelServer, piece
from tests.ui.pilots import until
from tests.ui.screens.desk import services_at

GB = 1_000_000_000
CONFIG = """\
providers:
  - {id: box, kind: ollama, name: Box, base_url: "http://127.0.0.1:11434", health: "off"}
  - {id: cloud, kind: ollama, name: Ollama cloud, base_url: "https://ollama.com", api_key: k, health: "off"}
"""
CAN = Capabilities(tools=Fact.yes("live"), image=Fact.yes("live"), context_window=Limit(131_072, "live"))
MODELS = (
    StoredModel("llama3.2:latest", 2_019_393_189, "sha256:a80c4f17acd5", "llama", "3.2B", "Q4_K_M", CAN),
    StoredModel("mine:latest", 2_019_393_189, "sha256:a80c4f17acd5", "llama", "3.2B", "Q4_K_M", CAN),
    StoredModel("gemma3:27b", 17 * GB, "sha256:1eb26b6b360b", "gemma3", "27B", "Q4_K_M", CAN),
    StoredModel("gpt-oss:120b-cloud", None, "sha256:569662207105", "gptoss", leaves_machine=True),
)
OFFERS = [
    OfferedModel("llama3.2", "3B, 2.0 GB; tools", installed=True),
    OfferedModel("llama3.2:1b", "1B, 1.3 GB; tools"),
    OfferedModel("phi4", "14B, 9.1 GB"),
    OfferedModel("qwen3", "8B, 5.2 GB; tools, thinks", size=5_200_000_000),
]
Run = Callable[[Pilot[None]], Coroutine[None, None, None]]
Compare = Callable[..., bool]


class Shop(ModelServer):
    """A server whose transfers stand still where the picture is taken."""

    def __init__(self) -> None:
        super().__init__(actions=frozenset(ModelAction) - {ModelAction.PUSH})
        self.models = {one.name: replace(one, modified_at=datetime(2026, 1, 2, tzinfo=UTC)) for one in MODELS}
        self.running_models = [RunningModel("gemma3:27b", 19 * GB, 19 * GB // 2, 8192)]
        self.offers = OFFERS
        self.play(
            "phi4", [piece(3 * GB, 9 * GB, "sha256:fd7b6731c33c"), piece(900, 1400, "t"), asyncio.Event()]
        )
        self.play("qwen3", [TransferStep("verify", "verifying"), asyncio.Event()])
        self.play("full", [DiskFull("no space left on device", hint="free some space, then resume")])
        self.play("small", [piece(815_000_000, 815_000_000), DONE])


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LlmtuiApp]:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.chdir(tmp_path)
    services = services_at(Path(), {}, config=CONFIG)
    shop = Shop()

    async def refresh(provider_id: str) -> None:
        """The lists of other parts are not in the picture."""

    transfers = TransferService(shop.open, refresh, clock=lambda: 0.0)
    shelf = ShelfService(shop.open, refresh)
    yield LlmtuiApp(replace(services, transfers=lambda: transfers, shelf=lambda: shelf))
    asyncio.run(services.close())


def room_after(*keys: str, theme: str = "midnight") -> Run:
    """Open the room and press keys in it."""

    async def run(pilot: Pilot[None]) -> None:
        pilot.app.theme = theme
        await pilot.pause()
        await pilot.press("ctrl+g", "o")
        room = pilot.app.screen
        assert isinstance(room, ModelRoom)
        await until(pilot, lambda: bool(room.shelf.stored) and bool(room.pull_pane._offered))
        await pilot.press(*keys)
        await until(pilot, lambda: not any(job.queued for job in room.jobs_here()[:4]))
        await pilot.pause()

    return run


ALL = (
    *"small",
    "enter",
    *"full",
    "enter",
    *"qwen3",
    "enter",
    *"phi4",
    "enter",
    *"next",
    "enter",
    "tab",
    "up",
)
SIZES = pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)], ids=str)


@SIZES
def test_suggestions(app: LlmtuiApp, snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(app, terminal_size=size, run_before=room_after(*"llama3.2"))


@SIZES
def test_on_the_way(app: LlmtuiApp, snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(app, terminal_size=size, run_before=room_after(*ALL))


@SIZES
def test_models(app: LlmtuiApp, snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(app, terminal_size=size, run_before=room_after("f4", "down"))


@pytest.mark.parametrize("theme", ["paper", "ansi-dark"])
@pytest.mark.parametrize("keys", [ALL, ("f4", "down")], ids=["pull", "models"])
def test_theme(app: LlmtuiApp, snap_compare: Compare, theme: str, keys: tuple[str, ...]) -> None:
    assert snap_compare(app, terminal_size=(100, 30), run_before=room_after(*keys, theme=theme))


@pytest.mark.parametrize("size", [(120, 20), (80, 20)], ids=str)
def test_while_it_is_closed(app: LlmtuiApp, snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(app, terminal_size=size, run_before=room_after(*"phi4", "enter", "escape"))
