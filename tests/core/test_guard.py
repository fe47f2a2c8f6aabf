import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.core.chat import ReplyBuilder
from llmtui.core.errors import (
    ErrorContext,
    IncompleteStream,
    ProtocolError,
    ProviderError,
    RateLimited,
    Timeout,
)
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
from llmtui.core.guard import Clocks, guard
from llmtui.core.text import sanitise
from llmtui.core.usage import Usage
from llmtui.testing.laws import Outcome, drain

START = Start("p", "m")
FINISH = Finish(FinishReason.STOP)
NEVER = Clocks(None, None, None, None)


async def replay(*items: StreamEvent | Exception) -> AsyncGenerator[StreamEvent, None]:
    for item in items:
        if isinstance(item, Exception):
            raise item
        yield item


async def guarded(*items: Any, clocks: Clocks = NEVER) -> Outcome:
    return await drain(guard(replay(*items), "p", clocks))


async def test_a_good_stream_passes_unchanged() -> None:
    events = [
        Status("loading"),
        START,
        Warning("dropped", "no temperature"),
        ReasoningDelta("hm"),
        ReasoningEnd(),
        TextDelta("a"),
        ToolCallStart("1", "t"),
        ToolCallDelta("1", "{}"),
        ToolCallEnd("1", "t", "{}"),
        UsageUpdate(Usage(1, 2)),
        FINISH,
    ]
    outcome = await guarded(*events)
    assert outcome.events == events
    assert outcome.error is None


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([START, START], "a second Start"),
        ([TextDelta("a")], "a delta before Start"),
        ([FINISH], "Finish before Start"),
        ([START, ToolCallDelta("1", "{")], "a fragment of no open tool call"),
        ([START, ToolCallEnd("1", "t", "{}")], "the end of no open tool call"),
        ([START, ToolCallStart("1", "t"), FINISH], "Finish inside a tool call"),
        ([START, ToolCallStart("1", "t"), ToolCallStart("1", "u")], "a tool call's id twice"),
        ([START, "text"], "str is no event"),
    ],
)
async def test_what_breaks_the_grammar_is_named(events: Iterable[Any], words: str) -> None:
    outcome = await guarded(*events)
    assert isinstance(outcome.error, ProtocolError)
    assert words in str(outcome.error)


async def test_nothing_follows_finish_and_the_stream_is_closed() -> None:
    closed = asyncio.Event()

    async def chatty() -> AsyncGenerator[StreamEvent, None]:
        try:
            yield START
            yield FINISH
            yield TextDelta("more")
        finally:
            closed.set()

    outcome = await drain(guard(chatty(), "p", NEVER))
    assert outcome.events == [START, FINISH]
    assert closed.is_set()


async def test_an_error_in_closing_does_not_undo_a_complete_reply() -> None:
    async def clumsy() -> AsyncGenerator[StreamEvent, None]:
        try:
            yield START
            yield FINISH
        finally:
            raise OSError("close failed")

    assert (await drain(guard(clumsy(), "p", NEVER))).events == [START, FINISH]


@pytest.mark.parametrize(("shown", "partial"), [([], False), ([TextDelta("half")], True)])
async def test_an_end_without_finish_is_incomplete(shown: list[StreamEvent], partial: bool) -> None:
    outcome = await guarded(START, *shown)
    assert isinstance(outcome.error, IncompleteStream)
    assert outcome.error.partial is partial
    assert outcome.events == [START, *shown]


async def test_an_error_learns_provider_model_and_partial() -> None:
    failure = RateLimited("slow\x1b[2J down", context=ErrorContext(status=429, code="rate\nlimit"))
    outcome = await guarded(START, TextDelta("a"), failure)
    assert outcome.error is failure
    assert failure.context == ErrorContext("p", "m", 429, "rate limit")
    assert str(failure) == "slow\u241b[2J down"
    assert failure.partial


async def test_a_providers_own_context_is_kept() -> None:
    outcome = await guarded(ProviderError("x", context=ErrorContext("inner", "its-model")))
    assert outcome.error is not None
    assert (outcome.error.context.provider, outcome.error.context.model) == ("inner", "its-model")


@pytest.mark.parametrize("bug", [KeyError("choices"), TimeoutError(), OSError("gone")])
async def test_a_plugins_bug_ends_its_reply_as_a_provider_error(bug: Exception) -> None:
    outcome = await guarded(START, TextDelta("a"), bug)
    assert type(outcome.error) is ProviderError
    assert type(bug).__name__ in str(outcome.error)
    assert outcome.error.hint == "this is a bug in the provider"
    assert outcome.error.__cause__ is bug


