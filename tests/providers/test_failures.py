"""One table from what servers say to what we call it."""

import json
import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime

import httpx
import pytest

from llmtui.core.errors import (
    AuthError,
    BadRequest,
    BillingError,
    ConnectError,
    ContentFiltered,
    ContextTooLong,
    ErrorContext,
    IncompleteStream,
    ModelNotFound,
    Overloaded,
    ProtocolError,
    ProviderError,
    RateLimited,
    ServerError,
    Timeout,
    Unsupported,
)
from llmtui.providers.failures import (
    address,
    classify,
    error_from_response,
    retry_after_s,
    transport_error,
)

CANARY = "sk-canary-0123456789"
CONTEXT = ErrorContext(provider="p", model="m")


def refused(status: int, body: object, headers: Mapping[str, str] | None = None) -> ProviderError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return error_from_response(status, headers or {}, raw, context=CONTEXT, secrets=[CANARY])


def openai(message: str, code: object = None, kind: str | None = None) -> object:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def claude(kind: str, message: str) -> object:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, openai("temperature must be a number"), BadRequest),
        (401, openai("Incorrect API key provided", "invalid_api_key"), AuthError),
        (402, openai("Insufficient credits", 402), BillingError),
        (403, {"error": "forbidden"}, AuthError),
        (404, {"error": "model 'x' not found"}, ModelNotFound),
        (404, openai("The model `x` does not exist", "model_not_found"), ModelNotFound),
        (404, claude("not_found_error", "model: claude-x"), ModelNotFound),
        (404, {"detail": "Not Found"}, BadRequest),
        (404, b"404 page not found", BadRequest),
        (413, claude("request_too_large", "Request exceeds the maximum size"), ContextTooLong),
        (413, b"Request Entity Too Large", ContextTooLong),
        (422, {"detail": [{"loc": ["body", "x"], "msg": "extra fields not permitted"}]}, BadRequest),
        (429, openai("slow down", "rate_limit_exceeded"), RateLimited),
        (429, openai("You exceeded your current quota", "insufficient_quota"), BillingError),
        (500, openai("the server had an error", None, "server_error"), ServerError),
        (502, b"<html><title>Bad Gateway</title></html>", ServerError),
        (503, {"error": "server busy, please try again.  maximum pending requests exceeded"}, Overloaded),
        (529, claude("overloaded_error", "Overloaded"), Overloaded),
        (599, b"", ServerError),
        (418, b"", BadRequest),
    ],
)
def test_the_status_decides(status: int, body: object, expected: type[ProviderError]) -> None:
    error = refused(status, body)
    assert type(error) is expected
    assert error.context.status == status
    assert str(error)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, openai("This model's maximum context length is 8192 tokens.", "x"), ContextTooLong),
        (400, openai("too long", "context_length_exceeded"), ContextTooLong),
        (400, claude("invalid_request_error", "prompt is too long: 200001 tokens > 200000"), ContextTooLong),
        (
            400,
            {
                "error": {
                    "code": 400,
                    "message": "the request exceeds the available context size",
                    "type": "x",
                }
            },
            ContextTooLong,
        ),
        (400, {"error": "the prompt is longer than the context length"}, ContextTooLong),
        (400, {"error": {"message": "x", "type": "exceed_context_size_error"}}, ContextTooLong),
        (400, [{"error": {"message": "input exceeds the maximum number of tokens allowed"}}], ContextTooLong),
        (400, openai("Current length is 9000 while limit is 8192"), ContextTooLong),
        (400, claude("invalid_request_error", "Your credit balance is too low"), BillingError),
        (400, openai("filtered", "content_filter"), ContentFiltered),
        (400, {"error": "registry.ollama.ai/x does not support tools"}, Unsupported),
        (400, [{"error": {"code": 400, "message": "API key not valid.", "status": "X"}}], AuthError),
        # Prompts are echoed: words count only where the status says no more than "your request".
        (500, openai("failed on: 'maximum context length'"), ServerError),
        (429, openai("your prompt 'invalid api key' came too often"), RateLimited),
        (400, openai("the text '429 rate limit, authentication, blocked' is refused"), BadRequest),
    ],
)
def test_codes_come_second_and_words_last(status: int, body: object, expected: type[ProviderError]) -> None:
    assert type(refused(status, body)) is expected


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"error": {"message": "Overloaded", "type": "overloaded_error"}}, Overloaded),
        ({"type": "error", "error": {"type": "api_error", "message": "x"}}, ServerError),
        ({"type": "error", "error": {"type": "rate_limit_error", "message": "x"}}, RateLimited),
        ({"error": {"message": "provider died", "code": 502}}, ServerError),
        ({"error": {"message": "wait", "code": "429"}}, RateLimited),
        ({"error": "the prompt is longer than the context length"}, ContextTooLong),
        ({"error": "llama runner process has terminated"}, ServerError),
        ("only text", ServerError),
        ({"error": {}}, ServerError),
        (None, ServerError),
    ],
)
def test_errors_inside_a_stream(payload: object, expected: type[ProviderError]) -> None:
    error = classify(payload, context=CONTEXT, secrets=[])
    assert type(error) is expected
    assert error.context.provider == "p"
    assert str(error)


