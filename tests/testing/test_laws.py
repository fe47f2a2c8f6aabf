from collections.abc import AsyncGenerator, Sequence

import pytest

from llmtui.core.errors import ErrorContext, ProviderError, ServerError
from llmtui.core.events import (
    Finish,
    FinishReason,
    ReasoningDelta,
    ReasoningEnd,
    Start,
    Status,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    UsageUpdate,
    Warning,
)
from llmtui.core.usage import Usage
from llmtui.testing.laws import check_grammar, drain, normal_form
from llmtui.testing.scenarios import SCENARIOS, Scenario

START = Start("p", "m")
FINISH = Finish(FinishReason.STOP)


def failure(*, partial: bool = False, provider: str = "p", words: str = "broken") -> ProviderError:
    error = ServerError(words, context=ErrorContext(provider))
    error.partial = partial
    return error


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
def test_each_scenario_obeys_but_for_what_the_guard_cleans(scenario: Scenario) -> None:
    check_grammar([event for event in scenario if not isinstance(event, TextDelta)])  # type: ignore[misc]


@pytest.mark.parametrize(
    ("events", "error", "words"),
    [
        ([START, START, FINISH], None, "2 Starts"),
        ([TextDelta("a"), START, FINISH], None, "before Start"),
        ([START, TextDelta("a")], None, "neither Finish nor an error"),
        ([START, FINISH, TextDelta("a")], None, "after Finish"),
        ([START, FINISH, FINISH], None, "after Finish"),
        ([START, FINISH], failure(), "Finish and an error"),
        ([START, TextDelta("a")], failure(), "partial=False"),
        ([START], failure(partial=True), "partial=True"),
        ([START], failure(words=" "), "without words"),
        ([START], failure(provider=""), "whose it is"),
        ([START, TextDelta(""), FINISH], None, "an empty delta"),
        ([START, TextDelta("\x1b[2J"), FINISH], None, "acts on a terminal"),
        ([START, ReasoningDelta("\u202e"), FINISH], None, "acts on a terminal"),
        ([START, ToolCallDelta("1", "{"), FINISH], None, "not open"),
        ([START, ToolCallEnd("1", "t", "{}"), FINISH], None, "not open"),
        ([START, ToolCallStart("1", "t"), FINISH], None, "never ended"),
        ([START, ToolCallStart("1", "t"), ToolCallStart("1", "t"), FINISH], None, "began twice"),
        ([START, ToolCallStart("1", "t"), ToolCallEnd("1", "u", ""), FINISH], None, "changed its name"),
        (
            [START, ToolCallStart("1", "t"), ToolCallDelta("1", "{"), ToolCallEnd("1", "t", "{}"), FINISH],
            None,
            "fragments differ",
        ),
        (
            [START, UsageUpdate(Usage(1, 5)), UsageUpdate(Usage(1, 3)), FINISH],
            None,
            "usage is cumulative",
        ),
    ],
)
def test_each_law_says_what_broke_it(
    events: Sequence[StreamEvent], error: ProviderError | None, words: str
) -> None:
    with pytest.raises(AssertionError, match=words):
        check_grammar(events, error)


async def test_drain_returns_what_came_and_how_it_ended() -> None:
    error = failure(partial=True)

    async def stream() -> AsyncGenerator[StreamEvent, None]:
        yield START
        yield TextDelta("a")
        raise error

    outcome = await drain(stream())
    assert (outcome.events, outcome.error, outcome.text) == ([START, TextDelta("a")], error, "a")


def test_the_normal_form_joins_what_wires_cut_differently() -> None:
    one: list[StreamEvent] = [
        Status("loading"),
        START,
        ReasoningDelta("h"),
        ReasoningDelta("m"),
        ReasoningEnd(),
        TextDelta("a\u2028b"),
        ToolCallStart("1", "t"),
        ToolCallDelta("1", "{}"),
        ToolCallEnd("1", "t", '{"a": 1}'),
        UsageUpdate(Usage(1, 1)),
        UsageUpdate(Usage(1, 2, cache_read=3)),
        FINISH,
    ]
    other: list[StreamEvent] = [
        Start("q", "m"),
        ReasoningDelta("hm"),
        Warning("k", "w"),
        TextDelta("a"),
        UsageUpdate(Usage(1, 2)),
        TextDelta("\nb"),
        ToolCallEnd("1", "t", '{"a":1}'),
        Finish(FinishReason.STOP, "end_turn"),
    ]
    fields = frozenset({"input", "output"})
    assert normal_form(one, fields) == normal_form(other, fields)
    assert normal_form(one, fields | {"cache_read"}) != normal_form(other, fields | {"cache_read"})


@pytest.mark.parametrize(
    "changed",
    [
        [START, TextDelta("b"), FINISH],
        [START, ReasoningDelta("a"), FINISH],
        [Start("p", "other"), TextDelta("a"), FINISH],
        [START, TextDelta("a"), Finish(FinishReason.LENGTH)],
        [START, TextDelta("a"), UsageUpdate(Usage(1)), FINISH],
        [START, TextDelta("a"), TextDelta("a"), FINISH],
        [START, TextDelta("a")],
    ],
)
def test_the_normal_form_keeps_what_matters(changed: list[StreamEvent]) -> None:
    fields = frozenset({"input", "output"})
    assert normal_form([START, TextDelta("a"), FINISH], fields) != normal_form(changed, fields)
