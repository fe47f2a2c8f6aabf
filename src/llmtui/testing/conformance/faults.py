"""What happens to a reply that has begun: the right error, what arrived kept, one request sent."""

import asyncio
import zlib

import pytest

from llmtui.core.errors import IncompleteStream, ProtocolError, ProviderError, ServerError, Timeout
from llmtui.core.events import DELTAS, Finish, FinishReason, ReasoningDelta, StreamEvent, TextDelta
from llmtui.core.guard import Clocks
from llmtui.testing.cases import ProviderCase
from llmtui.testing.conformance.asking import (
    HALF,
    encoded,
    failed,
    outcome_from,
    outcome_of,
    shown_text,
)
from llmtui.testing.conformance.replies import need_for
from llmtui.testing.exchange import Framing, Request, Responder
from llmtui.testing.scenarios import START, TEXT, FailureKind, StreamFailure, tool_call
from llmtui.testing.wire_server import CUT, STALL, Write

HTML = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>proxy</body></html>"
GARBAGE = [b"null", b"[]", b'"text"', b"data: {oops\n\n", b"\xff\xfe\x00", b"{}"]
DRIP_S = 0.02
BEGUN: dict[str, tuple[StreamEvent, ...]] = {
    "start": (START,),
    "reasoning": (START, ReasoningDelta("hm")),
    "tool-call": (START, *tool_call("call_1", "clock", '{"zone": ', '"UTC"}')[:-1]),
}


