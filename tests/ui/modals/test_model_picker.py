import asyncio

import pytest
from textual.content import Content

from llmtui.core.errors import LlmtuiError
from llmtui.core.history import Target
from llmtui.core.models import Capabilities, Limit, ModelInfo, ProviderInfo
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

    async def known(self, provider_id: str) -> list[ModelInfo]:
        models = {"ollama": [ModelInfo("llama3.2", detail="3B"), ModelInfo("qwen [/x]")]}
        return models.get(provider_id, [])

    async def refresh(self, provider_id: str) -> list[ModelInfo]:
        self.asked.append(provider_id)
        await self.live.wait()
        if self.failure:
            raise self.failure
        window = Capabilities(context_window=Limit(131_072, "live"))
        live = [ModelInfo(f"{provider_id}-live-{n}", capabilities=window) for n in range(3)]
        return [*live, *await self.known(provider_id)]


def picker(source: Source, current: Target = CURRENT) -> DialogApp:
    return DialogApp(ModelPicker(PROVIDERS, current, source))


async def test_known_models_are_there_before_any_server_answers() -> None:
    source = Source()
    app = picker(source)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "llama3.2" in shown(app))
        screen = shown(app)

    assert "qwen [/x]" in screen
    assert "asking …" in screen
    assert "context unknown" in screen
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
    assert "131k context" in lines
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
        async def refresh(self, provider_id: str) -> list[ModelInfo]:
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
