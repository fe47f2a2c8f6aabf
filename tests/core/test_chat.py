import asyncio
from collections.abc import AsyncGenerator

import pytest

from llmtui.core.chat import ChatResponse, ReplyBuilder, fold
from llmtui.core.conversation import (
    Message,
    Opaque,
    OpaquePart,
    Part,
    ReasoningPart,
    Role,
    TextPart,
    ToolCallPart,
)
from llmtui.core.errors import ServerError
from llmtui.core.events import (
    Finish,
    FinishReason,
    OpaqueBlock,
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

SIGNATURE = Opaque("p", "m", "sig")
START = Start("p", "m-2026")
FINISH = Finish(FinishReason.STOP, "end_turn")


def built(*events: StreamEvent) -> ReplyBuilder:
    builder = ReplyBuilder()
    for event in events:
        builder.add(event)
    return builder


@pytest.mark.parametrize(
    ("events", "parts"),
    [
        ((), ()),
        ((TextDelta("a"), TextDelta("b")), (TextPart("ab"),)),
        ((ReasoningDelta("h"), ReasoningDelta("m")), (ReasoningPart("hm"),)),
        ((ReasoningDelta("hm"), TextDelta("a")), (ReasoningPart("hm"), TextPart("a"))),
        (
            (ReasoningDelta("hm"), ReasoningEnd(SIGNATURE), TextDelta("a")),
            (ReasoningPart("hm", SIGNATURE), TextPart("a")),
        ),
        ((ReasoningEnd(SIGNATURE), TextDelta("a")), (ReasoningPart("", SIGNATURE), TextPart("a"))),
        ((ReasoningEnd(), TextDelta("a")), (TextPart("a"),)),
        (
            (TextDelta("a"), ReasoningDelta("hm"), TextDelta("b")),
            (TextPart("a"), ReasoningPart("hm"), TextPart("b")),
        ),
        (
            (
                ReasoningDelta("1"),
                ReasoningEnd(SIGNATURE),
                ReasoningDelta("2"),
                ReasoningEnd(),
            ),
            (ReasoningPart("1", SIGNATURE), ReasoningPart("2")),
        ),
        (
            (
                TextDelta("a"),
                ToolCallStart("1", "t"),
                ToolCallDelta("1", "{"),
                ToolCallDelta("1", "}"),
                ToolCallEnd("1", "t", "{}"),
                TextDelta("b"),
            ),
            (TextPart("a"), ToolCallPart("1", "t", "{}"), TextPart("b")),
        ),
        (
            (TextDelta("a"), OpaqueBlock(SIGNATURE), TextDelta("b")),
            (TextPart("a"), OpaquePart(SIGNATURE), TextPart("b")),
        ),
    ],
)
def test_events_become_parts(events: tuple[StreamEvent, ...], parts: tuple[Part, ...]) -> None:
    assert built(*events).parts == parts


def test_a_call_that_did_not_end_is_no_part() -> None:
    assert built(TextDelta("a"), ToolCallStart("1", "t"), ToolCallDelta("1", "{")).parts == (TextPart("a"),)


def test_usage_replaces_and_warnings_gather() -> None:
    one, two = Warning("a", "1"), Warning("b", "2")
    builder = built(START, one, UsageUpdate(Usage(9, 1)), two, UsageUpdate(Usage(9, 5)), FINISH)
    assert builder.response() == ChatResponse(
        message=Message(Role.ASSISTANT, ()),
        provider="p",
        model="m-2026",
        finish=FINISH,
        usage=Usage(9, 5),
        warnings=(one, two),
    )


@pytest.mark.parametrize("events", [(), (START,), (START, TextDelta("a"))])
def test_a_reply_that_has_not_ended_is_no_response(events: tuple[StreamEvent, ...]) -> None:
    with pytest.raises(ValueError, match="not ended"):
        built(*events).response()


async def test_fold_is_the_whole_reply() -> None:
    async def stream() -> AsyncGenerator[StreamEvent, None]:
        for event in (Status("loading"), START, TextDelta("Hel"), TextDelta("lo"), FINISH):
            yield event

    response = await fold(stream())
    assert response.message.text == "Hello"
    assert response.finish.reason is FinishReason.STOP


async def test_fold_closes_the_stream_when_it_fails() -> None:
    closed = asyncio.Event()

    async def stream() -> AsyncGenerator[StreamEvent, None]:
        try:
            yield START
            raise ServerError("broken")
        finally:
            closed.set()

    with pytest.raises(ServerError):
        await fold(stream())
    assert closed.is_set()