def test_what_is_known_stands_in_the_context() -> None:
    error = refused(429, openai("x", "rate_limit_exceeded"), {"X-Request-Id": "r1", "Retry-After": "2"})
    assert error.context == ErrorContext("p", "m", 429, "rate_limit_exceeded", "r1", 2.0)


def test_a_place_to_sign_in_is_shown() -> None:
    error = refused(401, {"error": "unauthorized", "signin_url": "https://ollama.com/connect?name=x"})
    assert "https://ollama.com/connect?name=x" in str(error)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "20"}, 20.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "Sun, 22 Nov 2026 13:00:30 +0100"}, 30.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
)
def test_three_forms_of_retry_after(headers: Mapping[str, str], expected: float | None) -> None:
    assert retry_after_s(headers, datetime(2026, 11, 22, 12, tzinfo=UTC)) == expected


@pytest.mark.parametrize(
    "headers", [{"content-type": "text/html; charset=utf-8"}, {"content-type": "application/json"}, {}]
)
def test_a_page_under_200_says_that_it_looks_like_a_proxy(headers: Mapping[str, str]) -> None:
    error = refused(200, b"\n <!DOCTYPE html><html><title>Sign\n in</title>", headers)
    assert type(error) is ProtocolError
    assert "'Sign in'" in str(error)
    assert "proxy or login page" in str(error)


def test_a_redirect_names_its_target() -> None:
    error = refused(307, b"", {"location": f"https://user:{CANARY}@example.org/v1?token={CANARY}"})
    assert type(error) is ProtocolError
    assert str(error) == "the server redirects to https://example.org/v1"
    assert "base_url" in error.hint


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, openai(f"bad key {CANARY}", CANARY)),
        (400, f"plain {'x' * 190} {CANARY}".encode()),
        (500, f"<html><title>{CANARY}</title>".encode()),
        (200, f"<html><title>{CANARY}</title>".encode()),
        (200, f"{'x' * 110}{CANARY}".encode()),
    ],
)
def test_no_secret_in_any_error(status: int, body: object) -> None:
    error = refused(status, body)
    for text in (str(error), repr(error), repr(error.context), error.hint):
        assert "canary" not in text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://u:p@h:1/v1?key=k#f", "http://h:1/v1"),
        ("http://[::1]:1/x", "http://[::1]:1/x"),
        ("http://[::1", "an address that is none"),
    ],
)
def test_an_address_shows_no_user_and_no_query(url: str, shown: str) -> None:
    assert address(url) == shown


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "expected", "words"),
    [
        (
            caused(httpx.ConnectError("x"), ConnectionRefusedError(111, "x")),
            ConnectError,
            "connection refused",
        ),
        (caused(httpx.ConnectError("x"), socket.gaierror(-2, "x")), ConnectError, "name not found"),
        (
            caused(httpx.ConnectError("x"), ExceptionGroup("x", [ConnectionRefusedError(111, "x")])),
            ConnectError,
            "connection refused",
        ),
        (
            caused(httpx.ConnectError("x"), ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] x")),
            ConnectError,
            "TLS failure",
        ),
        (httpx.ConnectTimeout("x"), Timeout, "no connection in time"),
        (httpx.RemoteProtocolError("x"), ConnectError, "closed before any answer"),
        (httpx.UnsupportedProtocol("x"), BadRequest, "x"),
        (httpx.LocalProtocolError(f"Illegal header value b'{CANARY}'"), BadRequest, "character"),
        (httpx.DecodingError("x"), ProtocolError, "x"),
        (OSError(113, "No route to host"), ConnectError, "no route to host"),
    ],
)
def test_transport_exceptions_in_plain_words(
    error: Exception, expected: type[ProviderError], words: str
) -> None:
    found = transport_error(error, "http://u:p@h:1/v1", started=False, context=CONTEXT, secrets=[CANARY])
    assert type(found) is expected
    assert words in str(found)
    assert str(found).endswith("http://h:1/v1")
    assert CANARY not in str(found)


def test_a_cut_connection_after_the_headers_is_an_incomplete_stream() -> None:
    error = httpx.RemoteProtocolError("peer closed connection")
    found = transport_error(error, "http://h", started=True, context=CONTEXT, secrets=[])
    assert type(found) is IncompleteStream


def test_the_retryable_ones_are_those_that_may_pass() -> None:
    bodies = {
        status: refused(status, openai("x")) for status in (400, 401, 402, 403, 422, 429, 500, 503, 529)
    }
    retryable = {status for status, error in bodies.items() if error.retryable}
    assert retryable == {429, 500, 503, 529}