class Faults:
    """What a network and a server may do to a reply."""

    @pytest.mark.parametrize("framing", ["chunked", "close"])
    @pytest.mark.parametrize("cut", [[], [CUT]], ids=["clean-end", "cut"])
    async def test_a_stream_without_its_end_is_incomplete(
        self, case: ProviderCase, framing: Framing, cut: list[Write]
    ) -> None:
        """Only the wire's own last word ends a reply."""
        outcome = await outcome_of(case, [*encoded(case.encoder, HALF), *cut], framing=framing)
        assert failed(outcome, IncompleteStream).partial
        assert outcome.text == "half é🙂"

    @pytest.mark.parametrize("begun", BEGUN.values(), ids=BEGUN.keys())
    async def test_a_stream_can_end_too_early_anywhere(
        self, case: ProviderCase, begun: tuple[StreamEvent, ...]
    ) -> None:
        """Before its text, too."""
        need_for(case, begun)
        outcome = await outcome_of(case, encoded(case.encoder, begun))
        failed(outcome, IncompleteStream)
        assert outcome.reply().parts == outcome.reply().parts[:1]

    async def test_a_cut_inside_an_event_is_incomplete(self, case: ProviderCase) -> None:
        """What stands before that event is kept."""
        data = b"".join(encoded(case.encoder, TEXT))
        outcome = await outcome_of(case, [data[: data.index(b"quoted")], CUT])
        failed(outcome, IncompleteStream)
        assert outcome.text == "Café 🙂 naïve\nline "

    @pytest.mark.parametrize("position", range(1, 10))
    async def test_no_prefix_of_a_reply_looks_complete(self, case: ProviderCase, position: int) -> None:
        """All that comes before the last word is not yet a reply."""
        data = b"".join(encoded(case.encoder, HALF))
        outcome = await outcome_of(case, [data[: len(data) * position // 10]])
        failed(outcome, IncompleteStream)

    async def test_an_empty_body_is_an_error(self, case: ProviderCase) -> None:
        """It is no empty reply."""
        outcome = await outcome_of(case, [])
        assert isinstance(outcome.error, IncompleteStream | ProtocolError)
        assert not any(isinstance(event, DELTAS) for event in outcome.events)

    async def test_a_stall_runs_into_the_idle_clock(self, case: ProviderCase) -> None:
        """What arrived before it is kept."""
        outcome = await outcome_of(case, [*encoded(case.encoder, HALF), STALL], Clocks(30, 30, 0.1))
        error = failed(outcome, Timeout)
        assert (error.phase, error.partial, outcome.text) == ("idle", True, "half é🙂")

    async def test_keep_alives_are_not_events(self, case: ProviderCase) -> None:
        """A proxy that keeps a connection alive says nothing about the model behind it."""

        async def play(_: Request, responder: Responder) -> None:
            await responder.start(200, {"content-type": case.encoder.content_type})
            for event in case.encoder.encode(HALF):
                await responder.write(event)
            while True:
                await responder.write(case.encoder.blank)
                await asyncio.sleep(DRIP_S)

        outcome = await outcome_from(case, play, Clocks(30, 30, 0.2))
        assert failed(outcome, Timeout).phase == "idle"

    async def test_a_server_that_does_not_answer_runs_into_the_first_clock(self, case: ProviderCase) -> None:
        """It took the request, and that is all."""
        outcome = await outcome_of(case, [], Clocks(30, 1, 30), before_head=asyncio.Event())
        error = failed(outcome, Timeout)
        assert (error.phase, error.partial) == ("first_event", False)

    async def test_headers_may_come_slowly(self, case: ProviderCase) -> None:
        """Byte by byte is how they come over the worst of links."""

        async def play(_: Request, responder: Responder) -> None:
            head = f"HTTP/1.1 200 OK\r\ncontent-type: {case.encoder.content_type}\r\n"
            for byte in f"{head}transfer-encoding: chunked\r\n\r\n".encode():
                await responder.raw(bytes([byte]))
            for event in case.encoder.encode(TEXT):
                await responder.write(event)
            await responder.end()

        outcome = await outcome_from(case, play)
        assert (outcome.error, outcome.text) == (None, shown_text(TEXT))

    async def test_headers_without_an_end_run_into_the_first_clock(self, case: ProviderCase) -> None:
        """That something comes does not mean that an answer comes."""

        async def play(_: Request, responder: Responder) -> None:
            await responder.raw(b"HTTP/1.1 200 OK\r\n")
            while True:
                await responder.raw(b"x-slow: 1\r\n")
                await asyncio.sleep(DRIP_S)

        outcome = await outcome_from(case, play, Clocks(30, 0.5, 30))
        error = failed(outcome, Timeout)
        assert (error.phase, error.partial) == ("first_event", False)

    @pytest.mark.parametrize("shown", [False, True], ids=["at-once", "after-text"])
    @pytest.mark.parametrize("kind", ["overloaded", "rate_limited", "server"])
    async def test_an_error_in_the_stream_is_raised(
        self, case: ProviderCase, kind: FailureKind, shown: bool
    ) -> None:
        """In the server's own words, after status 200."""
        events = HALF if shown else (START,)
        failure = StreamFailure(kind, "the model runner has crashed")
        outcome = await outcome_of(case, encoded(case.encoder, [*events, failure]))
        error = failed(outcome, ProviderError)
        assert not isinstance(error, IncompleteStream | ProtocolError)
        assert "the model runner has crashed" in str(error)
        assert error.partial is shown
        assert error.retryable

    async def test_events_after_an_error_are_ignored(self, case: ProviderCase) -> None:
        """An error is an end."""
        rest = (StreamFailure("server", "broken"), TextDelta("never"), Finish(FinishReason.STOP))
        outcome = await outcome_of(case, encoded(case.encoder, [*HALF, *rest]))
        failed(outcome, ProviderError)
        assert outcome.text == "half é🙂"

    @pytest.mark.parametrize("status", [200, 502])
    @pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "application/json"])
    async def test_a_web_page_is_not_a_reply(
        self, case: ProviderCase, status: int, content_type: str
    ) -> None:
        """A hotel's network answers for everyone."""
        outcome = await outcome_of(case, [HTML], status=status, content_type=content_type)
        error = failed(outcome, ProtocolError if status == 200 else ServerError)
        assert "<html" not in str(error).lower()

    @pytest.mark.parametrize("body", GARBAGE)
    async def test_garbage_with_status_200_is_an_error(self, case: ProviderCase, body: bytes) -> None:
        """And shows nothing as if it were text."""
        outcome = await outcome_of(case, [body])
        assert isinstance(outcome.error, ProtocolError | IncompleteStream), repr(outcome.error)
        assert not outcome.text

    async def test_what_is_not_gzip_is_an_error(self, case: ProviderCase) -> None:
        """A proxy that names an encoding need not use it."""
        outcome = await outcome_of(case, encoded(case.encoder, TEXT), headers={"content-encoding": "gzip"})
        failed(outcome, ProviderError)
        assert not outcome.text

    async def test_a_cut_in_gzip_keeps_what_came(self, case: ProviderCase) -> None:
        """The same as without it."""
        packer = zlib.compressobj(wbits=31)
        events = encoded(case.encoder, HALF)
        writes = [packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH) for event in events]
        outcome = await outcome_of(case, [*writes, CUT], headers={"content-encoding": "gzip"})
        assert failed(outcome, IncompleteStream).partial
        assert outcome.text == "half é🙂"
