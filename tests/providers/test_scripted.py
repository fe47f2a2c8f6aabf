import asyncio
from contextlib import aclosing
from typing import Any

import pytest
from pydantic import ValidationError

from llmtui.config.schema import ProviderSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import ToolCallPart, user
from llmtui.core.errors import ConnectError, IncompleteStream, RateLimited, Timeout
from llmtui.core.events import (
    Finish,
    FinishReason,
    ReasoningDelta,
    ReasoningEnd,
    Start,
    Status,
    TextDelta,
    UsageUpdate,
    Warning,
)
from llmtui.core.guard import Clocks, guard
from llmtui.core.usage import Usage
from llmtui.providers.script import Fault
from llmtui.providers.scripted import ScriptedProvider
from llmtui.testing.laws import Outcome, drain

HELLO = ChatRequest((user("Hello, world"),))


def scripted(**options: Any) -> ScriptedProvider:
    options = {"tokens_per_s": None, **options}
    return ScriptedProvider(ProviderSettings(id="fake", kind="scripted", options=options))


async def play(provider: ScriptedProvider, clocks: Clocks | None = None) -> Outcome:
    return await drain(guard(provider.stream_chat(HELLO), provider.id, clocks or Clocks()))


async def test_without_a_script_it_repeats_word_by_word() -> None:
    outcome = await play(scripted())
    assert outcome.text == "You said: Hello, world"
    assert outcome.events[:3] == [Start("fake", "echo"), TextDelta("You "), TextDelta("said: ")]
    assert outcome.events[-2:] == [
        UsageUpdate(Usage(3, 6, source="estimated")),
        Finish(FinishReason.STOP),
    ]


async def test_it_asks_for_words_when_nothing_was_said() -> None:
    reply = await scripted().chat(ChatRequest((user(" "),)))
    assert reply.message.text == "Please say something, and I will repeat it."


async def test_every_step_is_played() -> None:
    provider = scripted(
        script=[
            {"status": {"kind": "loading", "detail": "weights"}},
            {"warning": {"kind": "dropped", "message": "no temperature"}},
            {"delay_s": 0},
            {"reasoning": "Let me think."},
            {"text": "Two  words\n"},
            {"tool_call": {"id": "a", "name": "clock", "arguments": {"zone": "UTC"}}},
            {"tool_call": {"id": "b", "name": "odd", "arguments": "not json"}},
            {"usage": {"input": 3, "output": 4}},
        ]
    )
    outcome = await play(provider)
    assert outcome.events[:5] == [
        Status("loading", "weights"),
        Warning("dropped", "no temperature"),
        Start("fake", "echo"),
        ReasoningDelta("Let "),
        ReasoningDelta("me "),
    ]
    assert ReasoningEnd() in outcome.events
    assert outcome.text == "Two  words\n"
    reply = outcome.reply()
    assert reply.parts[2:] == (
        ToolCallPart("a", "clock", '{"zone": "UTC"}'),
        ToolCallPart("b", "odd", "not json"),
    )
    assert reply.usage == Usage(3, 4)
    assert reply.finish == Finish(FinishReason.TOOL_CALLS)


async def test_replies_come_in_turn_and_then_again() -> None:
    provider = scripted(script=[[{"text": "one"}], [{"text": "two"}, {"finish": "length"}]])
    provider.play(TextDelta("zero"))
    outcomes = [await play(provider) for _ in range(4)]
    assert [outcome.text for outcome in outcomes] == ["zero", "one", "two", "one"]
    assert outcomes[2].events[-1] == Finish(FinishReason.LENGTH)


async def test_a_scripted_error_is_raised_before_any_start() -> None:
    error = {"class": "RateLimited", "message": "slow down", "retry_after_s": 2, "status": 429}
    provider = scripted(script=[[{"error": error}]])
    for _ in range(2):
        outcome = await play(provider)
        assert outcome.events == []
        assert isinstance(outcome.error, RateLimited)
        assert str(outcome.error) == "slow down"
        assert (outcome.error.context.retry_after_s, outcome.error.context.status) == (2, 429)


