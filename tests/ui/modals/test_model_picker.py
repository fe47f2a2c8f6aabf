import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from textual.content import Content

from llmtui.core.errors import LlmtuiError
from llmtui.core.history import Target
from llmtui.core.models import Capabilities, Fact, Limit, ModelInfo, Price, ProviderInfo
from llmtui.services.memory import ModelMemory
from llmtui.ui.modals.model_picker import ModelPicker
from tests.ui.pilots import DialogApp, shown, type_at_once, until

PROVIDERS = [
    ProviderInfo("openai", "OpenAI", "openai", "cloud", model="gpt-5", missing_key="OPENAI_API_KEY"),
    ProviderInfo("ollama", "Ollama [/x]", "ollama", "hybrid", model="llama3.2"),
    ProviderInfo("router", "Router", "openai_compat", "cloud"),
    ProviderInfo("plugin", "Plugin", "plugin", "local", error="cannot import [/x]"),
]
CURRENT = Target("ollama")


class Source:
    """Known models at once; live ones when `live` is set."""

    def __init__(self) -> None:
        self.live = asyncio.Event()
        self.asked: list[str] = []
        self.failure: Exception | None = None
        self.listed: dict[str, datetime] = {}

    async def known(self, provider_id: str) -> list[ModelInfo]:
        models = {"ollama": [ModelInfo("llama3.2", detail="3B"), ModelInfo("qwen [/x]")]}
        return models.get(provider_id, [])

    def listed_at(self, provider_id: str) -> datetime | None:
        return self.listed.get(provider_id)

    async def refresh(self, provider_id: str, *, wanted: bool = False) -> list[ModelInfo]:
        self.asked.append(provider_id)
        await self.live.wait()
        if self.failure:
            raise self.failure
        window = Capabilities(context_window=Limit(131_072, "live"))
        live = [ModelInfo(f"{provider_id}-live-{n}", capabilities=window) for n in range(3)]
        return [*live, *await self.known(provider_id)]


class Remembered(ModelMemory):
    """Marks and history of earlier sessions."""

    def __init__(self, favourites: Sequence[Target] = (), recent: Sequence[Target] = ()) -> None:
        super().__init__()
        self.favourites = list(favourites)
        self.saved: list[Target] = []
        self._recent = [Target(one.provider, one.model or "llama3.2") for one in recent]

    async def recent(self) -> Sequence[Target]:
        return self._recent

    async def save_mark(self, target: Target) -> None:
        self.saved.append(target)


def picker(source: Source, current: Target = CURRENT, memory: ModelMemory | None = None) -> DialogApp:
    return DialogApp(ModelPicker(PROVIDERS, current, source, memory or ModelMemory()))


async def test_known_models_are_there_before_any_server_answers() -> None:
    source = Source()
    app = picker(source)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "llama3.2" in shown(app))
        screen = shown(app)

    assert "qwen [/x]" in screen
    assert "asking …" in screen
    assert "context: unknown" in screen
    assert source.asked == ["ollama", "router"]


async def test_live_models_come_under_their_provider() -> None:
    source = Source()
    app = picker(source)
    async with app.run_test(size=(80, 40)) as pilot:
        source.live.set()
        await until(pilot, lambda: "router-live-2" in shown(app))
        lines = shown(app)

    assert lines.index("Ollama [/x]") < lines.index("ollama-live-0") < lines.index("Router")
    assert lines.index("Router") < lines.index("router-live-0")
    assert "131k" in lines
    assert "asking" not in lines


@pytest.mark.parametrize("failure", [LlmtuiError("refused by host [/x]"), ValueError("odd [/x]")])
async def test_what_goes_wrong_is_a_line_under_the_provider(failure: Exception) -> None:
    source = Source()
    source.failure = failure
    source.live.set()
    app = picker(source)
    async with app.run_test(size=(80, 40)) as pilot:
        await until(pilot, lambda: shown(app).count(str(failure)) == 2)
        lines = shown(app)

    assert "llama3.2" in lines
    assert "no key: set OPENAI_API_KEY" in lines
    assert "cannot import [/x]" in lines


