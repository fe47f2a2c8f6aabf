"""Neutral scenarios: what a provider should yield is also what an encoder renders into its wire.

A scenario is a sequence of core events. Without `Finish` it is a cut reply; with a `StreamFailure` the
server reports an error after it began to answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from llmtui.core.events import (
    Finish,
    FinishReason,
    ReasoningDelta,
    ReasoningEnd,
    Start,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    UsageUpdate,
)
from llmtui.core.usage import Usage

FailureKind = Literal["overloaded", "rate_limited", "server"]


@dataclass(frozen=True, slots=True)
class StreamFailure:
    """An error that the server sends inside a stream that began with status 200."""

    kind: FailureKind
    message: str


Scenario: TypeAlias = Sequence[StreamEvent | StreamFailure]
START = Start("", "test-model")


def tool_call(call_id: str, name: str, *fragments: str) -> list[StreamEvent]:
    """The events of one tool call whose arguments come in fragments."""
    deltas = [ToolCallDelta(call_id, fragment) for fragment in fragments]
    return [ToolCallStart(call_id, name), *deltas, ToolCallEnd(call_id, name, "".join(fragments))]


TEXT: Scenario = (
    START,
    TextDelta("Caf\u00e9 "),
    TextDelta("\U0001f642 naïve\u2028line "),
    TextDelta('"quoted" \\ \t tab\n\nend \u65e5\u672c'),
    UsageUpdate(Usage(input=12, output=7)),
    Finish(FinishReason.STOP),
)
REASONING: Scenario = (
    START,
    ReasoningDelta("Let me "),
    ReasoningDelta("think \U0001f914."),
    ReasoningEnd(),
    TextDelta("Paris."),
    UsageUpdate(Usage(input=12, output=30)),
    Finish(FinishReason.STOP),
)
TOOL_CALLS: Scenario = (
    START,
    TextDelta("I look it up."),
    *tool_call("call_1", "weather", '{"city": "Z', "ürich 🙂", '", "days": [1, {"deep": true}]}'),
    *tool_call("call_2", "clock", "{}"),
    UsageUpdate(Usage(input=40, output=21)),
    Finish(FinishReason.TOOL_CALLS),
)
INTERLEAVED: Scenario = (
    START,
    ToolCallStart("call_1", "weather"),
    ToolCallStart("call_2", "clock"),
    ToolCallDelta("call_1", '{"city": '),
    ToolCallDelta("call_2", '{"zone": '),
    ToolCallDelta("call_1", '"Bern"}'),
    ToolCallDelta("call_2", '"UTC"}'),
    ToolCallEnd("call_1", "weather", '{"city": "Bern"}'),
    ToolCallEnd("call_2", "clock", '{"zone": "UTC"}'),
    UsageUpdate(Usage(input=40, output=21)),
    Finish(FinishReason.TOOL_CALLS),
)
SAME_TOOL: Scenario = (
    START,
    *tool_call("call_1", "clock", '{"zone": "UTC"}'),
    *tool_call("call_2", "clock", '{"zone": "UTC"}'),
    UsageUpdate(Usage(input=40, output=21)),
    Finish(FinishReason.TOOL_CALLS),
)
BAD_ARGUMENTS: Scenario = (
    START,
    *tool_call("call_1", "weather", '{"city": "Z', "ürich 🙂"),
    UsageUpdate(Usage(input=40, output=9)),
    Finish(FinishReason.TOOL_CALLS),
)
SURROGATES: Scenario = (
    START,
    TextDelta("pair in halves \ud83d"),
    TextDelta("\ude42, alone \udc00"),
    TextDelta(", \ud83d"),
    UsageUpdate(Usage(input=5, output=3)),
    Finish(FinishReason.STOP),
)
USAGE: Scenario = (
    START,
    TextDelta("ok"),
    UsageUpdate(
        Usage(input=1000, output=50, cache_read=600, cache_write=100, reasoning=20, generation_s=0.5)
    ),
    Finish(FinishReason.STOP),
)
LENGTH: Scenario = (
    START,
    TextDelta("cut by the limit"),
    UsageUpdate(Usage(input=5, output=3)),
    Finish(FinishReason.LENGTH),
)
EMPTY: Scenario = (START, UsageUpdate(Usage(input=5, output=1)), Finish(FinishReason.STOP))

SCENARIOS: dict[str, Scenario] = {
    "text": TEXT,
    "reasoning": REASONING,
    "tool-calls": TOOL_CALLS,
    "interleaved-tool-calls": INTERLEAVED,
    "same-tool-twice": SAME_TOOL,
    "bad-arguments": BAD_ARGUMENTS,
    "lone-surrogates": SURROGATES,
    "usage": USAGE,
    "length": LENGTH,
    "empty": EMPTY,
}
