"""What only Gemini does, against a server on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from llmtui.config.schema import ProviderSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import Message, Opaque, Role, ToolResultPart, user
from llmtui.core.errors import (
    AuthError,
    BadRequest,
    ContentFiltered,
    ContextTooLong,
    ErrorContext,
    IncompleteStream,
    ModelNotFound,
    Overloaded,
    ProviderError,
    RateLimited,
    Unsupported,
)
from llmtui.core.events import Finish, FinishReason, ReasoningDelta, ReasoningEnd, TextDelta
from llmtui.core.guard import Clocks, guard
from llmtui.core.models import CheckState, Fact, Limit
from llmtui.providers.failures import error_from_response
from llmtui.providers.gemini import GeminiProvider
from llmtui.testing.encoders.base import dump
from llmtui.testing.encoders.gemini import GeminiEncoder
from llmtui.testing.laws import Outcome, drain
from llmtui.testing.scenarios import START, TEXT
from llmtui.testing.wire_server import CUT, STALL, WireServer, Write

CHAT = "/v1beta/models/*:streamGenerateContent"
MODELS = "/v1beta/models"
MODEL = "gemini-3.8-flash"
ENCODER = GeminiEncoder()
HELLO = ChatRequest((user("Hello"),))
LISTED = {
    "name": f"models/{MODEL}",
    "displayName": "Gemini 3.8 Flash",
    "description": "Fast",
    "inputTokenLimit": 1_048_576,
    "outputTokenLimit": 65_536,
    "supportedGenerationMethods": ["generateContent", "countTokens"],
    "thinking": True,
}
EMBEDS = {"name": "models/gemini-embedding-2", "supportedGenerationMethods": ["embedContent"]}
BARE = {"name": "models/gateways-own"}


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    async with WireServer() as server:
        yield server


def built(server: WireServer, **settings: Any) -> GeminiProvider:
    known: dict[str, Any] = {"base_url": server.url, "model": MODEL, "api_key": "key-1"}
    return GeminiProvider(ProviderSettings(id="g", kind="gemini", **known | settings))


async def outcome_of(provider: GeminiProvider, request: ChatRequest = HELLO) -> Outcome:
    """A guarded reply; closes the provider."""
    try:
        return await drain(guard(provider.stream_chat(request), provider.id, Clocks(30, 30, 30, 60)))
    finally:
        await provider.aclose()


def serve(server: WireServer, *writes: Write) -> None:
    server.reply(CHAT, writes, content_type="text/event-stream")


# Requests


async def test_the_key_is_in_its_header_and_in_no_address(server: WireServer) -> None:
    serve(server, *ENCODER.encode(TEXT))
    await outcome_of(built(server))
    (request,) = server.requests
    assert request.target == f"/v1beta/models/{MODEL}:streamGenerateContent?alt=sse"
    assert request.headers["x-goog-api-key"] == "key-1"
    assert "authorization" not in request.headers


async def test_ones_own_header_goes_over_the_key(server: WireServer) -> None:
    serve(server, *ENCODER.encode(TEXT))
    await outcome_of(built(server, headers={"X-Goog-Api-Key": "mine"}))
    assert server.requests[0].headers["x-goog-api-key"] == "mine"


@pytest.mark.parametrize("path", ["", "/", "/v1beta", "/v1beta/", "/v1beta/openai", "/v1beta/openai/"])
async def test_an_address_may_have_the_paths_that_google_names(server: WireServer, path: str) -> None:
    serve(server, *ENCODER.encode(TEXT))
    outcome = await outcome_of(built(server, base_url=f"{server.url}{path}"))
    assert outcome.error is None


async def test_a_signed_thought_and_call_come_back_to_the_same_model_alone(server: WireServer) -> None:
    signed = ReasoningEnd(Opaque("", "", "thought-sig"))
    call = {"functionCall": {"name": "clock", "args": {}}, "thoughtSignature": "call-sig"}
    serve(
        server,
        *ENCODER.encode((START, ReasoningDelta("Hm é."), signed)),
        b"data: %b\n\n" % dump({"candidates": [{"content": {"parts": [call]}, "finishReason": "STOP"}]}),
    )
    provider = built(server)
    first = await provider.chat(HELLO)
    assert first.finish.reason is FinishReason.TOOL_CALLS
    (made,) = first.message.tool_calls
    answer = Message(Role.TOOL, (ToolResultPart(made.id, "clock", "noon"),))
    asked = ChatRequest((*HELLO.messages, first.message, answer))
    await provider.chat(asked)
    await outcome_of(provider, ChatRequest(asked.messages, model="gemini-3.6-flash"))
    _, same, other = (request.json()["contents"] for request in server.requests)
    called = {"functionCall": {"id": made.id, "name": "clock", "args": {}}}
    assert same[1]["parts"] == [
        {"text": "Hm é.", "thought": True, "thoughtSignature": "thought-sig"},
        called | {"thoughtSignature": "call-sig"},
    ]
    assert same[2]["parts"][0]["functionResponse"]["id"] == made.id
    assert "thought-sig" not in json.dumps(other)
    assert "call-sig" not in json.dumps(other)


# The end of a stream


@pytest.mark.parametrize(
    "end", [[], [CUT], [STALL], [b"data: [DONE]\n\n"]], ids=["eof", "cut", "stall", "done"]
)
async def test_a_reason_to_finish_completes_a_reply_however_it_ends(
    server: WireServer, end: list[Write], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmtui.providers.gemini.REST_CLOCK_S", 0.05)
    serve(server, *ENCODER.encode(TEXT), *end)
    outcome = await outcome_of(built(server))
    assert outcome.error is None
    assert isinstance(outcome.events[-1], Finish)


async def test_text_behind_a_reason_to_finish_is_not_lost(server: WireServer) -> None:
    """Some servers give a reason with every event."""
    release = asyncio.Event()
    chunks = [
        {"candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": "STOP"}]}
        for text in ("one", "two")
    ]
    first, second = (b"data: %b\n\n" % dump(chunk) for chunk in chunks)
    serve(server, first, release, second)
    provider = built(server)
    texts = []
    async with aclosing(provider.stream_chat(HELLO)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                texts.append(event.text)
                release.set()
    await provider.aclose()
    assert texts == ["one", "two"]


# Failures


@pytest.mark.parametrize("form", ["event", "plain", "array"])
async def test_a_failure_in_the_stream_is_read_in_all_its_forms(server: WireServer, form: str) -> None:
    """The service writes it over several lines, without `data:`."""
    failure = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}
    body = {
        "event": b"data: %b\n\n" % dump(failure),
        "plain": json.dumps(failure, indent=2).encode(),
        "array": json.dumps([failure], indent=2).encode(),
    }[form]
    serve(server, *ENCODER.encode((START, TextDelta("half"))), body)
    outcome = await outcome_of(built(server))
    assert isinstance(outcome.error, Overloaded)
    assert (str(outcome.error), outcome.error.partial) == ("The model is overloaded.", True)
    assert outcome.text == "half"


async def test_an_array_of_failures_instead_of_a_stream_is_read(server: WireServer) -> None:
    serve(server, dump([{"error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}}]))
    assert isinstance((await outcome_of(built(server))).error, RateLimited)


async def test_the_whole_reply_as_one_array_is_read(server: WireServer) -> None:
    """What comes where a proxy drops `alt=sse`."""
    chunks = [
        {"candidates": [{"content": {"parts": [{"text": "one "}]}}]},
        {"candidates": [{"content": {"parts": [{"text": "two"}]}, "finishReason": "STOP"}]},
    ]
    serve(server, json.dumps(chunks, indent=2).encode())
    outcome = await outcome_of(built(server))
    assert (outcome.error, outcome.text) == (None, "one two")


async def test_junk_between_events_is_no_reply(server: WireServer) -> None:
    serve(server, *ENCODER.encode((START, TextDelta("half"))), b'["text", 7]\nwords\n')
    assert isinstance((await outcome_of(built(server))).error, IncompleteStream)


async def test_a_refused_prompt_names_its_reason(server: WireServer) -> None:
    serve(server, b"data: %b\n\n" % dump({"promptFeedback": {"blockReason": "SAFETY"}, "modelVersion": "m"}))
    error = (await outcome_of(built(server))).error
    assert isinstance(error, ContentFiltered)
    assert (error.context.provider, error.context.code) == ("g", "safety")
    assert "SAFETY" in str(error)
    assert "rephrase" in error.hint


def google(code: int, message: str, status: str, *details: dict[str, Any]) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "status": status, "details": list(details)}}


INVALID_KEY = {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    "reason": "API_KEY_INVALID",
    "domain": "googleapis.com",
}
RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37.5s"}


@pytest.mark.parametrize("in_array", [False, True], ids=["object", "array"])
@pytest.mark.parametrize(
    ("status", "payload", "kind", "code", "wait_s"),
    [
        (
            400,
            google(400, "Bitte einen gültigen Schlüssel angeben.", "INVALID_ARGUMENT", INVALID_KEY),
            AuthError,
            "api_key_invalid",
            None,
        ),
        (429, google(429, "quota", "RESOURCE_EXHAUSTED", RETRY), RateLimited, "resource_exhausted", 37.5),
        (429, google(429, "quota", "RESOURCE_EXHAUSTED", {"retryDelay": "soon"}), RateLimited, None, None),
        (
            400,
            google(
                400,
                "The input token count (9) exceeds the maximum number of tokens allowed (8).",
                "INVALID_ARGUMENT",
            ),
            ContextTooLong,
            None,
            None,
        ),
        (
            400,
            google(400, "User location is not supported for the API use.", "FAILED_PRECONDITION"),
            Unsupported,
            None,
            None,
        ),
        (
            404,
            google(404, "models/x is not found for API version v1beta", "NOT_FOUND"),
            ModelNotFound,
            None,
            None,
        ),
        (400, google(400, "Unknown name", "INVALID_ARGUMENT"), BadRequest, "invalid_argument", None),
    ],
)
def test_googles_errors_are_named(
    status: int,
    payload: Any,
    kind: type[ProviderError],
    code: str | None,
    wait_s: float | None,
    in_array: bool,
) -> None:
    body = dump([payload] if in_array else payload)
    error = error_from_response(status, {}, body, context=ErrorContext(), secrets=())
    assert type(error) is kind
    assert error.context.retry_after_s == wait_s
    assert code is None or error.context.code == code


def test_a_header_says_how_long_to_wait_before_a_body_does() -> None:
    body = dump(google(429, "quota", "RESOURCE_EXHAUSTED", RETRY))
    error = error_from_response(429, {"retry-after": "2"}, body, context=ErrorContext(), secrets=())
    assert error.context.retry_after_s == 2


# Models and checks


async def test_models_are_listed_over_all_pages_with_their_limits(server: WireServer) -> None:
    server.reply(MODELS, [dump({"models": [LISTED, EMBEDS], "nextPageToken": "a&b"})])
    server.reply(MODELS, [dump({"models": [BARE]})])
    provider = built(server)
    listed, bare = await provider.list_models()
    await provider.aclose()
    assert [request.target for request in server.requests] == [
        "/v1beta/models?pageSize=1000",
        "/v1beta/models?pageSize=1000&pageToken=a%26b",
    ]
    assert (listed.id, listed.name, bare.id) == (MODEL, "Gemini 3.8 Flash", "gateways-own")
    can = listed.capabilities
    assert (can.context_window, can.max_output) == (Limit(1_048_576, "live"), Limit(65_536, "live"))
    assert (can.reasoning, can.tools.value, can.image) == (Fact(True, "live"), None, Fact.yes())
    assert (bare.capabilities.reasoning.value, bare.capabilities.image.value) == (None, None)
    assert provider.capabilities(f"models/{MODEL}").max_output.tokens == 65_536


async def test_a_list_that_never_ends_is_left(server: WireServer) -> None:
    server.reply(MODELS, [dump({"models": [LISTED], "nextPageToken": "again"})])
    provider = built(server)
    assert [model.id for model in await provider.list_models()] == [MODEL]
    await provider.aclose()
    assert len(server.requests) == 20


async def test_what_the_list_says_of_thinking_is_obeyed(server: WireServer) -> None:
    server.reply(MODELS, [dump({"models": [LISTED | {"thinking": False}]})])
    serve(server, *ENCODER.encode(TEXT))
    provider = built(server)
    await provider.list_models()
    await outcome_of(provider)
    assert "generationConfig" not in server.requests[-1].json()


async def test_a_check_goes_stage_by_stage_and_can_keep_the_key_back(server: WireServer) -> None:
    server.reply(MODELS, [dump({"models": [LISTED]})])
    provider = built(server)
    open_report, shy_report = await provider.check(), await provider.check(with_key=False)
    await provider.aclose()
    assert open_report.ok
    assert [stage.name for stage in open_report.stages] == ["name", "tcp", "http", "auth", "models"]
    assert [model.id for model in open_report.models] == [MODEL]
    assert shy_report.key_kept_back
    assert [request.headers.get("x-goog-api-key") for request in server.requests] == ["key-1", None]


async def test_a_check_names_a_refused_key(server: WireServer) -> None:
    server.reply(MODELS, [dump(google(400, "Nope.", "INVALID_ARGUMENT", INVALID_KEY))], status=400)
    provider = built(server)
    report = await provider.check()
    await provider.aclose()
    failure = report.failure
    assert failure is not None
    assert (failure.name, failure.state) == ("auth", CheckState.FAILED)
    assert isinstance(report.error, AuthError)
