"""What is known of a model: each fact from the most trusted source that tells it."""

import json
from dataclasses import fields, replace
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.bootstrap import build_catalogue
from llmtui.catalog.catalogue import Catalogue
from llmtui.catalog.genai_prices import priced
from llmtui.config.paths import Paths
from llmtui.config.schema import ModelSettings, ProviderSettings
from llmtui.config.vendors import VENDORS
from llmtui.core.history import MessageState, RequestRecord, Target
from llmtui.core.models import Capabilities, Cost, Fact, FactSource, Limit, ModelInfo, Price, ProviderInfo
from llmtui.core.usage import Usage
from llmtui.providers.registry import Registry
from llmtui.services.chat import ChatService
from llmtui.services.models import ModelService
from llmtui.services.recorder import Recorder
from llmtui.storage.conversations import SQLiteStore

SOURCES: tuple[FactSource, ...] = get_args(FactSource)
OPENAI = ProviderInfo("o", "O", "openai", "cloud", base_url="https://api.openai.com/v1")


def told(source: FactSource) -> ModelInfo:
    """A model of which one source tells everything."""
    kinds = {one.name: type(getattr(Capabilities(), one.name)) for one in fields(Capabilities)}
    facts: dict[str, Any] = {name: kind(7 if kind is Limit else True, source) for name, kind in kinds.items()}
    price = Price(Decimal(1), Decimal(2), source=source)
    return ModelInfo("m", capabilities=Capabilities(**facts), price=price)


@given(st.lists(st.sampled_from(SOURCES), min_size=1))
def test_the_most_trusted_source_wins_whatever_the_order(sources: list[FactSource]) -> None:
    first, *rest = map(told, sources)
    best = min(sources, key=SOURCES.index)
    found = first.completed(*rest)
    assert {getattr(found.capabilities, one.name).source for one in fields(Capabilities)} == {best}
    assert found.price.source == best


def test_a_fact_that_the_trusted_source_does_not_tell_comes_from_the_next() -> None:
    live = ModelInfo("m", capabilities=Capabilities(tools=Fact.no("live")))
    found = live.completed(told("genai-prices"), told("provider"))
    assert found.capabilities.tools == Fact.no("live")
    assert found.capabilities.context_window.source == "genai-prices"
    assert found.price.source == "genai-prices"


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path / "models.dev.json")


def lookup(catalogue: Catalogue, provider: ProviderInfo, model: str, **known: Any) -> ModelInfo:
    [found] = catalogue.lookup(provider, [ModelInfo(model, **known)])
    return found


def test_a_known_model_has_a_price_and_a_context_with_their_source(catalogue: Catalogue) -> None:
    found = lookup(catalogue, OPENAI, "gpt-4o")
    assert found.price.source == found.capabilities.context_window.source == "genai-prices"
    assert found.price.input
    assert found.price.output
    assert found.price.output > found.price.input > 0


@pytest.mark.parametrize(
    "provider",
    [
        OPENAI,
        replace(OPENAI, base_url="https://unknown.example/v1"),
        replace(OPENAI, base_url=""),
        replace(OPENAI, base_url="not an address"),
    ],
)
def test_what_nobody_knows_stays_unknown(catalogue: Catalogue, provider: ProviderInfo) -> None:
    assert lookup(catalogue, provider, "a-model-of-my-own") == ModelInfo("a-model-of-my-own")


def test_a_deployment_has_no_price_by_its_name(catalogue: Catalogue) -> None:
    """It is called `gpt-4o`, and may be anything."""
    url = "https://r.openai.azure.com/openai/v1"
    azure = ProviderInfo("a", "A", "azure", "cloud", base_url=url)
    assert priced(url, "gpt-4o") is not None
    assert lookup(catalogue, azure, "gpt-4o").price == Price()


def test_only_what_stays_on_own_machines_is_free(catalogue: Catalogue) -> None:
    box = ProviderInfo("b", "B", "ollama", "local", base_url="http://127.0.0.1:11434")
    assert lookup(catalogue, box, "llama3.2").price.input == 0
    assert lookup(catalogue, box, "big-cloud", leaves_machine=True).price == Price()
    assert lookup(catalogue, box, "gpt-oss:120b-cloud").price == Price()
    mixed = replace(box, type="hybrid")
    assert lookup(catalogue, mixed, "llama3.2").price == Price()
    assert lookup(catalogue, mixed, "llama3.2", leaves_machine=False).price.input == 0


def test_the_company_behind_a_model_of_hugging_face_has_its_own_price(catalogue: Catalogue) -> None:
    face = VENDORS["huggingface"]
    provider = ProviderInfo("h", "H", face.id, "cloud", base_url=face.base_url)
    assert lookup(catalogue, provider, "openai/gpt-oss-120b:groq").price.source == "genai-prices"
    assert lookup(catalogue, provider, "openai/gpt-oss-120b").price == Price()


def test_a_price_with_steps_says_so() -> None:
    found = priced("https://generativelanguage.googleapis.com", "gemini-2.5-pro")
    assert found is not None
    assert "beyond 200k tokens" in found.price.note


def test_the_person_has_the_last_word(catalogue: Catalogue) -> None:
    said = ModelSettings.model_validate(
        {"context_window": 9000, "tools": False, "price": {"input": 0.1, "output": 0.3}}
    )
    provider = replace(OPENAI, stated={"gpt-4o": said.info("gpt-4o")})
    found = lookup(catalogue, provider, "gpt-4o", capabilities=Capabilities(tools=Fact.yes("live")))
    assert found.capabilities.tools == Fact.no("override")
    assert found.capabilities.context_window == Limit(9000, "override")
    assert found.price == Price(Decimal("0.1"), Decimal("0.3"), source="override")
    assert found.capabilities.image == Fact()


