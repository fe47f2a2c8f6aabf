"""The smoke test of a provider, against servers on loopback that speak its wire."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from llmtui.core.errors import AuthError
from llmtui.core.events import (
    Finish,
    FinishReason,
    ReasoningDelta,
    Start,
    StreamEvent,
    TextDelta,
    UsageUpdate,
)
from llmtui.core.guard import Clocks
from llmtui.core.models import CheckState
from llmtui.core.usage import Usage
from llmtui.routing.retry import RetryingProvider
from llmtui.services.smoke import ANSWER_TOKENS, TOOL, SmokeTest, StageResult, cost
from llmtui.services.smoke_reply import MOST_STRETCHES, in_order
from llmtui.testing.cases import ProviderCase
from llmtui.testing.encoders.base import dump
from llmtui.testing.scenarios import LENGTH, TEXT, Scenario, tool_call
from llmtui.testing.wire_server import CUT, STALL, WireServer
from tests.providers.conftest import CASES

CALL: Scenario = (
    Start("", "test-model"),
    *tool_call("call_1", TOOL.name, '{"city": ', '"Bern"}'),
    UsageUpdate(Usage(input=40, output=21)),
    Finish(FinishReason.TOOL_CALLS),
)
LISTS: dict[str, tuple[str, Any]] = {
    "openai_compat": ("/models", {"data": [{"id": "test-model"}]}),
    "anthropic": ("/v1/models", {"data": [{"id": "test-model", "type": "model"}], "has_more": False}),
    "gemini": ("/v1beta/models", {"models": [{"name": "models/test-model"}]}),
    "ollama": ("/api/tags", {"models": [{"name": "test-model", "model": "test-model"}]}),
}
COMPAT = CASES["openai_compat"]
OK, FAILED, SKIPPED = CheckState.OK, CheckState.FAILED, CheckState.SKIPPED


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    async with WireServer() as server:
        yield server


async def results(case: ProviderCase, server: WireServer, model: str = "test-model") -> list[StageResult]:
    provider = case.provider(server)
    path, body = LISTS[case.kind]
    server.reply(path, [dump(body)])
    try:
        test = SmokeTest(RetryingProvider(provider, Clocks(), sleep=_no_time), model)
        return [stage async for stage in test.run()]
    finally:
        await provider.aclose()


async def _no_time(_: float) -> None:
    pass


def states(found: list[StageResult]) -> dict[str, CheckState]:
    return {stage.name: stage.state for stage in found}


def refuse(server: WireServer, status: int, words: str) -> None:
    COMPAT.serve_raw(
        server, [COMPAT.encoder.failure(status, words)], status=status, content_type="application/json"
    )


@pytest.mark.parametrize("kind", LISTS)
async def test_a_provider_that_keeps_its_promises_passes(kind: str, server: WireServer) -> None:
    case = CASES[kind]
    for scenario in (TEXT, TEXT, CALL):
        case.serve(server, scenario)
    case.serve_raw(server, [*case.encoder.encode(TEXT)[:4], STALL])
    found = {stage.name: stage for stage in await results(case, server)}
    assert {name: stage.state for name, stage in found.items()} == dict.fromkeys(
        ("models", "chat", "stream", "tool", "cancel"), OK
    )
    assert found["models"].detail == "1 listed, the model asked is among them"
    assert "12 tokens in, 7 out" in found["stream"].detail
    assert {found[name].model for name in ("chat", "stream", "tool", "cancel")} == {"test-model"}
    asked = case.chats(server)
    assert len(asked) == cost().requests
    assert all(str(ANSWER_TOKENS).encode() in one.request.body for one in asked)
    assert [TOOL.name.encode() in one.request.body for one in asked] == [False, False, True, False]
    assert await asked[-1].client_left


async def test_the_persons_instructions_are_left_out(server: WireServer) -> None:
    COMPAT.serve(server, TEXT)
    provider = COMPAT.provider(server, system_prompt="Speak like a pirate.", max_tokens=9)
    [stage async for stage in SmokeTest(RetryingProvider(provider, Clocks()), "test-model").run()]
    await provider.aclose()
    assert not any(b"pirate" in one.request.body for one in COMPAT.chats(server))


async def test_a_refused_key_is_tried_once(server: WireServer) -> None:
    refuse(server, 401, "no such key")
    found = await results(COMPAT, server)
    assert states(found) == {
        "models": OK,
        "chat": FAILED,
        "stream": SKIPPED,
        "tool": SKIPPED,
        "cancel": SKIPPED,
    }
    assert isinstance(found[1].error, AuthError)
    assert found[2].detail == "not tried after chat"
    assert len(COMPAT.chats(server)) == 1


async def test_a_list_that_is_refused_stops_nothing(server: WireServer) -> None:
    COMPAT.serve(server, TEXT)
    server.reply("/models", [COMPAT.encoder.failure(403, "not with this key")], status=403)
    found = states(await results(COMPAT, server))
    assert (found["models"], found["chat"], found["stream"]) == (FAILED, OK, OK)


async def test_nobody_at_the_address_is_asked_once() -> None:
    provider = COMPAT.at("http://127.0.0.1:9")
    found = [one async for one in SmokeTest(RetryingProvider(provider, Clocks(), sleep=_no_time)).run()]
    await provider.aclose()
    assert [one.state for one in found] == [FAILED, SKIPPED, SKIPPED, SKIPPED, SKIPPED]


async def test_a_cut_stream_fails_and_the_others_are_tried(server: WireServer) -> None:
    COMPAT.serve(server, TEXT)
    COMPAT.serve_raw(server, [*COMPAT.encoder.encode(TEXT)[:3], CUT])
    COMPAT.serve(server, CALL)
    found = await results(COMPAT, server)
    assert states(found) == {"models": OK, "chat": OK, "stream": FAILED, "tool": OK, "cancel": OK}
    assert type(found[2].error).__name__ == "IncompleteStream"


async def test_a_second_try_is_told(server: WireServer) -> None:
    COMPAT.serve(server, TEXT)
    refuse(server, 503, "too busy")
    COMPAT.serve(server, TEXT)
    found = await results(COMPAT, server)
    assert (found[2].state, found[2].notes) == (OK, ("tried again after: too busy",))


@pytest.mark.parametrize(
    ("scenario", "state", "words"),
    [
        (LENGTH, OK, "finish length"),
        ((TEXT[0], Finish(FinishReason.STOP)), FAILED, "no text came"),
        (
            (TEXT[0], ReasoningDelta("Hm"), Finish(FinishReason.LENGTH)),
            SKIPPED,
            "thought until its limit",
        ),
        ((*TEXT[:2], Finish(FinishReason.CONTENT_FILTER)), FAILED, "did not end by itself"),
    ],
)
async def test_what_counts_as_an_answer(
    scenario: Scenario, state: CheckState, words: str, server: WireServer
) -> None:
    COMPAT.serve(server, scenario)
    chat, stream = (await results(COMPAT, server))[1:3]
    assert (chat.state, stream.state) == (state, state)
    assert words in chat.detail
    assert words in stream.detail


async def test_a_tool_is_not_offered_to_a_model_that_is_known_to_have_none(server: WireServer) -> None:
    case = CASES["ollama"]
    server.reply("/api/show", [dump({"capabilities": ["completion"]})])
    case.serve(server, TEXT)
    found = await results(case, server)
    assert found[3].state is SKIPPED
    assert not any(TOOL.name.encode() in one.request.body for one in case.chats(server))


async def test_a_tool_that_the_server_declines_is_no_failure(server: WireServer) -> None:
    COMPAT.serve(server, TEXT)
    COMPAT.serve(server, TEXT)
    refuse(server, 400, "test-model does not support tools")
    COMPAT.serve(server, TEXT)
    tool, cancel = (await results(COMPAT, server))[3:]
    assert (tool.state, tool.detail) == (SKIPPED, "test-model does not support tools")
    assert cancel.state is OK


@pytest.mark.parametrize(
    ("scenario", "state"),
    [
        (TEXT, SKIPPED),
        ((TEXT[0], *tool_call("call_1", "weather", "{}"), Finish(FinishReason.TOOL_CALLS)), FAILED),
        ((TEXT[0], *tool_call("call_1", TOOL.name, "{}"), Finish(FinishReason.TOOL_CALLS)), FAILED),
    ],
)
async def test_a_model_that_is_not_known_to_have_tools_may_answer_in_words(
    scenario: Scenario, state: CheckState, server: WireServer
) -> None:
    COMPAT.serve(server, TEXT)
    COMPAT.serve(server, TEXT)
    COMPAT.serve(server, scenario)
    assert (await results(COMPAT, server))[3].state is state


def test_the_order_of_events_stays_short() -> None:
    usage = UsageUpdate(Usage(output=1))
    events: list[StreamEvent] = [
        Start("p", "m"),
        TextDelta("a"),
        TextDelta("b"),
        usage,
        Finish(FinishReason.STOP),
    ]
    assert in_order(events) == "Start · 2 TextDelta · UsageUpdate · Finish"
    pair: list[StreamEvent] = [TextDelta("a"), usage]
    long = in_order([events[0], *pair * 500, events[-1]])
    assert len(long.split(" · ")) == MOST_STRETCHES + 1
    assert long.endswith("more · Finish")