async def test_enter_takes_the_current_model_when_nothing_was_touched() -> None:
    app = picker(Source())
    async with app.run_test() as pilot:
        await until(pilot, lambda: "● llama3.2" in shown(app))
        await pilot.press("enter")

    assert app.results == [Target("ollama", "llama3.2")]


async def test_the_configured_model_is_there_even_if_nobody_lists_it() -> None:
    app = picker(Source(), Target("openai", "gpt-5"))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "● gpt-5" in shown(app))


async def test_up_and_down_walk_over_headings() -> None:
    app = picker(Source())
    async with app.run_test() as pilot:
        await until(pilot, lambda: "● llama3.2" in shown(app))
        await pilot.press("down", "enter")

    assert app.results == [Target("ollama", "qwen [/x]")]


async def test_typing_finds_across_providers() -> None:
    source = Source()
    source.live.set()
    app = picker(source)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "router-live-0" in shown(app))
        await pilot.press(*"rout 2")
        await until(pilot, lambda: "ollama-live" not in shown(app))
        await pilot.press("enter")

    assert app.results == [Target("router", "router-live-2")]


async def test_live_models_that_come_later_do_not_move_the_highlight() -> None:
    source = Source()
    app = picker(source)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "qwen" in shown(app))
        await pilot.press("down")
        source.live.set()
        await until(pilot, lambda: "router-live-0" in shown(app))
        await pilot.press("enter")

    assert app.results == [Target("ollama", "qwen [/x]")]


async def test_a_highlighted_model_that_goes_away_gives_way_to_the_current_one() -> None:
    class Forgetful(Source):
        async def refresh(self, provider_id: str, *, wanted: bool = False) -> list[ModelInfo]:
            await self.live.wait()
            return [ModelInfo("other")]

    source = Forgetful()
    app = picker(source)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "qwen" in shown(app))
        await pilot.press("down")
        source.live.set()
        await until(pilot, lambda: shown(app).count("other") == 2)
        await pilot.press("enter")

    assert app.results == [Target("ollama", "llama3.2")]


@pytest.mark.parametrize(
    ("typed", "target"),
    [
        ("nobody-lists-this", Target("ollama", "nobody-lists-this")),
        ("router/meta/llama-4", Target("router", "meta/llama-4")),
        ("meta/llama-4", Target("ollama", "meta/llama-4")),
    ],
)
async def test_a_name_that_nobody_lists_is_taken_as_typed(typed: str, target: Target) -> None:
    app = picker(Source())
    async with app.run_test() as pilot:
        await until(pilot, lambda: "llama3.2" in shown(app))
        await pilot.press(*typed)
        await until(pilot, lambda: "as typed" in shown(app))
        await pilot.press("enter")

    assert app.results == [target]


async def test_a_listed_name_is_not_offered_as_typed_too() -> None:
    app = picker(Source())
    async with app.run_test() as pilot:
        await until(pilot, lambda: "llama3.2" in shown(app))
        await pilot.press(*"llama3.2")
        await pilot.pause()

        assert "as typed" not in shown(app)


async def test_what_is_typed_before_the_dialog_is_ready_narrows_it() -> None:
    app = picker(Source())
    async with app.run_test() as pilot:
        type_at_once(app, *"qwen")
        await until(pilot, lambda: "llama3.2" not in shown(app) and "qwen [/x]" in shown(app))


async def test_escape_changes_nothing() -> None:
    app = picker(Source())
    async with app.run_test() as pilot:
        await pilot.press("escape")

    assert app.results == [None]


async def test_a_thousand_models_are_cut_and_told() -> None:
    class Many(Source):
        async def known(self, provider_id: str) -> list[ModelInfo]:
            return [ModelInfo(f"model-{n}") for n in range(1000)] if provider_id == "ollama" else []

    app = picker(Many())
    async with app.run_test() as pilot:
        await pilot.press(*"model")
        await until(pilot, lambda: "model-1" in shown(app))
        await pilot.press("pageup")
        await pilot.press("up")
        dialog = app.dialog
        assert isinstance(dialog, ModelPicker)
        last = dialog.options.get_option_at_index(dialog.options.option_count - 1).prompt
        assert isinstance(last, Content)

    assert "more; type more of the name" in last.plain


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)])
async def test_it_fits_the_screen(size: tuple[int, int]) -> None:
    app = picker(Source())
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "● llama3.2" in shown(app))
        screen = shown(app)

    assert "Model" in screen
    assert "esc close" in screen


