import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.config.schema import ProviderSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import user
from llmtui.core.errors import (
    AuthError,
    ConnectError,
    ErrorContext,
    IncompleteStream,
    Overloaded,
    ProviderError,
    RateLimited,
    Timeout,
)
from llmtui.core.events import (
    Finish,
    FinishReason,
    Start,
    Status,
    StreamEvent,
    TextDelta,
    ToolCallStart,
    UsageUpdate,
    Warning,
)
from llmtui.core.guard import Clocks
from llmtui.core.models import Capabilities, ModelInfo
from llmtui.core.usage import Usage
from llmtui.providers.script import Action, Fault
from llmtui.providers.scripted import ScriptedProvider
from llmtui.routing.retry import LONGEST_DELAY_S, RetryingProvider, backoff_s
from llmtui.testing.laws import Outcome, drain

HELLO = ChatRequest((user("hi"),))
START = Start("p", "echo")
FINISH = Finish(FinishReason.STOP)


class Sleeps(list[float]):
    """Instead of a sleep: remembers how long it would have been."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


def provider_of(*replies: tuple[Action, ...]) -> ScriptedProvider:
    settings = ProviderSettings(id="p", kind="scripted", options={"tokens_per_s": None})
    provider = ScriptedProvider(settings)
    for reply in replies:
        provider.play(*reply)
    return provider


def limited(retry_after_s: float) -> RateLimited:
    return RateLimited("slow down", context=ErrorContext(retry_after_s=retry_after_s))


async def ask(
    *replies: tuple[Action, ...], clocks: Clocks | None = None
) -> tuple[Outcome, Sleeps, ScriptedProvider]:
    inner, sleeps = provider_of(*replies), Sleeps()
    retrying = RetryingProvider(inner, clocks or Clocks(), rng=random.Random(7), sleep=sleeps)
    return await drain(retrying.stream_chat(HELLO)), sleeps, inner


GOOD: tuple[Action, ...] = (TextDelta("ok"),)


@pytest.mark.parametrize("error", [ConnectError("refused"), Overloaded("busy"), Timeout("x", phase="idle")])
async def test_a_failure_before_anything_visible_is_tried_again(error: ProviderError) -> None:
    outcome, sleeps, inner = await ask((error,), GOOD)
    (delay,) = sleeps
    assert outcome.events == [
        Status("retrying", str(error), attempt=2, delay_s=delay),
        START,
        TextDelta("ok"),
        FINISH,
    ]
    assert outcome.error is None
    assert len(inner.requests) == 2


async def test_there_are_two_tries_and_no_more() -> None:
    last = Overloaded("still busy")
    outcome, sleeps, inner = await ask((Overloaded("busy"),), (last,), GOOD)
    assert outcome.error is last
    assert (len(sleeps), len(inner.requests)) == (1, 2)


async def test_what_cannot_get_better_is_not_tried_again() -> None:
    outcome, sleeps, inner = await ask((AuthError("bad key"),), GOOD)
    assert isinstance(outcome.error, AuthError)
    assert (outcome.events, len(sleeps), len(inner.requests)) == ([], 0, 1)


@pytest.mark.parametrize("shown", [TextDelta("half"), TextDelta("\r"), ToolCallStart("1", "t")])
async def test_after_a_visible_delta_nothing_is_tried_again(shown: StreamEvent) -> None:
    outcome, _, inner = await ask((shown, Overloaded("busy")), GOOD)
    assert isinstance(outcome.error, Overloaded)
    assert outcome.error.partial
    assert len(inner.requests) == 1


async def test_a_start_of_a_failed_try_is_not_shown_twice() -> None:
    spent = UsageUpdate(Usage(100, 1))
    outcome, _, _ = await ask((Warning("a", "first"), START, spent, Fault.CUT), (Warning("a", "2nd"), *GOOD))
    shown = [event for event in outcome.events if not isinstance(event, Status)]
    assert shown == [Warning("a", "2nd"), START, TextDelta("ok"), FINISH]


async def test_what_the_last_try_held_back_is_shown_before_its_error() -> None:
    spent = UsageUpdate(Usage(100, 1))
    outcome, _, _ = await ask((Fault.CUT,), (Warning("a", "lost"), START, spent, Fault.CUT))
    assert isinstance(outcome.error, IncompleteStream)
    assert outcome.events[1:] == [Warning("a", "lost"), START, spent]
    assert not outcome.error.partial


async def test_an_empty_reply_is_a_reply() -> None:
    outcome, _, inner = await ask((), GOOD)
    assert outcome.events == [START, FINISH]
    assert len(inner.requests) == 1


async def test_status_passes_at_once_while_the_rest_is_held() -> None:
    inner, release = provider_of(), asyncio.Event()
    inner.play(START, Status("loading"), release, *GOOD)
    async with aclosing(RetryingProvider(inner, Clocks()).stream_chat(HELLO)) as events:
        assert await anext(events) == Status("loading")
        release.set()
        assert await anext(events) == START


async def test_retry_after_is_obeyed() -> None:
    outcome, sleeps, _ = await ask((limited(3.5),), GOOD)
    assert sleeps == [3.5]
    assert outcome.error is None


async def test_a_wait_that_is_too_long_is_the_persons_to_decide() -> None:
    outcome, sleeps, inner = await ask((limited(61),), GOOD)
    assert isinstance(outcome.error, RateLimited)
    assert outcome.error.context.retry_after_s == 61
    assert (len(sleeps), len(inner.requests)) == (0, 1)


async def test_the_clocks_hold_for_each_try() -> None:
    outcome, _, inner = await ask((Fault.HANG,), GOOD, clocks=Clocks(first_event=0.01))
    assert outcome.text == "ok"
    assert len(inner.requests) == 2


async def test_the_wait_can_be_cancelled() -> None:
    inner, asleep = provider_of((Overloaded("busy"),), GOOD), asyncio.Event()

    async def sleep(_: float) -> None:
        asleep.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(drain(RetryingProvider(inner, Clocks(), sleep=sleep).stream_chat(HELLO)))
    await asleep.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(inner.requests) == 1


async def test_closing_closes_the_inner_stream() -> None:
    closed = asyncio.Event()

    class Hanging(ScriptedProvider):
        async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
            try:
                yield START
                yield TextDelta("a")
                await asyncio.Event().wait()
            finally:
                closed.set()

    retrying = RetryingProvider(Hanging(ProviderSettings(id="p", kind="scripted")), Clocks())
    events = retrying.stream_chat(HELLO)
    await anext(events)
    await events.aclose()
    assert closed.is_set()


async def test_chat_is_the_folded_stream() -> None:
    retrying = RetryingProvider(provider_of((Overloaded("busy"),), GOOD), Clocks(), sleep=Sleeps())
    assert (await retrying.chat(HELLO)).message.text == "ok"


async def test_everything_else_is_the_inner_providers() -> None:
    inner = provider_of()
    retrying = RetryingProvider(inner, Clocks())
    assert (retrying.id, retrying.name, retrying.type) == ("p", "p", "local")
    assert retrying.capabilities() == inner.capabilities()
    assert retrying.default_models() == await retrying.list_models() == inner.default_models()
    assert await retrying.check() == await inner.check()
    assert retrying.validate_config({"id": "x", "kind": "scripted"}) == []


@given(st.integers(1, 20), st.integers())
def test_the_delay_is_jittered_and_bounded(attempt: int, seed: int) -> None:
    delay = backoff_s(attempt, None, random.Random(seed))
    assert delay is not None
    assert 0 <= delay <= min(LONGEST_DELAY_S, 0.5 * 2**attempt)


REPLY: Any = st.lists(
    st.sampled_from(
        [TextDelta("a"), UsageUpdate(Usage(1, 1)), Status("loading"), Fault.CUT, Overloaded("busy")]
    ),
    max_size=5,
)


@given(st.lists(REPLY, min_size=2, max_size=2))
async def test_whatever_happens_nothing_is_spliced(replies: list[list[Action]]) -> None:
    marked = [
        tuple(TextDelta(str(n)) if isinstance(action, TextDelta) else action for action in reply)
        for n, reply in enumerate(replies)
    ]
    outcome, sleeps, inner = await ask(*marked)
    assert len(set(outcome.text)) <= 1
    assert len(inner.requests) == len(sleeps) + 1


class Clumsy(ScriptedProvider):
    """Fails at what costs nothing to tell."""

    def capabilities(self, model: str | None = None) -> Capabilities:
        raise LookupError("capabilities")

    def default_models(self) -> list[ModelInfo]:
        raise LookupError("default models")

    async def list_models(self) -> list[ModelInfo]:
        raise LookupError("models")


async def test_a_bug_in_what_a_provider_tells_costs_only_that() -> None:
    inner = Clumsy(ProviderSettings(id="p", kind="scripted", options={"tokens_per_s": None}))
    provider = RetryingProvider(inner, Clocks())
    assert provider.capabilities("m") == Capabilities()
    assert provider.default_models() == []
    with pytest.raises(ProviderError, match="LookupError: models") as caught:
        await provider.list_models()
    assert caught.value.hint == "this is a bug in the provider"
    assert (await drain(provider.stream_chat(ChatRequest((user("a"),))))).text == "You said: a"
