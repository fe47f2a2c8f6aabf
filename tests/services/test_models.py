from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.config.schema import ProviderSettings
from llmtui.core.conversation import assistant
from llmtui.core.errors import LlmtuiError
from llmtui.core.history import RequestRecord, StoredMessage, Target, now
from llmtui.core.models import Cost, ModelInfo, Price, ProviderInfo
from llmtui.core.usage import Usage
from llmtui.providers.registry import Registry
from llmtui.services.models import Fullness, ModelService


def service(**options: object) -> ModelService:
    return ModelService(Registry([ProviderSettings(id="fake", kind="scripted", options=options)]))


async def test_models_known_without_asking_come_first_to_hand() -> None:
    models = service(models=["one", "two"])
    assert [model.id for model in await models.known("fake")] == ["one", "two"]
    assert [model.id for model in await models.refresh("fake")] == ["one", "two"]


async def test_a_provider_that_is_down_says_so_when_asked() -> None:
    models = service(models=["one"], down="connection refused")
    assert [model.id for model in await models.known("fake")] == ["one"]
    with pytest.raises(LlmtuiError, match="refused"):
        await models.refresh("fake")


async def test_an_unknown_context_window_is_unknown() -> None:
    assert await service().context_window(Target("fake", "echo")) is None
    assert await service(context_window=4096).context_window(Target("fake", "echo")) == 4096
    assert await service().context_window(Target("nobody")) is None


def asked(usage: Usage | None) -> StoredMessage:
    request = RequestRecord("r", "fake", "echo", now(), usage=usage)
    return StoredMessage("m", "c", None, assistant("a"), request=request)


async def test_fullness_counts_what_was_read_and_written_and_tells_an_estimate() -> None:
    models, target = service(context_window=4096), Target("fake", "echo")
    assert await models.fullness([asked(Usage(100, 20))], target) == Fullness(120, 4096, False)
    guess = Usage(100, 20, source="estimated")
    assert await models.fullness([asked(guess)], target) == Fullness(120, 4096, True)
    assert await models.fullness([asked(None)], target) is None
    assert await models.fullness([], target) is None


async def test_a_server_is_left_alone_until_it_may_be_asked_or_the_person_wants_it() -> None:
    registry = Registry([ProviderSettings(id="fake", kind="scripted", options={"models": ["one"]})])
    models = ModelService(registry, may_ask=lambda provider_id: provider_id != "fake")
    with pytest.raises(LlmtuiError, match="no message went"):
        await models.refresh("fake")
    assert models.listed_at("fake") is None
    assert [model.id for model in await models.refresh("fake", wanted=True)] == ["one"]


class Listed:
    """A catalogue of one price for everything, or of none."""

    def __init__(self, price: Price | None) -> None:
        self.price = price

    def lookup(self, provider: ProviderInfo, models: Sequence[ModelInfo]) -> list[ModelInfo]:
        return [replace(model, price=self.price or Price()) for model in models]

    def cost(self, provider: ProviderInfo, model: ModelInfo, usage: Usage) -> Cost | None:
        dollars = model.price.cost(usage)
        return None if dollars is None else Cost(dollars, "a list 1.0")


def row(usage: Usage | None) -> RequestRecord:
    return RequestRecord("r", "fake", "echo", now(), usage=usage)


async def test_a_row_of_the_ledger_gets_its_cost_with_source_and_date() -> None:
    registry = Registry([ProviderSettings(id="fake", kind="scripted")])
    dear = ModelService(registry, catalogue=Listed(Price(Decimal(2), Decimal(10), source="live")))
    begun = row(Usage(1000, 200))
    found = await dear.priced(begun)
    assert (Decimal(found.cost or 0), found.price_source) == (Decimal("0.004"), "a list 1.0")
    assert found.price_date == begun.started_at.date().isoformat()
    for other in (row(None), row(Usage(None, 200)), row(Usage(1000, None)), replace(begun, provider="gone")):
        assert await dear.priced(other) == other
    assert await ModelService(registry, catalogue=Listed(None)).priced(begun) == begun
    assert await ModelService(registry).priced(begun) == begun


amounts = st.decimals(0, 100, places=3)
counts = st.integers(0, 10_000)


@given(amounts, amounts, amounts, counts, counts, counts)
def test_what_comes_from_the_cache_costs_its_own_price(
    read: Decimal, written: Decimal, cached: Decimal, plain: int, hits: int, output: int
) -> None:
    price = Price(read, written, cache_read=cached, source="live")
    usage = Usage(plain + hits, output, cache_read=hits)
    assert price.cost(usage) == (plain * read + hits * cached + output * written) / 1_000_000
    unpriced = replace(price, cache_read=None).cost(usage)
    assert unpriced == ((plain + hits) * read + output * written) / 1_000_000