async def test_a_model_that_runs_elsewhere_says_so() -> None:
    class Mixed(Source):
        async def known(self, provider_id: str) -> list[ModelInfo]:
            remote = ModelInfo("big-cloud", leaves_machine=True)
            return [ModelInfo("llama3.2"), remote] if provider_id == "ollama" else []

    app = picker(Mixed())
    async with app.run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: "big-cloud" in shown(app))
        lines = shown(app).splitlines()

    assert "leaves this machine" in next(line for line in lines if "big-cloud" in line)
    assert "leaves this machine" not in next(line for line in lines if "llama3.2" in line)


QWEN, ROUTED = Target("ollama", "qwen [/x]"), Target("router", "router-live-1")


async def test_favourites_and_recent_models_stand_first() -> None:
    app = picker(Source(), memory=Remembered([ROUTED], [QWEN, CURRENT]))
    async with app.run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: "Recent" in shown(app))
        lines = [line.strip(" │") for line in shown(app).splitlines()]

    favourites, recent, first = (lines.index(name) for name in ("Favourites", "Recent", "OpenAI  cloud"))
    assert favourites < recent < first
    assert lines[favourites + 1].startswith("router-live-1 ★  Router")
    assert lines[recent + 1].startswith("● llama3.2  Ollama [/x]")
    assert lines[recent + 2].startswith("qwen [/x]  Ollama [/x]")


@pytest.mark.parametrize(
    ("keys", "target"),
    [(["enter"], Target("ollama", "llama3.2")), (["up", "enter"], ROUTED), (["down", "enter"], QWEN)],
    ids=["current", "favourite", "recent"],
)
async def test_they_are_taken_like_any_other(keys: list[str], target: Target) -> None:
    app = picker(Source(), memory=Remembered([ROUTED], [QWEN]))
    async with app.run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: "Recent" in shown(app))
        await pilot.press(*keys)

    assert app.results == [target]


async def test_f2_marks_a_model_and_the_highlight_stays_on_it() -> None:
    memory = Remembered()
    app = picker(Source(), memory=memory)
    async with app.run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: "qwen" in shown(app))
        await pilot.press("down", "f2")
        await until(pilot, lambda: "Favourites" in shown(app))
        assert shown(app).count("qwen [/x] ★") == 2
        await pilot.press("f2")
        await until(pilot, lambda: "Favourites" not in shown(app))
        await pilot.press("f2", "enter")

    assert app.results == [QWEN]
    assert memory.favourites == [QWEN]
    assert memory.saved == [QWEN, QWEN, QWEN]


async def test_a_mark_taken_away_among_the_favourites_leaves_the_highlight_beside_it() -> None:
    other = Target("router", "other")
    app = picker(Source(), memory=Remembered([QWEN, ROUTED, other], [CURRENT]))
    async with app.run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: "Recent" in shown(app))
        await pilot.press("up", "up", "f2", "f2", "enter")

    assert app.results == [QWEN]


async def test_a_name_that_nobody_lists_can_be_marked() -> None:
    memory = Remembered()
    app = picker(Source(), memory=memory)
    async with app.run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: "llama3.2" in shown(app))
        await pilot.press(*"rare")
        await until(pilot, lambda: "as typed" in shown(app))
        await pilot.press("f2")
        await until(pilot, lambda: "rare ★" in shown(app))

    assert memory.favourites == [Target("ollama", "rare")]


