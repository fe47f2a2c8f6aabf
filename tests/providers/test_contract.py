"""What every provider owes: the same events for the same reply, however its bytes arrive."""

import asyncio
import zlib
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import user
from llmtui.core.events import Finish, FinishReason, Start, StreamEvent, TextDelta, UsageUpdate
from llmtui.core.guard import Clocks, guard
from llmtui.core.ports import Provider
from llmtui.core.text import sanitise
from llmtui.core.usage import Usage
from llmtui.testing.cases import ProviderCase
from llmtui.testing.chunking import CHUNKINGS, Chunking
from llmtui.testing.laws import Outcome, drain, normal_form
from llmtui.testing.scenarios import SCENARIOS, TEXT, Scenario
from llmtui.testing.wire_server import STALL, WireServer

HELLO = ChatRequest((user("Hello"),))
CLOCKS = Clocks(30, 30, 30, 60)


def stream(provider: Provider, request: ChatRequest = HELLO) -> AsyncGenerator[StreamEvent, None]:
    return guard(provider.stream_chat(request), provider.id, CLOCKS)


@asynccontextmanager
async def asked(case: ProviderCase, **settings: Any) -> Any:
    """A provider and its server, both closed at the end."""
    async with WireServer() as server:
        provider = case.provider(server, **settings)
        try:
            yield provider, server
        finally:
            await provider.aclose()
    # Neither a task nor, by ResourceWarning, a socket stays behind; httpx's generators end a few turns later.
    if others := asyncio.all_tasks() - {asyncio.current_task()}:
        _, pending = await asyncio.wait(others, timeout=1)
        assert not pending


def normal_text(scenario: Scenario) -> str:
    return sanitise("".join(event.text for event in scenario if isinstance(event, TextDelta)))


async def outcome_of(case: ProviderCase, scenario: Scenario, chunking: Chunking) -> Outcome:
    async with asked(case) as (provider, server):
        case.serve(server, scenario, chunking)
        outcome = await drain(stream(provider))
        assert len(case.chats(server)) == 1
        return outcome


@pytest.mark.parametrize("chunking", CHUNKINGS.values(), ids=CHUNKINGS.keys())
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
async def test_the_same_reply_is_the_same_events(
    case: ProviderCase, scenario: Scenario, chunking: Chunking
) -> None:
    outcome = await outcome_of(case, scenario, chunking)
    assert outcome.error is None
    fields = case.encoder.usage_fields
    assert normal_form(outcome.events, fields) == normal_form(scenario, fields)


@pytest.mark.parametrize("case", ["openai_compat", "anthropic", "openai", "gemini"], indirect=True)
async def test_server_sent_events_may_end_their_lines_in_cr(case: ProviderCase) -> None:
    events = [event.replace(b"\n", b"\r") for event in case.encoder.encode(TEXT)]
    async with asked(case) as (provider, server):
        case.serve_raw(server, events)
        outcome = await drain(stream(provider))
    assert (outcome.error, outcome.text) == (None, normal_text(TEXT))


async def test_text_streams_event_by_event(case: ProviderCase) -> None:
    """Nothing waits for more than it needs: each delta arrives while the next is held back."""
    release = asyncio.Event()
    parts = case.encoder.encode((Start("", "test-model"), TextDelta("one"), TextDelta("two")))
    async with asked(case) as (provider, server):
        case.serve_raw(server, [*parts[:-1], release, *parts[-1:], STALL])
        texts = []
        async with asyncio.timeout(5), aclosing(stream(provider)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    texts.append(event.text)
                    release.set()
                if len(texts) == 2:
                    break
        assert texts == ["one", "two"]


async def test_an_event_of_two_megabytes_arrives_whole(case: ProviderCase) -> None:
    big = "é🙂ab" * 250_000
    scenario = (Start("", "test-model"), TextDelta(big), Finish(FinishReason.STOP))
    outcome = await outcome_of(case, scenario, CHUNKINGS["whole"])
    assert outcome.text == big


async def test_a_proxy_may_compress_the_stream(case: ProviderCase) -> None:
    packer = zlib.compressobj(wbits=31)
    writes = [packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH) for event in case.encoder.encode(TEXT)]
    async with asked(case) as (provider, server):
        case.serve_raw(server, [*writes, packer.flush()], headers={"content-encoding": "gzip"})
        outcome = await drain(stream(provider))
    assert outcome.error is None
    assert outcome.text == normal_text(TEXT)


async def test_chat_is_the_folded_stream(case: ProviderCase) -> None:
    async with asked(case) as (provider, server):
        case.serve(server, SCENARIOS["tool-calls"])
        streamed = (await drain(stream(provider))).reply().response()
        assert await provider.chat(HELLO) == streamed
        assert len(case.chats(server)) == 2


async def test_the_provider_and_the_model_that_answered_are_named(case: ProviderCase) -> None:
    scenario = (Start("", "other-model-2026"), TextDelta("a"), Finish(FinishReason.STOP))
    outcome = await outcome_of(case, scenario, CHUNKINGS["per-event"])
    (start,) = [event for event in outcome.events if isinstance(event, Start)]
    assert (start.provider, start.model) == ("under-test", "other-model-2026")


async def test_usage_is_a_snapshot_and_not_a_sum(case: ProviderCase) -> None:
    scenario = (
        Start("", "test-model"),
        TextDelta("a"),
        UsageUpdate(Usage(input=10, output=3)),
        TextDelta("b"),
        UsageUpdate(Usage(input=10, output=7)),
        Finish(FinishReason.STOP),
    )
    usage = (await outcome_of(case, scenario, CHUNKINGS["per-event"])).reply().usage
    assert usage is not None
    assert (usage.input, usage.output, usage.source) == (10, 7, "reported")


async def test_a_second_request_takes_the_same_connection(case: ProviderCase) -> None:
    async with asked(case) as (provider, server):
        case.serve(server, TEXT)
        for _ in range(3):
            assert (await drain(stream(provider))).error is None
        chats = case.chats(server)
        assert len(chats) == 3
        assert len({id(exchange.client_left) for exchange in chats}) == 1


@pytest.mark.parametrize("way", ["cancel", "cancel-before-head", "aclose", "cancel-in-aclose"])
async def test_who_leaves_closes_the_socket_at_once(case: ProviderCase, way: str) -> None:
    silent, closes = way == "cancel-before-head", way.endswith("aclose")
    never, got_text = asyncio.Event(), asyncio.Event()
    async with asked(case) as (provider, server):
        first = case.encoder.encode((Start("", "test-model"), TextDelta("one")))
        case.serve_raw(server, [*first, STALL], before_head=never if silent else None)
        events = stream(provider)

        async def read() -> None:
            async with aclosing(events):
                async for event in events:
                    if isinstance(event, TextDelta):
                        got_text.set()
                        if closes:
                            return

        task = asyncio.create_task(read())
        async with asyncio.timeout(10):
            while not case.chats(server):
                await server.exchange(len(server.exchanges))
            if not silent:
                await got_text.wait()
        (exchange,) = case.chats(server)
        left_at = asyncio.get_running_loop().time()
        if way != "aclose":
            task.cancel()
        await asyncio.wait([task])
        assert await asyncio.wait_for(exchange.client_left, 5) - left_at < 0.1


async def test_closing_the_provider_closes_its_connections(case: ProviderCase) -> None:
    async with WireServer() as server:
        provider = case.provider(server)
        case.serve(server, TEXT)
        await drain(stream(provider))
        await provider.aclose()
        async with asyncio.timeout(5):
            await asyncio.gather(*(exchange.client_left for exchange in server.exchanges))
        await provider.aclose()
