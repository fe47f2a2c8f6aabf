"""What a server refuses: each status its error, when to come back, and how often it is asked."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from llmtui.core.errors import (
    AuthError,
    BadRequest,
    BillingError,
    ConnectError,
    ContextTooLong,
    IncompleteStream,
    ModelNotFound,
    Overloaded,
    ProviderError,
    RateLimited,
    ServerError,
    Timeout,
)
from llmtui.core.guard import Clocks
from llmtui.routing.retry import RetryingProvider
from llmtui.testing.cases import ProviderCase
from llmtui.testing.conformance.asking import (
    CLOCKS,
    HALF,
    HELLO,
    asked,
    encoded,
    failed,
    outcome_of,
    stream,
)
from llmtui.testing.laws import drain
from llmtui.testing.scenarios import TEXT
from llmtui.testing.wire_server import CUT, STALL, WireServer

REFUSALS: list[tuple[int, str, type[ProviderError]]] = [
    (400, "temperature: must be at most 2", BadRequest),
    (401, "invalid key", AuthError),
    (402, "insufficient credit", BillingError),
    (403, "not allowed", AuthError),
    (404, "model 'test-model' not found", ModelNotFound),
    (413, "Request Entity Too Large", ContextTooLong),
    (422, "unknown field", BadRequest),
    (429, "too many requests", RateLimited),
    (500, "out of memory", ServerError),
    (502, "bad gateway", ServerError),
    (503, "server busy, please try again", Overloaded),
    (504, "gateway timeout", ServerError),
    (529, "Overloaded", Overloaded),
    (400, "prompt is too long: 9000 tokens > 8192 maximum", ContextTooLong),
    (400, "the request exceeds the available context size", ContextTooLong),
    # What a person wrote may come back in an error: it must not decide what the error is.
    (500, "cannot process: '429 rate limit, unauthorized, context length'", ServerError),
]
STATUSES = sorted({status for status, *_ in REFUSALS})
WAIT_S = 30


def retry_after(form: str) -> dict[str, str]:
    """The header that asks for a pause, in one of its forms."""
    match form:
        case "seconds":
            return {"retry-after": str(WAIT_S)}
        case "date":
            later = datetime.now(UTC) + timedelta(seconds=WAIT_S)
            return {"retry-after": format_datetime(later, usegmt=True)}
        case "milliseconds":
            return {"retry-after-ms": str(WAIT_S * 1000)}
    return {"retry-after": form}


class Refusals:
    """What becomes of a request that is not answered."""

    @pytest.mark.parametrize(("status", "message", "kind"), REFUSALS)
    async def test_a_status_is_its_error(
        self, case: ProviderCase, status: int, message: str, kind: type[ProviderError]
    ) -> None:
        """In the server's words, and with what can be done about it."""
        refusal = [case.encoder.failure(status, message)]
        outcome = await outcome_of(case, refusal, status=status, content_type="application/json")
        error = failed(outcome, kind)
        assert type(error) is kind
        assert error.context.status == status
        assert error.context.provider == "under-test"
        assert message in str(error)
        assert not error.partial
        assert error.retryable is (status == 429 or status >= 500)

    @pytest.mark.parametrize("form", ["seconds", "date", "milliseconds"])
    @pytest.mark.parametrize("status", STATUSES)
    async def test_retry_after_is_read_in_all_its_forms(
        self, case: ProviderCase, status: int, form: str
    ) -> None:
        """Whatever the status."""
        refusal = [case.encoder.failure(status, "not now")]
        outcome = await outcome_of(case, refusal, status=status, headers=retry_after(form))
        assert failed(outcome, ProviderError).context.retry_after_s == pytest.approx(WAIT_S, abs=2)

    @pytest.mark.parametrize("form", ["soon", "", "-1", "nan"])
    async def test_a_retry_after_that_says_nothing_is_none(self, case: ProviderCase, form: str) -> None:
        """A pause is never made up."""
        refusal = [case.encoder.failure(429, "slow down")]
        outcome = await outcome_of(case, refusal, status=429, headers=retry_after(form))
        assert not failed(outcome, RateLimited).context.retry_after_s

    async def test_a_stalled_error_body_still_is_that_error(self, case: ProviderCase) -> None:
        """Or a timeout; but never endless."""
        outcome = await outcome_of(case, [b'{"error', STALL], Clocks(30, 1, 1), status=401)
        assert isinstance(outcome.error, AuthError | Timeout)

    async def test_no_answer_at_the_address_is_a_connect_error(self, case: ProviderCase) -> None:
        """Which names the address."""
        async with WireServer() as server:
            url = server.url
        provider = case.at(url)
        outcome = await drain(stream(provider))
        await provider.aclose()
        error = failed(outcome, ConnectError)
        assert url.removeprefix("http://") in str(error)
        assert "refused" in str(error).lower()

    async def test_a_port_out_of_range_is_our_own_mistake(self, case: ProviderCase) -> None:
        """And is told in words that a person can use."""
        provider = case.at("http://127.0.0.1:99999")
        outcome = await drain(stream(provider))
        report = await provider.check()
        await provider.aclose()
        assert isinstance(outcome.error, BadRequest | ConnectError)
        assert "TaskGroup" not in str(outcome.error)
        assert not report.ok

    @pytest.mark.parametrize(
        ("status", "requests"), [(401, 1), (400, 1), (404, 1), (429, 2), (500, 2), (503, 2), (529, 2)]
    )
    async def test_only_our_one_retry_layer_sends_again(
        self, case: ProviderCase, status: int, requests: int
    ) -> None:
        """The retries of an SDK are off: nobody sees them, and they multiply."""

        async def no_sleep(_: float) -> None:
            return

        async with asked(case) as (provider, server):
            case.serve_raw(server, [case.encoder.failure(status, "no")], status=status)
            outcome = await drain(RetryingProvider(provider, CLOCKS, sleep=no_sleep).stream_chat(HELLO))
            assert outcome.error is not None
            assert len(case.chats(server)) == requests

    async def test_after_a_failure_the_next_request_works(self, case: ProviderCase) -> None:
        """No failure spoils a connection or the provider."""
        async with asked(case) as (provider, server):
            case.serve_raw(server, [*encoded(case.encoder, HALF), CUT])
            case.serve_raw(server, [case.encoder.failure(503, "busy")], status=503)
            case.serve(server, TEXT)
            errors = [(await drain(stream(provider))).error for _ in range(3)]
            assert [type(error) for error in errors] == [IncompleteStream, Overloaded, type(None)]