async def test_the_highlighted_model_is_spelled_out_below() -> None:
    class Able(Source):
        async def known(self, provider_id: str) -> list[ModelInfo]:
            can = Capabilities(tools=Fact.yes("live"), context_window=Limit(200_000, "provider"))
            models = {"ollama": [ModelInfo("llama3.2"), ModelInfo("able", "Able [/x]", can)]}
            return models.get(provider_id, [])

    app = picker(Able())
    async with app.run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: "price: unknown" in shown(app))
        await pilot.press("down")
        await until(pilot, lambda: "tools: yes (live)" in shown(app))
        screen = shown(app)

    assert "able  Ollama [/x]  Able [/x]" in screen
    assert "context: 200k (provider)" in screen
    assert "vision: unknown" in screen
    row = next(
        line for line in screen.splitlines() if line.strip(" │").startswith("able") and "tools" in line
    )
    assert row.rstrip(" │").endswith("200k           ?")


async def test_an_old_list_is_shown_with_its_age_until_the_server_answers() -> None:
    source = Source()
    source.listed["ollama"] = datetime.now(UTC) - timedelta(days=3, hours=1)
    app = picker(source)
    async with app.run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: "asking … · list of 3 d ago" in shown(app))
        source.live.set()
        await until(pilot, lambda: "router-live-0" in shown(app) and "asking" not in shown(app))
        assert "3 d ago" not in shown(app)


async def test_an_old_list_keeps_its_age_when_the_server_cannot_be_asked() -> None:
    source = Source()
    source.listed["ollama"] = datetime.now(UTC) - timedelta(days=3, hours=1)
    source.failure = LlmtuiError("connection refused")
    source.live.set()
    app = picker(source)
    async with app.run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: shown(app).count("connection refused") == 2)
        lines = shown(app).splitlines()

    heading = next(line for line in lines if "Ollama [/x]  hybrid" in line)
    assert "list of 3 d ago" in heading
    assert "asking" not in heading


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)])
async def test_facts_stay_in_sight_under_a_long_list(size: tuple[int, int]) -> None:
    class Many(Source):
        async def known(self, provider_id: str) -> list[ModelInfo]:
            return [ModelInfo(f"model-{n}") for n in range(100)] if provider_id == "ollama" else []

    app = picker(Many())
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "model-1" in shown(app))
        await pilot.press("pagedown", "pagedown")
        await until(pilot, lambda: "context: unknown" in shown(app))
        assert "esc close" in shown(app)


class Priced(Source):
    async def known(self, provider_id: str) -> list[ModelInfo]:
        blind = Capabilities(image=Fact.no("live"), tools=Fact.yes("live"))
        models = [
            ModelInfo("dear", price=Price(Decimal(10), Decimal(30), source="genai-prices")),
            ModelInfo(
                "cheap", capabilities=blind, price=Price(Decimal("0.1"), Decimal("0.4"), source="live")
            ),
        ]
        return models if provider_id == "router" else []


def rows_of(app: DialogApp, *names: str) -> list[str]:
    lines = [line.strip(" │●") for line in shown(app).splitlines()]
    return [line for line in lines if line.startswith(names) and "$" in line and "price:" not in line]


async def test_prices_are_shown_and_f3_orders_by_them() -> None:
    app = picker(Priced())
    async with app.run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: "$0.1/0.4" in shown(app))
        before = rows_of(app, "dear", "cheap")
        await pilot.press("f3")
        await until(pilot, lambda: "by price" in shown(app))
        after = rows_of(app, "dear", "cheap")

    assert [row.split()[0] for row in before] == ["dear", "cheap"]
    assert [row.split()[0] for row in after] == ["cheap", "dear"]


async def test_f4_asks_for_what_a_model_can_do() -> None:
    app = picker(Priced())
    async with app.run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: "$0.1/0.4" in shown(app))
        await pilot.press("f4", "f4")
        await until(pilot, lambda: ":vision" in shown(app) and not rows_of(app, "cheap"))

        assert rows_of(app, "dear")


async def test_a_model_that_cannot_take_the_chat_says_why_and_can_still_be_taken() -> None:
    app = DialogApp(ModelPicker(PROVIDERS, CURRENT, Priced(), ModelMemory(), needed={"image"}))
    async with app.run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: "reads no images" in shown(app))
        await pilot.press(*"cheap", "enter")

    assert app.results == [Target("router", "cheap")]