async def test_a_scripted_timeout_names_its_phase() -> None:
    error = {"class": "Timeout", "message": "no answer", "phase": "connect"}
    outcome = await play(scripted(script=[{"text": "a"}, {"error": error}]))
    assert isinstance(outcome.error, Timeout)
    assert outcome.error.phase == "connect"
    assert outcome.error.partial


async def test_a_cut_has_no_finish() -> None:
    outcome = await play(scripted(script=[{"text": "half"}, {"cut": True}, {"text": "never"}]))
    assert outcome.text == "half"
    assert isinstance(outcome.error, IncompleteStream)


async def test_a_hanging_reply_runs_into_the_clock() -> None:
    outcome = await play(scripted(script=[{"text": "a"}, {"hang": True}]), Clocks(idle=0.01))
    assert isinstance(outcome.error, Timeout)
    assert outcome.error.phase == "idle"


async def test_a_hanging_reply_can_be_cancelled() -> None:
    provider = scripted()
    provider.play(Fault.HANG)
    task = asyncio.create_task(provider.chat(HELLO))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_gate_lets_deltas_through_one_at_a_time() -> None:
    provider = scripted()
    provider.gate = asyncio.Semaphore(0)
    provider.play(TextDelta("a"), TextDelta("b"))
    async with aclosing(provider.stream_chat(HELLO)) as events:
        assert isinstance(await anext(events), Start)
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        assert not waiting.done()
        provider.gate.release()
        assert await waiting == TextDelta("a")


async def test_an_event_holds_the_reply_where_it_stands() -> None:
    provider, release = scripted(), asyncio.Event()
    provider.play(TextDelta("a"), release, TextDelta("b"))
    async with aclosing(provider.stream_chat(HELLO)) as events:
        assert [await anext(events), await anext(events)] == [Start("fake", "echo"), TextDelta("a")]
        release.set()
        assert await anext(events) == TextDelta("b")


async def test_words_come_at_the_configured_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    await play(scripted(tokens_per_s=20))
    assert slept == [0.05] * 4


async def test_requests_are_recorded_with_the_settings_filled_in() -> None:
    settings = ProviderSettings(id="fake", kind="scripted", model="m1", temperature=0.5)
    provider = ScriptedProvider(settings)
    provider.play(TextDelta("ok"))
    reply = await provider.chat(HELLO)
    (request,) = provider.requests
    assert (request.model, request.temperature, request.messages) == ("m1", 0.5, HELLO.messages)
    assert (reply.provider, reply.model) == ("fake", "m1")


async def test_down_fails_every_request_and_the_check() -> None:
    provider = scripted(down="connection refused")
    report = await provider.check()
    assert not report.ok
    assert report.failure is not None
    assert report.failure.detail == "connection refused"
    with pytest.raises(ConnectError):
        await provider.chat(HELLO)
    with pytest.raises(ConnectError):
        await provider.list_models()


async def test_it_is_local_needs_no_key_and_lists_its_models() -> None:
    provider = scripted(models=["a", "b"])
    assert provider.type == "local"
    assert ScriptedProvider.missing_key_of(provider.settings) is None
    assert [model.id for model in await provider.list_models()] == ["a", "b"]
    assert (await provider.check()).ok
    assert [model.id for model in scripted().default_models()] == ["echo"]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({}, "one key"),
        ({"text": "a", "cut": True}, "one key"),
        ({"sing": "la"}, "sing"),
        ({"error": {"class": "Nope", "message": "x"}}, "no error class 'Nope'"),
    ],
)
def test_a_wrong_step_is_named(step: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        scripted(script=[step])
    config = {"id": "fake", "kind": "scripted", "options": {"script": [step]}}
    (issue,) = ScriptedProvider.validate_config(config)
    assert issue.key.startswith("options.script.0.0")
