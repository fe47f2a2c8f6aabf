import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.core.models import Capabilities, Fact, Limit, ModelInfo, ProviderInfo
from llmtui.ui.model_query import DEMANDS, ORDERS, parse, with_next_demand

CLOUD = ProviderInfo("c", "C", "openai", "cloud")
HERE = ProviderInfo("h", "H", "ollama", "local")
MIXED = ProviderInfo("m", "M", "ollama", "hybrid")
SEEING = ModelInfo("m", capabilities=Capabilities(image=Fact.yes("live"), tools=Fact.no("live")))


@pytest.mark.parametrize(
    ("typed", "meets"),
    [
        ("", True),
        (":", True),
        (":vision", True),
        (":vis", True),
        (":VISION", True),
        (":tools", False),
        (":thinking", None),
        (":vision :thinking", None),
        (":thinking :tools", False),
        (":nonsense", False),
    ],
)
def test_a_model_meets_what_is_known_to_be_so(typed: str, meets: bool | None) -> None:
    assert parse(typed).meets(CLOUD, SEEING) is meets


@pytest.mark.parametrize(
    ("typed", "meets"), [(":8k", True), (":128k", True), (":129K", False), (":1m", False)]
)
def test_a_number_of_tokens_asks_for_context(typed: str, meets: bool) -> None:
    reading = ModelInfo("m", capabilities=Capabilities(context_window=Limit(128_000, "live")))
    assert parse(typed).meets(CLOUD, reading) is meets
    assert parse(typed).meets(CLOUD, ModelInfo("m")) is None


@pytest.mark.parametrize(
    ("info", "leaves", "meets"),
    [
        (HERE, None, True),
        (CLOUD, None, False),
        (MIXED, None, None),
        (MIXED, False, True),
        (HERE, True, False),
    ],
)
def test_local_is_what_stays_on_ones_own_machines(
    info: ProviderInfo, leaves: bool | None, meets: bool | None
) -> None:
    assert parse(":local").meets(info, ModelInfo("m", leaves_machine=leaves)) is meets


@given(st.text())
def test_every_word_is_a_name_or_a_demand(typed: str) -> None:
    query = parse(typed)
    asked = [word for word in typed.split() if word.startswith(":") and word != ":"]
    assert query.words.split() == [word for word in typed.split() if not word.startswith(":")]
    assert len(query.demands) + len(query.unknown) == len(asked)


def test_one_key_walks_through_all_demands_and_back_to_none() -> None:
    typed, seen = "llama", []
    for _ in DEMANDS:
        typed = with_next_demand(typed)
        seen.append(typed)
    assert seen == [f"llama :{name} " for name in DEMANDS]
    assert with_next_demand(typed) == "llama"
    assert with_next_demand("") == ":tools "
    assert with_next_demand(":local") == ""


def test_no_order_fails_for_a_model_of_which_nothing_is_known() -> None:
    models = [ModelInfo("b"), SEEING, ModelInfo("a")]
    for order in filter(None, ORDERS.values()):
        assert len(sorted(models, key=order)) == 3
