from decimal import Decimal

import pytest

from llmtui.core.history import Target
from llmtui.core.models import Capabilities, Fact, Limit, ModelInfo, Price, ProviderInfo
from llmtui.services.memory import ModelMemory
from llmtui.ui.model_choices import FAVOURITES, MOST_RECENT, RECENT, ModelChoices

PROVIDERS = [
    ProviderInfo("box", "GPU box", "ollama", "local", model="llama3.2"),
    ProviderInfo("router", "Router", "openai_compat", "cloud"),
]
NOW = Target("box", "llama3.2")
GONE = Target("gone", "m")


def choices(*favourites: Target, recent: list[Target] | None = None) -> ModelChoices:
    memory = ModelMemory()
    memory.favourites = list(favourites)
    found = ModelChoices(PROVIDERS, Target("box"), memory)
    found.recent = recent or []
    found.put("box", [ModelInfo("qwen3"), ModelInfo("llama-guard")])
    found.put("router", [ModelInfo("meta/llama-4"), ModelInfo("qwen3")])
    return found


def shown(found: ModelChoices, query: str = "") -> list[tuple[str, list[str | None]]]:
    return [(group, [one.spot.target.model for one in some]) for group, some in found.groups(query)]


BOX = ("box", ["llama3.2", "qwen3", "llama-guard"])
ROUTER = ("router", ["meta/llama-4", "qwen3"])


def test_without_marks_and_history_there_are_only_the_providers() -> None:
    assert shown(choices()) == [BOX, ROUTER]


def test_favourites_come_first_then_what_was_used_lately_with_the_current_model_on_top() -> None:
    recent = [Target("router", "qwen3"), NOW, Target("router", "x")]
    found = choices(Target("box", "qwen3"), Target("router", "x"), recent=recent)
    assert shown(found) == [
        (FAVOURITES, ["qwen3", "x"]),
        (RECENT, ["llama3.2", "qwen3"]),
        BOX,
        ROUTER,
    ]


def test_what_is_used_now_is_no_recent_one_when_it_is_a_favourite() -> None:
    assert shown(choices(NOW))[:2] == [(FAVOURITES, ["llama3.2"]), BOX]


def test_only_some_recent_models_are_shown() -> None:
    found = choices(recent=[Target("box", str(number)) for number in range(20)])
    (_, models), *_ = shown(found)
    assert models == ["llama3.2", "0", "1", "2", "3"]
    assert len(models) == MOST_RECENT


def test_models_of_a_provider_that_is_gone_are_not_offered() -> None:
    assert shown(choices(GONE, recent=[GONE, NOW]))[0] == (RECENT, ["llama3.2"])


def test_a_query_shows_each_model_once_and_the_best_group_first() -> None:
    found = choices(Target("router", "qwen3"), recent=[Target("box", "llama-guard")])
    assert shown(found, "qwen3") == [(FAVOURITES, ["qwen3"]), ("box", ["qwen3"])]
    # A favourite that has the letters only somewhere does not stand before a name that begins so.
    poor = choices(Target("router", "g-o-u-a-r-d"))
    poor.put("router", [ModelInfo("g-o-u-a-r-d")])
    assert shown(poor, "guard") == [("box", ["llama-guard"]), (FAVOURITES, ["g-o-u-a-r-d"])]
    assert shown(found, "nothing of it") == []


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ("new", Target("box", "new")),
        ("router/new", Target("router", "new")),
        ("meta/llama-4", Target("box", "meta/llama-4")),
        ("router/meta/llama-4", None),
        ("qwen3", None),
        ("", None),
    ],
)
def test_a_name_that_nobody_lists_is_taken_as_typed(query: str, target: Target | None) -> None:
    assert choices().as_typed(query) == target


def test_nothing_typed_is_new_before_all_providers_are_known() -> None:
    assert ModelChoices(PROVIDERS, NOW, ModelMemory()).as_typed("new") is None


def priced(name: str, tokens: int | None, dollars: int | None, tools: Fact | None = None) -> ModelInfo:
    amount = None if dollars is None else Decimal(dollars)
    can = Capabilities(tools=tools or Fact(), context_window=Limit(tokens, "live" if tokens else "unknown"))
    price = Price(amount, amount, source="live") if dollars is not None else Price()
    return ModelInfo(name, capabilities=can, price=price)


def known() -> ModelChoices:
    found = choices()
    found.put("router", [priced("b", 8_000, 3, Fact.no()), priced("a", None, None), priced("c", 128_000, 1)])
    found.put("box", [priced("llama3.2", 8_000, 0, Fact.yes())])
    return found


@pytest.mark.parametrize(
    ("order", "models"),
    [
        ("", ["b", "a", "c"]),
        ("price", ["c", "b", "a"]),
        ("context", ["c", "b", "a"]),
        ("name", ["a", "b", "c"]),
    ],
)
def test_each_group_stands_in_the_order_that_is_asked_for_with_the_unknown_last(
    order: str, models: list[str]
) -> None:
    found = known()
    found.order = order
    assert dict(shown(found))["router"] == models


def test_a_demand_leaves_out_what_cannot_and_puts_what_nobody_knows_last() -> None:
    assert shown(known(), ":tools") == [("box", ["llama3.2"]), ("router", ["a", "c"])]
    assert shown(known(), ":128k") == [("router", ["c", "a"])]
    assert shown(known(), ":local") == [("box", ["llama3.2"])]
    assert shown(known(), ":nonsense") == []
    assert [one.unsure for _, some in known().groups("llama :tools") for one in some] == [False]


def test_a_demand_is_no_part_of_a_name() -> None:
    assert known().as_typed(":tools") is None
    assert known().as_typed("new :tools") == Target("box", "new")
