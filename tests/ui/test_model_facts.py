from dataclasses import replace
from decimal import Decimal

import pytest
from textual.content import Content

from llmtui.core.models import Capabilities, Fact, Limit, ModelInfo, Price
from llmtui.ui.model_facts import cannot, columns, context, packed, price, spelled

CHEAP = Price(Decimal("0.075"), Decimal("0.25"), source="genai-prices")

ABLE = Capabilities(
    tools=Fact.yes("live"),
    image=Fact.no("provider"),
    audio=Fact.no("provider"),
    documents=Fact.yes("override"),
    context_window=Limit(200_000, "provider"),
    max_output=Limit(64_000, "live"),
)


@pytest.mark.parametrize(
    ("tokens", "words"),
    [(None, "?"), (512, "512"), (4096, "4k"), (131_072, "131k"), (1_000_000, "1M"), (1_048_576, "1.05M")],
)
def test_a_context_in_a_word(tokens: int | None, words: str) -> None:
    assert context(Capabilities(context_window=Limit(tokens, "live"))) == words


def test_what_is_known_stands_at_its_own_place_in_a_line() -> None:
    models = [
        ModelInfo("able", capabilities=ABLE, price=CHEAP),
        ModelInfo("seeing", capabilities=Capabilities(image=Fact.yes(), reasoning=Fact.yes())),
        ModelInfo("unknown"),
    ]
    assert list(map(columns, models)) == [
        "tools        ?      200k $0.075/0.25",
        "?     vision think     ?           ?",
        "?     ?      ?         ?           ?",
    ]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (Price(), "?"),
        (CHEAP, "$0.075/0.25"),
        (Price(Decimal(15), Decimal(75), source="override"), "$15/75"),
        (Price(Decimal(0), Decimal(0), source="provider"), "$0"),
        (Price(Decimal(1), None, source="live"), "?"),
    ],
)
def test_a_price_in_a_word(told: Price, words: str) -> None:
    assert price(told) == words


def test_a_price_is_spelled_out_with_what_it_leaves_out() -> None:
    tiered = replace(CHEAP, note="other prices beyond 200k tokens")
    told = [item.plain for item in spelled(ModelInfo("m", price=tiered))]
    assert "price: $0.075 in, $0.25 out per million (genai-prices; other prices beyond 200k tokens)" in told


def test_what_a_model_cannot_do_is_grey() -> None:
    items = {item.plain: item.spans for item in spelled(ModelInfo("m", capabilities=ABLE))}
    assert items["vision: no (provider)"]
    assert not items["tools: yes (live)"]


def test_what_keeps_a_model_from_a_chat_is_said_only_where_it_is_known() -> None:
    assert cannot(ABLE, {"image"}) == "reads no images"
    assert cannot(ABLE, set()) == ""
    assert cannot(Capabilities(), {"image"}) == ""


def test_everything_is_spelled_out_with_its_source() -> None:
    told = spelled(ModelInfo("m", capabilities=ABLE, leaves_machine=True))
    assert [item.plain for item in told] == [
        "leaves this machine",
        "context: 200k (provider)",
        "price: unknown",
        "tools: yes (live)",
        "vision: no (provider)",
        "thinking: unknown",
        "longest reply: 64k (live)",
        "documents: yes (override)",
        "audio: no (provider)",
    ]


def test_what_an_old_list_says_is_not_called_live() -> None:
    words = [item.plain for item in spelled(ModelInfo("m", capabilities=ABLE), listed="3 d ago")]
    assert "tools: yes (3 d ago)" in words
    assert "vision: no (provider)" in words
    assert not any("live" in word for word in words)


def test_items_are_packed_and_never_broken() -> None:
    def lines(width: int, *items: str) -> str:
        return packed(map(Content, items), width).plain

    assert lines(24, "tools: yes", "vision: no", "thinking: unknown") == (
        "tools: yes · vision: no\nthinking: unknown"
    )
    assert lines(4, "longer than the line") == "longer than the line"
    assert lines(4) == ""
