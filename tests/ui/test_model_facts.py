import pytest

from llmtui.core.models import Capabilities, Fact, Limit, ModelInfo
from llmtui.ui.model_facts import columns, context, packed, spelled

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
    lines = [
        columns(ABLE),
        columns(Capabilities(image=Fact.yes(), reasoning=Fact.yes())),
        columns(Capabilities()),
    ]
    assert lines == ["tools               200k", "      vision think     ?", "                       ?"]


def test_everything_is_spelled_out_with_its_source() -> None:
    assert spelled(ModelInfo("m", capabilities=ABLE, leaves_machine=True)) == [
        "leaves this machine",
        "context: 200k (provider)",
        "tools: yes (live)",
        "vision: no (provider)",
        "thinking: unknown",
        "longest reply: 64k (live)",
        "documents: yes (override)",
        "audio: no (provider)",
    ]


def test_what_an_old_list_says_is_not_called_live() -> None:
    words = spelled(ModelInfo("m", capabilities=ABLE), listed="3 d ago")
    assert "tools: yes (3 d ago)" in words
    assert "vision: no (provider)" in words
    assert not any("live" in word for word in words)


def test_items_are_packed_and_never_broken() -> None:
    assert (
        packed(["tools: yes", "vision: no", "thinking: unknown"], 24)
        == "tools: yes · vision: no\nthinking: unknown"
    )
    assert packed(["longer than the line"], 4) == "longer than the line"
    assert packed([], 4) == ""
