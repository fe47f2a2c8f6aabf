"""What every provider owes when its server fails: the right error, what arrived kept, one request sent."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import user
from llmtui.core.errors import (
    AuthError,
    BadRequest,
    BillingError,
    ConnectError,
    ContextTooLong,
    IncompleteStream,
    ModelNotFound,
    Overloaded,
    ProtocolError,
    ProviderError,
    RateLimited,
    ServerError,
    Timeout,
)
from llmtui.core.events import DELTAS, Finish, FinishReason, ReasoningDelta, Start, StreamEvent, TextDelta
from llmtui.core.guard import Clocks, guard
from llmtui.core.ports import Provider
from llmtui.routing.retry import RetryingProvider
from llmtui.testing.cases import ProviderCase
from llmtui.testing.exchange import Request, Responder
from llmtui.testing.laws import Outcome, drain
from llmtui.testing.scenarios import TEXT, FailureKind, StreamFailure, tool_call
from llmtui.testing.wire_server import CUT, STALL, WireServer, Write

HELLO = ChatRequest((user("Hello"),))
CLOCKS = Clocks(30, 30, 30, 60)
START = Start("", "test-model")
HALF = (START, TextDelta("half é🙂"))
HTML = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>proxy</body></html>"


@asynccontextmanager
async def asked(case: ProviderCase) -> AsyncIterator[tuple[Provider, WireServer]]:
    async with WireServer() as server:
        provider = case.provider(server)
        try:
            yield provider, server
        finally:
            await provider.aclose()


def stream(provider: Provider, clocks: Clocks = CLOCKS) -> AsyncGenerator[StreamEvent, None]:
    return guard(provider.stream_chat(HELLO), provider.id, clocks)


async def outcome_of(
    case: ProviderCase, writes: Sequence[Write], clocks: Clocks = CLOCKS, **reply: object
) -> Outcome:
    async with asked(case) as (provider, server):
        case.serve_raw(server, writes, **reply)
        outcome = await drain(stream(provider, clocks))
        assert len(case.chats(server)) == 1
        return outcome


def failed(outcome: Outcome, kind: type[ProviderError]) -> ProviderError:
    assert isinstance(outcome.error, kind), f"{outcome.error!r} after {outcome.events}"
    return outcome.error


# The end of the stream


@pytest.mark.parametrize("framing", ["chunked", "close"])
@pytest.mark.parametrize("cut", [[], [CUT]], ids=["clean-end", "cut"])
async def test_a_stream_without_its_end_is_incomplete(
    case: ProviderCase, framing: str, cut: list[Write]
) -> None:
    outcome = await outcome_of(case, [*case.encoder.encode(HALF), *cut], framing=framing)
    error = failed(outcome, IncompleteStream)
    assert error.partial
    assert outcome.text == "half é🙂"


@pytest.mark.parametrize(
    "begun",
    [
        (START,),
        (START, ReasoningDelta("hm")),
        (START, *tool_call("call_1", "clock", '{"zone": ', '"UTC"}')[:-1]),
    ],
    ids=["start", "reasoning", "tool-call"],
)
async def test_a_stream_can_end_too_early_anywhere(
    case: ProviderCase, begun: tuple[StreamEvent, ...]
) -> None:
    outcome = await outcome_of(case, case.encoder.encode(begun))
    failed(outcome, IncompleteStream)
    assert outcome.reply().parts == outcome.reply().parts[:1]


async def test_a_cut_inside_an_event_is_incomplete(case: ProviderCase) -> None:
    data = b"".join(case.encoder.encode(TEXT))
    outcome = await outcome_of(case, [data[: data.index(b"quoted")], CUT])
    failed(outcome, IncompleteStream)
    assert outcome.text == "Café 🙂 naïve\nline "


@pytest.mark.parametrize("position", range(1, 10))
async def test_no_prefix_of_a_reply_looks_complete(case: ProviderCase, position: int) -> None:
    """The terminal signal is the wire's last word: all that comes before it is not yet a reply."""
    events = case.encoder.encode(HALF)
    data = b"".join(events)
    outcome = await outcome_of(case, [data[: len(data) * position // 10]])
    failed(outcome, IncompleteStream)


async def test_an_empty_body_is_an_error(case: ProviderCase) -> None:
    outcome = await outcome_of(case, [])
    assert isinstance(outcome.error, IncompleteStream | ProtocolError)
    assert not any(isinstance(event, DELTAS) for event in outcome.events)


# Stalls


async def test_a_stall_runs_into_the_idle_clock(case: ProviderCase) -> None:
    outcome = await outcome_of(case, [*case.encoder.encode(HALF), STALL], Clocks(30, 30, 0.1))
    error = failed(outcome, Timeout)
    assert isinstance(error, Timeout)
    assert (error.phase, error.partial, outcome.text) == ("idle", True, "half é🙂")


async def test_keep_alives_are_not_events(case: ProviderCase) -> None:
    async def handler(request: Request, responder: Responder) -> None:
        if not case.is_chat(request.path):
            await responder.send(200, case.other_replies.get(request.path, b"{}"))
            return
        await responder.start(200, {"content-type": case.encoder.content_type})
        for event in case.encoder.encode(HALF):
            await responder.write(event)
        while True:
            await responder.write(case.encoder.blank)
            await asyncio.sleep(0.02)

    async with WireServer(handler) as server:
        provider = case.at(server.url)
        outcome = await drain(stream(provider, Clocks(30, 30, 0.2)))
        await provider.aclose()
    error = failed(outcome, Timeout)
    assert isinstance(error, Timeout)
    assert error.phase == "idle"


async def test_a_server_that_does_not_answer_runs_into_the_first_clock(case: ProviderCase) -> None:
    outcome = await outcome_of(case, [], Clocks(30, 1, 30), before_head=asyncio.Event())
    error = failed(outcome, Timeout)
    assert isinstance(error, Timeout)
    assert (error.phase, error.partial) == ("first_event", False)


async def test_a_stalled_error_body_still_is_that_error(case: ProviderCase) -> None:
    outcome = await outcome_of(case, [b'{"error', STALL], Clocks(30, 1, 1), status=401)
    assert isinstance(outcome.error, AuthError | Timeout)


# Errors in words


@pytest.mark.parametrize("shown", [False, True], ids=["at-once", "after-text"])
@pytest.mark.parametrize("kind", ["overloaded", "rate_limited", "server"])
async def test_an_error_in_the_stream_is_raised(case: ProviderCase, kind: FailureKind, shown: bool) -> None:
    events = HALF if shown else (START,)
    failure = StreamFailure(kind, "the model runner has crashed")
    outcome = await outcome_of(case, case.encoder.encode([*events, failure]))
    error = failed(outcome, ProviderError)
    assert not isinstance(error, IncompleteStream | ProtocolError)
    assert "the model runner has crashed" in str(error)
    assert error.partial is shown
    assert error.retryable


async def test_events_after_an_error_are_ignored(case: ProviderCase) -> None:
    failure = StreamFailure("server", "broken")
    rest = (TextDelta("never"), Finish(FinishReason.STOP))
    outcome = await outcome_of(case, case.encoder.encode([*HALF, failure, *rest]))
    failed(outcome, ProviderError)
    assert outcome.text == "half é🙂"


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "temperature: must be at most 2", BadRequest),
        (401, "invalid key", AuthError),
        (402, "insufficient credit", BillingError),
        (403, "not allowed", AuthError),
        (404, "model 'test-model' not found", ModelNotFound),
        (422, "unknown field", BadRequest),
        (429, "too many requests", RateLimited),
        (500, "out of memory", ServerError),
        (502, "bad gateway", ServerError),
        (503, "server busy, please try again", Overloaded),
        (529, "Overloaded", Overloaded),
        (400, "prompt is too long: 9000 tokens > 8192 maximum", ContextTooLong),
        (400, "the request exceeds the available context size", ContextTooLong),
        # What a person wrote may come back in an error: it must not decide what the error is.
        (500, "cannot process: '429 rate limit, unauthorized, context length'", ServerError),
    ],
)
async def test_a_status_is_its_error(
    case: ProviderCase, status: int, message: str, kind: type[ProviderError]
) -> None:
    outcome = await outcome_of(
        case, [case.encoder.failure(status, message)], status=status, content_type="application/json"
    )
    error = failed(outcome, kind)
    assert type(error) is kind
    assert error.context.status == status
    assert error.context.provider == "under-test"
    assert message in str(error)
    assert not error.partial


