"""What the model picker and the list of agents look like; `make snapshots` accepts a wanted change."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from textual.app import App
from textual.pilot import Pilot

from llmtui.core.errors import LlmtuiError
from llmtui.core.history import Target
from llmtui.core.models import AgentInfo, Capabilities, Fact, Limit, ModelInfo, Price, ProviderInfo
from llmtui.services.memory import ModelMemory
from llmtui.ui.modals.agent_list import AgentList
from llmtui.ui.modals.model_picker import ModelPicker
from llmtui.ui.theming import load_themes
from tests.ui.pilots import DialogApp

PROVIDERS = [
    ProviderInfo("claude", "Claude", "anthropic", "cloud", model="claude-sonnet-5-5"),
    ProviderInfo("openai", "OpenAI", "openai", "cloud", model="gpt-5.4-mini", missing_key="OPENAI_API_KEY"),
    ProviderInfo("box", "GPU box", "ollama", "hybrid", model="llama3.2:3b"),
]
# Long ago, so that the age is a date and the picture stays as it is.
LISTED = datetime(2026, 1, 2, 12, tzinfo=UTC)
Run = Callable[[Pilot[None]], Coroutine[None, None, None]]
Compare = Callable[..., bool]


def able(context: int, *abilities: str) -> Capabilities:
    tools, image, reasoning = (Fact(name in abilities, "live") for name in ("tools", "image", "reasoning"))
    window = Limit(context, "live")
    return Capabilities(tools=tools, image=image, reasoning=reasoning, context_window=window)


MODELS = {
    "claude": [
        ModelInfo(
            "claude-opus-5-5",
            "Claude Opus 5.5",
            able(1_000_000, "tools", "image", "reasoning"),
            price=Price(Decimal(4), Decimal(20), source="genai-prices"),
        ),
        ModelInfo(
            "claude-sonnet-5-5",
            "Claude Sonnet 5.5",
            able(200_000, "tools", "image", "reasoning"),
            price=Price(Decimal("2.5"), Decimal("12.5"), source="override"),
        ),
    ],
    "box": [
        ModelInfo("llama3.2:3b", "", able(131_072, "tools"), detail="3.2B Q4_K_M"),
        ModelInfo("qwen3-vl:8b", "", able(262_144, "tools", "image"), detail="8.8B Q4_K_M"),
        ModelInfo("gpt-oss:120b-cloud", "", able(131_072, "tools", "reasoning"), True, "117B"),
        ModelInfo("nomic-embed-text [/x]"),
    ],
}


class Source:
    """Claude answers; the GPU box is down, and what it listed once is known."""

    async def known(self, provider_id: str) -> list[ModelInfo]:
        return MODELS.get(provider_id, [])

    async def refresh(self, provider_id: str, *, wanted: bool = False) -> list[ModelInfo]:
        if provider_id == "box":
            raise LlmtuiError("connection refused at http://gpu-box:11434")
        return MODELS[provider_id]

    def listed_at(self, provider_id: str) -> datetime | None:
        return LISTED if provider_id == "box" else None


class Remembered(ModelMemory):
    """Two favourites and two recent models."""

    def __init__(self) -> None:
        super().__init__()
        self.favourites = [Target("claude", "claude-opus-5-5"), Target("box", "qwen3-vl:8b")]

    async def recent(self) -> list[Target]:
        return [Target("claude", "claude-sonnet-5-5"), Target("box", "llama3.2:3b")]


def after(*keys: str, theme: str = "midnight") -> Run:
    """Press keys once everything has come."""

    async def run(pilot: Pilot[None]) -> None:
        for known in load_themes(())[0]:
            pilot.app.register_theme(known)
        pilot.app.theme = theme
        # The box is down, so its job ends in an error.
        await asyncio.gather(*(job.wait() for job in pilot.app.workers), return_exceptions=True)
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()

    return run


@pytest.fixture
def picker(monkeypatch: pytest.MonkeyPatch) -> App[None]:
    monkeypatch.delenv("NO_COLOR", raising=False)
    return DialogApp(ModelPicker(PROVIDERS, Target("claude"), Source(), Remembered()))


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)], ids=str)
def test_picker(picker: App[None], snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(picker, terminal_size=size, run_before=after())


@pytest.mark.parametrize("theme", ["paper", "ansi-dark"])
def test_picker_theme(picker: App[None], snap_compare: Compare, theme: str) -> None:
    assert snap_compare(picker, terminal_size=(100, 30), run_before=after(theme=theme))


@pytest.mark.parametrize(
    "keys",
    [(*"qwen",), ("up", "f2"), (*"box/new",), ("f3", "f4", "f4")],
    ids=["narrowed", "mark-taken-away", "as-typed", "vision-by-price"],
)
def test_picker_keys(picker: App[None], snap_compare: Compare, keys: tuple[str, ...]) -> None:
    assert snap_compare(picker, terminal_size=(100, 30), run_before=after(*keys))


@pytest.mark.parametrize("size", [(100, 30), (40, 10)], ids=str)
def test_agents(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    agents = [
        AgentInfo("reviewer", "claude", "claude-sonnet-5-5", system_prompt="Name bugs [/x].\nBe brief."),
        AgentInfo("translator", "box", "qwen3-vl:8b"),
    ]
    dialog = AgentList(agents, lambda one: Target(one.provider or "", one.model), current="reviewer")
    assert snap_compare(DialogApp(dialog), terminal_size=size, run_before=after())
