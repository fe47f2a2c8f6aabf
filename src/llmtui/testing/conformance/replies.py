"""The same events for the same reply, however its bytes arrive."""

import asyncio
import zlib
from collections.abc import Callable
from contextlib import aclosing, suppress

import pytest

from llmtui.core.chat import fold
from llmtui.core.events import (
    Finish,
    FinishReason,
    ReasoningDelta,
    Start,
    TextDelta,
    ToolCallStart,
    UsageUpdate,
)
from llmtui.core.usage import Usage
from llmtui.testing.cases import ProviderCase
from llmtui.testing.chunking import CHUNKINGS, Chunking
from llmtui.testing.conformance.asking import HELLO, asked, encoded, need, outcome_of, shown_text, stream
from llmtui.testing.encoders.base import NotCarried, WireEncoder
from llmtui.testing.laws import normal_form
from llmtui.testing.scenarios import SCENARIOS, START, TEXT, Scenario, tool_call
from llmtui.testing.wire_server import STALL

EVENT_STREAM = "text/event-stream"
HALF_A_MEGABYTE = "é🙂ab" * 62_500


def need_for(case: ProviderCase, scenario: Scenario) -> None:
    """Skip a scenario with what a provider lacks."""
    for event in scenario:
        match event:
            case ToolCallStart():
                need(case, "tools")
            case ReasoningDelta():
                need(case, "reasoning")


def carried_by(encoder: WireEncoder) -> Callable[[Scenario], bool]:
    """Whether a wire can carry a scenario."""

    def carried(scenario: Scenario) -> bool:
        with suppress(NotCarried):
            return bool(encoder.encode(scenario))
        return False

    return carried