def test_models_dev_fills_in_what_the_prices_do_not_tell(tmp_path: Path) -> None:
    file = tmp_path / "models.dev.json"
    listed = {"gpt-4o": {"tool_call": True, "limit": {"context": 1}, "cost": {"input": 99, "output": 99}}}
    file.write_text(json.dumps({"vendors": {"openai": {"models": listed}}}))
    found = lookup(Catalogue(file), OPENAI, "gpt-4o")
    assert found.capabilities.tools == Fact.yes("models.dev")
    assert found.capabilities.context_window.source == found.price.source == "genai-prices"


def test_a_fault_in_the_prices_costs_only_the_prices(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    import genai_prices.data_snapshot

    def broken() -> None:
        raise KeyError("data")

    monkeypatch.setattr(genai_prices.data_snapshot, "get_snapshot", broken)
    assert lookup(catalogue, OPENAI, "gpt-4o", detail="mine") == ModelInfo("gpt-4o", detail="mine")


def test_a_cost_knows_the_steps_of_a_price_and_the_cache(catalogue: Catalogue) -> None:
    gemini = ProviderInfo("g", "G", "gemini", "cloud", base_url="https://generativelanguage.googleapis.com")
    model = lookup(catalogue, gemini, "gemini-2.5-pro")
    few = catalogue.cost(gemini, model, Usage(100_000, 0))
    many = catalogue.cost(gemini, model, Usage(300_000, 0))
    cached = catalogue.cost(gemini, model, Usage(100_000, 0, cache_read=100_000))
    assert few is not None
    assert many is not None
    assert cached is not None
    assert many.dollars > 3 * few.dollars
    assert cached.dollars < few.dollars
    assert few.source == f"genai-prices {version('genai-prices')}"


def test_a_cost_by_the_persons_own_price(catalogue: Catalogue) -> None:
    mine = ModelInfo("gpt-4o", price=Price(Decimal(1), Decimal(2), source="override"))
    assert catalogue.cost(OPENAI, mine, Usage(1_000_000, 500_000)) == Cost(Decimal(2), "override")


@pytest.mark.parametrize(
    "usage",
    [
        *(Usage(), Usage(1, None), Usage(None, 1), Usage(-1, 1), Usage(1, -1)),
        *(Usage(1, 1, cache_read=5), Usage(1, 1, cache_write=5), Usage(1, 1, cache_read=-5)),
    ],
)
def test_tokens_that_nobody_counted_or_that_contradict_each_other_cost_nothing_known(
    catalogue: Catalogue, usage: Usage
) -> None:
    listed = lookup(catalogue, OPENAI, "gpt-4o")
    mine = replace(listed, price=Price(Decimal(1), Decimal(2), source="override"))
    assert [catalogue.cost(OPENAI, model, usage) for model in (listed, mine)] == [None, None]


async def test_a_fault_in_a_price_keeps_no_reply_from_the_disk(tmp_path: Path) -> None:
    async def faulty(record: RequestRecord) -> RequestRecord:
        raise ArithmeticError("a bug in a list of prices")

    settings = {"id": "fake", "kind": "scripted", "options": {"tokens_per_s": None}}
    store = SQLiteStore(tmp_path / "chats.db")
    chat = ChatService(Recorder(store), Registry([ProviderSettings.model_validate(settings)]), priced=faulty)
    await chat.open()
    thread = chat.new(Target("fake", "echo"))
    await chat.send(thread.conversation.id, "What does this cost?", Target("fake", "echo"))
    await chat.run(await chat.reply(thread.conversation.id, Target("fake", "echo")), lambda event: None)
    *_, stored = await store.branch(thread.conversation.id)
    await chat.close()
    assert stored.state is MessageState.COMPLETE
    assert stored.request is not None
    assert stored.request.cost is None


async def test_a_reply_is_recorded_with_its_cost(tmp_path: Path) -> None:
    price = {"input": 1000, "output": 1000}
    settings = ProviderSettings.model_validate(
        {
            "id": "fake",
            "kind": "scripted",
            "models": {"echo": {"price": price}},
            "options": {"tokens_per_s": None},
        }
    )
    registry = Registry([settings])
    models = ModelService(registry, catalogue=Catalogue(tmp_path / "none"))
    store = SQLiteStore(tmp_path / "chats.db")
    chat = ChatService(Recorder(store), registry, priced=models.priced)
    await chat.open()
    thread = chat.new(Target("fake", "echo"))
    await chat.send(thread.conversation.id, "What does this cost?", Target("fake", "echo"))
    reply = await chat.reply(thread.conversation.id, Target("fake", "echo"))
    await chat.run(reply, lambda event: None)
    *_, stored = await store.branch(thread.conversation.id)
    await chat.close()
    assert stored.request is not None
    assert stored.request.usage is not None
    spent = (stored.request.usage.input or 0) + (stored.request.usage.output or 0)
    assert Decimal(stored.request.cost or 0) == Decimal(spent) / 1000
    assert stored.request.price_source == "override"


async def test_the_models_of_a_provider_come_with_all_that_is_known(tmp_path: Path) -> None:
    said = {"tiny": {"context_window": 4096}}
    settings = ProviderSettings.model_validate(
        {"id": "here", "kind": "scripted", "models": said, "options": {"models": ["tiny", "other"]}}
    )
    paths = Paths(tmp_path / "c", tmp_path, tmp_path, tmp_path)
    models = ModelService(Registry([settings]), catalogue=build_catalogue(paths))
    tiny, other = await models.known("here")
    assert tiny.capabilities.context_window == Limit(4096, "override")
    assert tiny.price.input == 0
    assert other.capabilities.context_window == Limit()
    assert await models.context_window(Target("here", "tiny")) == 4096