@pytest.mark.parametrize(
    "event",
    [Start("p", ["m"]), Start("p", "m", 7), TextDelta(None), Finish(FinishReason.STOP, 5)],  # type: ignore[arg-type]
)
async def test_values_of_the_wrong_type_are_a_provider_error_too(event: StreamEvent) -> None:
    outcome = await guarded(*([] if isinstance(event, Start) else [START]), event)
    assert outcome.events[1:] == []
    assert isinstance(outcome.error, ProviderError)


async def test_text_is_sanitised_wherever_it_can_be_shown() -> None:
    outcome = await guarded(
        Status("loading", "a\x1bb"),
        Start("p", "m\x07\nn", "id\x9b"),
        Warning("w", "x\x00y"),
        TextDelta("\x1b[31m"),
        TextDelta("\u202e"),
        ToolCallStart("\ud800", "na\x1bme"),
        ToolCallDelta("\ud800", '"\udc00"'),
        ToolCallEnd("\ud800", "na\x1bme", '"\udc00"', "bad\x1b"),
        Finish(FinishReason.OTHER, "odd\x1b"),
    )
    assert outcome.events == [
        Status("loading", "a␛b"),
        Start("p", "m␇ n", "id\ufffd"),
        Warning("w", "x␀y"),
        TextDelta("␛[31m"),
        TextDelta("<U+202E>"),
        ToolCallStart("\ufffd", "na␛me"),
        ToolCallDelta("\ufffd", '"\ufffd"'),
        ToolCallEnd("\ufffd", "na␛me", '"\ufffd"', "bad␛"),
        Finish(FinishReason.OTHER, "odd␛"),
    ]


async def test_a_character_cut_in_two_is_joined_across_status_and_usage() -> None:
    outcome = await guarded(
        START,
        TextDelta("a\r"),
        UsageUpdate(Usage(1, 1)),
        Status("loading"),
        TextDelta("\nb\ud83d"),
        TextDelta("\ude42"),
        FINISH,
    )
    assert outcome.text == "a\nb🙂"


async def test_held_reasoning_stays_before_the_text_that_follows() -> None:
    outcome = await guarded(START, ReasoningDelta("hm\r"), TextDelta("ok"), FINISH)
    assert [event for event in outcome.events if not isinstance(event, Start | Finish)] == [
        ReasoningDelta("hm"),
        ReasoningDelta("\n"),
        TextDelta("ok"),
    ]


async def test_a_held_character_is_shown_before_an_error_and_counts_as_partial() -> None:
    outcome = await guarded(START, TextDelta("\r"), RateLimited("no"))
    assert outcome.events == [START, TextDelta("\n")]
    assert outcome.error is not None
    assert outcome.error.partial


TEXTS = st.lists(st.text(st.characters(codec=None)), max_size=8)


@given(TEXTS, TEXTS)
async def test_whatever_a_model_writes_its_text_arrives_harmless(
    reasoning: list[str], text: list[str]
) -> None:
    deltas = [*map(ReasoningDelta, reasoning), *map(TextDelta, text)]
    outcome = await guarded(START, *deltas, FINISH)
    builder = ReplyBuilder()
    for event in outcome.events:
        builder.add(event)
    message = builder.response().message
    assert (message.reasoning, message.text) == (sanitise("".join(reasoning)), sanitise("".join(text)))


ANY_EVENT = st.sampled_from(
    [
        START,
        TextDelta("a"),
        ReasoningDelta("r"),
        ReasoningEnd(),
        ToolCallStart("1", "t"),
        ToolCallEnd("1", "t", "{}"),
        UsageUpdate(Usage(1, 1)),
        Status("queued"),
        Warning("k", "w"),
        FINISH,
        RateLimited("slow"),
        ValueError("bug"),
    ]
)


@given(st.lists(ANY_EVENT, max_size=12))
async def test_whatever_a_plugin_does_the_grammar_holds(items: list[Any]) -> None:
    outcome = await guarded(*items)
    assert outcome.events or outcome.error


# Clocks