class Replies:
    """What a reply is to the app."""

    @pytest.mark.parametrize("chunking", CHUNKINGS.values(), ids=CHUNKINGS.keys())
    @pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
    async def test_the_same_reply_is_the_same_events(
        self, case: ProviderCase, scenario: Scenario, chunking: Chunking
    ) -> None:
        """The scenarios by the chunkings."""
        need_for(case, scenario)
        await self.check(case, case.encoder, scenario, chunking)

    async def test_a_dialect_says_the_same(self, case: ProviderCase) -> None:
        """What one server of a wire says otherwise than the next is no difference to the app."""
        if not case.dialects:
            pytest.skip(f"{case.kind} has no dialects")
        for encoder in case.dialects.values():
            for scenario in filter(carried_by(encoder), SCENARIOS.values()):
                await self.check(case, encoder, scenario, CHUNKINGS["per-event"])

    async def check(
        self, case: ProviderCase, encoder: WireEncoder, scenario: Scenario, chunking: Chunking
    ) -> None:
        """The events of a reply are those of its scenario."""
        outcome = await outcome_of(case, chunking(encoded(encoder, scenario), encoder.blank))
        assert outcome.error is None, repr(outcome.error)
        fields = encoder.usage_fields
        assert normal_form(outcome.events, fields) == normal_form(scenario, fields)

    @pytest.mark.parametrize("reason", FinishReason)
    async def test_the_reason_of_an_end_is_told(self, case: ProviderCase, reason: FinishReason) -> None:
        """One vocabulary for all wires; a reason that a wire has no word for is left out."""
        if reason is FinishReason.TOOL_CALLS:
            need(case, "tools")
        calls = tool_call("call_1", "clock", "{}") if reason is FinishReason.TOOL_CALLS else ()
        outcome = await outcome_of(
            case, encoded(case.encoder, (START, TextDelta("a"), *calls, Finish(reason)))
        )
        assert outcome.error is None, repr(outcome.error)
        assert outcome.reply().response().finish.reason is reason

    async def test_server_sent_events_may_end_their_lines_in_cr(self, case: ProviderCase) -> None:
        """Their standard has three ends of a line."""
        if case.encoder.content_type != EVENT_STREAM:
            pytest.skip("no server-sent events")
        events = [event.replace(b"\n", b"\r") for event in encoded(case.encoder, TEXT)]
        outcome = await outcome_of(case, events)
        assert (outcome.error, outcome.text) == (None, shown_text(TEXT))

    async def test_text_streams_event_by_event(self, case: ProviderCase) -> None:
        """Nothing waits for more than it needs: each delta arrives while the next is held back."""
        release = asyncio.Event()
        *first, last = encoded(case.encoder, (START, TextDelta("one"), TextDelta("two")))
        async with asked(case) as (provider, server):
            case.serve_raw(server, [*first, release, last, STALL])
            texts = []
            async with asyncio.timeout(5), aclosing(stream(provider)) as events:
                async for event in events:
                    if isinstance(event, TextDelta):
                        texts.append(event.text)
                        release.set()
                    if len(texts) == 2:
                        break
            assert texts == ["one", "two"]

    async def test_an_event_of_two_megabytes_arrives_whole(self, case: ProviderCase) -> None:
        """In one piece, and in pieces of any other size."""
        big = HALF_A_MEGABYTE * 4
        data = b"".join(encoded(case.encoder, (START, TextDelta(big), Finish(FinishReason.STOP))))
        for size in (len(data), 65_521):
            pieces = [data[start : start + size] for start in range(0, len(data), size)]
            outcome = await outcome_of(case, pieces)
            assert outcome.error is None, repr(outcome.error)
            # Not by ==, whose report of two megabytes would take minutes.
            assert (len(outcome.text), hash(outcome.text)) == (len(big), hash(big))

    async def test_arguments_of_two_megabytes_arrive_whole(self, case: ProviderCase) -> None:
        """What a tool is to write into a file is not small."""
        need(case, "tools")
        big = f'{{"text": "{HALF_A_MEGABYTE * 4}"}}'
        calls = tool_call("call_1", "write", big)
        outcome = await outcome_of(
            case, encoded(case.encoder, (START, *calls, Finish(FinishReason.TOOL_CALLS)))
        )
        assert outcome.error is None, repr(outcome.error)
        (call,) = outcome.reply().response().message.tool_calls
        assert len(call.arguments) in (len(big), len(big) - 1)

    async def test_a_proxy_may_compress_the_stream(self, case: ProviderCase) -> None:
        """Each event is flushed, as a proxy does that lets streams through."""
        packer = zlib.compressobj(wbits=31)
        events = encoded(case.encoder, TEXT)
        writes = [packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH) for event in events]
        outcome = await outcome_of(case, [*writes, packer.flush()], headers={"content-encoding": "gzip"})
        assert (outcome.error, outcome.text) == (None, shown_text(TEXT))

    async def test_chat_is_the_folded_stream(self, case: ProviderCase) -> None:
        """Who does not want a stream gets the same reply."""
        async with asked(case) as (provider, server):
            case.serve(server, SCENARIOS["tool-calls" if "tools" in case.traits else "text"])
            assert await provider.chat(HELLO) == await fold(provider.stream_chat(HELLO))
            assert len(case.chats(server)) == 2

    async def test_the_provider_and_the_model_that_answered_are_named(self, case: ProviderCase) -> None:
        """A server may answer with another model than it was asked for."""
        need(case, "names its model")
        scenario = (Start("", "other-model-2026"), TextDelta("a"), Finish(FinishReason.STOP))
        outcome = await outcome_of(case, encoded(case.encoder, scenario))
        (start,) = [event for event in outcome.events if isinstance(event, Start)]
        assert (start.provider, start.model) == ("under-test", "other-model-2026")

    async def test_usage_is_a_snapshot_and_not_a_sum(self, case: ProviderCase) -> None:
        """The last count is the count."""
        need(case, "usage")
        scenario = (
            START,
            TextDelta("a"),
            UsageUpdate(Usage(input=10, output=3)),
            TextDelta("b"),
            UsageUpdate(Usage(input=10, output=7)),
            Finish(FinishReason.STOP),
        )
        usage = (await outcome_of(case, encoded(case.encoder, scenario))).reply().usage
        assert usage is not None
        assert (usage.input, usage.output, usage.source) == (10, 7, "reported")