@pytest.mark.parametrize("form", ["seconds", "date", "milliseconds", "nonsense"])
async def test_retry_after_is_read_in_all_its_forms(case: ProviderCase, form: str) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    headers = {
        "seconds": {"retry-after": "30"},
        "date": {"retry-after": date},
        "milliseconds": {"retry-after-ms": "30000"},
        "nonsense": {"retry-after": "soon"},
    }[form]
    outcome = await outcome_of(case, [case.encoder.failure(429, "slow down")], status=429, headers=headers)
    wait_s = failed(outcome, RateLimited).context.retry_after_s
    if form == "nonsense":
        assert wait_s is None
    else:
        assert wait_s == pytest.approx(30, abs=2)


@pytest.mark.parametrize("status", [200, 502])
@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "application/json"])
async def test_a_web_page_is_not_a_reply(case: ProviderCase, status: int, content_type: str) -> None:
    outcome = await outcome_of(case, [HTML], status=status, content_type=content_type)
    error = failed(outcome, ProtocolError if status == 200 else ServerError)
    assert "<html" not in str(error).lower()


@pytest.mark.parametrize("body", [b"null", b"[]", b'"text"', b"data: {oops\n\n", b"\xff\xfe\x00", b"{}"])
async def test_rubbish_with_status_200_is_an_error(case: ProviderCase, body: bytes) -> None:
    outcome = await outcome_of(case, [body])
    assert isinstance(outcome.error, ProtocolError | IncompleteStream)
    assert not outcome.text


async def test_no_answer_at_the_address_is_a_connect_error(case: ProviderCase) -> None:
    async with WireServer() as server:
        url = server.url
    provider = case.at(url)
    outcome = await drain(stream(provider))
    await provider.aclose()
    error = failed(outcome, ConnectError)
    assert url.removeprefix("http://") in str(error)
    assert "refused" in str(error).lower()


# How many requests


@pytest.mark.parametrize(
    ("status", "requests"), [(401, 1), (400, 1), (404, 1), (429, 2), (500, 2), (503, 2), (529, 2)]
)
async def test_only_our_one_retry_layer_sends_again(case: ProviderCase, status: int, requests: int) -> None:
    async def no_sleep(_: float) -> None:
        return

    async with asked(case) as (provider, server):
        case.serve_raw(server, [case.encoder.failure(status, "no")], status=status)
        outcome = await drain(RetryingProvider(provider, CLOCKS, sleep=no_sleep).stream_chat(HELLO))
        assert outcome.error is not None
        assert len(case.chats(server)) == requests


async def test_after_a_failure_the_next_request_works(case: ProviderCase) -> None:
    async with asked(case) as (provider, server):
        case.serve_raw(server, [*case.encoder.encode(HALF), CUT])
        case.serve_raw(server, [case.encoder.failure(503, "busy")], status=503)
        case.serve(server, TEXT)
        errors = [(await drain(stream(provider))).error for _ in range(3)]
        assert [type(error) for error in errors] == [IncompleteStream, Overloaded, type(None)]