async def hanging(*events: StreamEvent) -> AsyncGenerator[StreamEvent, None]:
    for event in events:
        yield event
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("events", "clocks", "phase", "words"),
    [
        ([], Clocks(first_event=0.01), "first_event", "no answer within 0.01 s"),
        ([Status("queued")], Clocks(first_event=0.01), "first_event", "no answer within 0.01 s"),
        ([START], Clocks(idle=0.01), "idle", "nothing new for 0.01 s"),
        ([START], Clocks(total=0.01), "total", "longer than 0.01 s"),
        ([], Clocks(first_event=None, total=0.01), "total", "longer than 0.01 s"),
    ],
)
async def test_each_clock_runs_out_with_its_own_words(
    events: list[StreamEvent], clocks: Clocks, phase: str, words: str
) -> None:
    outcome = await drain(guard(hanging(*events), "p", clocks))
    assert isinstance(outcome.error, Timeout)
    assert outcome.error.phase == phase
    assert words in str(outcome.error)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_the_clocks_stand_still_while_the_reader_thinks() -> None:
    clocks = Clocks(first_event=0.02, idle=0.02)
    async with aclosing(guard(replay(START, TextDelta("a"), FINISH), "p", clocks)) as events:
        async for _ in events:
            await asyncio.sleep(0.05)


async def test_the_total_clock_also_stops_a_stream_that_never_waits() -> None:
    async def endless() -> AsyncGenerator[StreamEvent, None]:
        yield START
        while True:
            yield TextDelta("a")

    outcome = await drain(guard(endless(), "p", Clocks(total=0.01)))
    assert isinstance(outcome.error, Timeout)
    assert outcome.error.phase == "total"


async def test_each_event_gives_the_idle_clock_a_new_start() -> None:
    async def slow() -> AsyncGenerator[StreamEvent, None]:
        yield START
        for _ in range(4):
            await asyncio.sleep(0.03)
            yield TextDelta("a")
        yield FINISH

    outcome = await drain(guard(slow(), "p", Clocks(first_event=0.05, idle=0.08)))
    assert outcome.text == "aaaa"


async def test_a_stream_that_swallows_the_timeout_still_times_out() -> None:
    async def stubborn() -> AsyncGenerator[StreamEvent, None]:
        yield START
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            yield TextDelta("late")

    outcome = await drain(guard(stubborn(), "p", Clocks(idle=0.01)))
    assert isinstance(outcome.error, Timeout)
    assert outcome.text == ""
    await asyncio.sleep(0)


async def test_a_stream_that_fails_in_the_timeouts_cleanup_still_times_out() -> None:
    async def clumsy() -> AsyncGenerator[StreamEvent, None]:
        yield START
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("close failed")

    outcome = await drain(guard(clumsy(), "p", Clocks(idle=0.01)))
    assert isinstance(outcome.error, Timeout)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_cancellation_at_the_moment_of_the_timeout_wins() -> None:
    async def cancelled_twice() -> AsyncGenerator[StreamEvent, None]:
        yield START
        try:
            await asyncio.Event().wait()
        finally:
            task.cancel()

    task = asyncio.create_task(drain(guard(cancelled_twice(), "p", Clocks(idle=0.01))))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_an_outer_timeout_is_not_taken_for_ours() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await drain(guard(hanging(START), "p", Clocks(idle=5)))


# Leaving


class Watched:
    """A hanging stream that knows whether it was closed."""

    def __init__(self) -> None:
        self.waiting = asyncio.Event()
        self.closed = asyncio.Event()

    async def stream(self) -> AsyncGenerator[StreamEvent, None]:
        try:
            yield START
            yield TextDelta("a")
            self.waiting.set()
            await asyncio.Event().wait()
        finally:
            self.closed.set()


async def test_cancellation_closes_the_inner_stream_and_is_not_swallowed() -> None:
    watched = Watched()
    task = asyncio.create_task(drain(guard(watched.stream(), "p", Clocks())))
    await watched.waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert watched.closed.is_set()
    assert task.cancelled()


async def test_closing_the_guard_closes_the_inner_stream() -> None:
    watched = Watched()
    events = guard(watched.stream(), "p", Clocks())
    assert [await anext(events), await anext(events)] == [START, TextDelta("a")]
    await events.aclose()
    assert watched.closed.is_set()
    with pytest.raises(StopAsyncIteration):
        await anext(events)


async def test_no_timer_outlives_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    call_at, handles = loop.call_at, []

    def recorded(*args: Any, **kwargs: Any) -> asyncio.TimerHandle:
        handles.append(call_at(*args, **kwargs))
        return handles[-1]

    monkeypatch.setattr(loop, "call_at", recorded)
    await guarded(START, FINISH, clocks=Clocks(first_event=60, idle=30))
    assert len(handles) == 2
    assert all(handle.cancelled() for handle in handles)
