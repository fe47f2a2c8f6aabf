"""The chat_completions adapter against a scripted loopback server."""

import asyncio
import gzip
import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from llmtui.config.schema import ProviderSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import user
from llmtui.core.errors import (
    AuthError,
    BadRequest,
    ConnectError,
    IncompleteStream,
    ModelNotFound,
    Overloaded,
    ProtocolError,
    ProviderError,
    RateLimited,
)
from llmtui.core.events import Finish, FinishReason, StreamEvent, TextDelta
from llmtui.core.guard import guard
from llmtui.providers.openai_compat import Endpoint, OpenAICompatProvider
from llmtui.testing.wire_server import CUT, STALL, WireServer

CANARY = "sk-canary-0123456789"
CHAT = "/v1/chat/completions"
MODELS = "/v1/models"
HELLO = ChatRequest((user("hi"),))


def sse(*payloads: dict[str, Any] | str) -> list[bytes]:
    return [
        b"data: " + (p if isinstance(p, str) else json.dumps(p, ensure_ascii=False)).encode() + b"\n\n"
        for p in payloads
    ]


def piece(text: str, finish_reason: str | None = None) -> dict[str, Any]:
    return {
        "id": "r",
        "model": "real",
        "choices": [{"delta": {"content": text}, "finish_reason": finish_reason}],
    }


REPLY = sse(piece("Hi "), piece("\u2028\U0001f642"), piece("", "stop"), "[DONE]")


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    async with WireServer() as server:
        yield server


@pytest.fixture
async def provider(server: WireServer) -> AsyncIterator[OpenAICompatProvider]:
    provider = built(server)
    yield provider
    await provider.aclose()


def built(server: WireServer, **settings: Any) -> OpenAICompatProvider:
    known: dict[str, Any] = {"base_url": f"{server.url}/v1/", "model": "m", "api_key": CANARY}
    return OpenAICompatProvider(ProviderSettings(id="p", kind="openai_compat", **known | settings))


async def collect(provider: OpenAICompatProvider, request: ChatRequest = HELLO) -> list[StreamEvent]:
    async with aclosing(guard(provider.stream_chat(request), provider.id, provider.clocks)) as events:
        return [event async for event in events]


def text_of(events: list[StreamEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def test_a_reply_and_what_was_sent(server: WireServer) -> None:
    server.reply(CHAT, REPLY, content_type="text/event-stream")
    options = {"extra_body": {"top_k": 3, "seed": 1}}
    provider = built(
        server, headers={"X-Team": "t"}, options=options, temperature=0.5, reasoning_effort="low"
    )
    request = ChatRequest((user("hi"),), system="s", max_tokens=9, options={"seed": 2})
    response = await provider.chat(request)
    await provider.aclose()
    assert response.message.text == "Hi \u2028\U0001f642"
    assert response.model == "real"
    sent = server.requests[0]
    assert sent.headers["authorization"] == f"Bearer {CANARY}"
    assert sent.headers["x-team"] == "t"
    assert sent.headers["user-agent"].startswith("llmtui/")
    assert sent.json() == {
        "model": "m",
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.5,
        "max_tokens": 9,
        "reasoning_effort": "low",
        "top_k": 3,
        "seed": 2,
    }


async def test_chat_is_the_folded_stream(server: WireServer, provider: OpenAICompatProvider) -> None:
    server.reply(CHAT, REPLY, content_type="text/event-stream")
    response = await provider.chat(HELLO)
    assert response.message.text == text_of([event async for event in provider.stream_chat(HELLO)])


async def test_connections_are_used_again(server: WireServer, provider: OpenAICompatProvider) -> None:
    server.reply(CHAT, REPLY, content_type="text/event-stream")
    for _ in range(3):
        await collect(provider)
    assert len(server.connections) == 1


async def test_no_environment_variable_reaches_the_wire(
    server: WireServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_CUSTOM_HEADERS"):
        monkeypatch.setenv(name, "x-poison: poison")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login poison password poison\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.reply(CHAT, REPLY, content_type="text/event-stream")
    provider = built(server, api_key=None)
    await collect(provider)
    await provider.aclose()
    assert b"poison" not in server.requests[0].raw()
    assert "authorization" not in server.requests[0].headers


@pytest.mark.parametrize("framing", ["chunked", "close"])
@pytest.mark.parametrize("end", [b"\n\n", b"\r\r", b"\r\n\r\n"])
async def test_single_bytes(
    server: WireServer, provider: OpenAICompatProvider, end: bytes, framing: Any
) -> None:
    data = b"".join(REPLY).replace(b"\n\n", end)
    writes = [data[i : i + 1] for i in range(len(data))]
    server.reply(CHAT, writes, content_type="text/event-stream", framing=framing)
    events = await collect(provider)
    assert text_of(events) == "Hi \n\U0001f642"
    assert isinstance(events[-1], Finish)


async def test_compressed(server: WireServer, provider: OpenAICompatProvider) -> None:
    packed = gzip.compress(b"".join(REPLY))
    headers = {"content-encoding": "gzip"}
    server.reply(CHAT, [packed[:9], packed[9:]], content_type="text/event-stream", headers=headers)
    assert text_of(await collect(provider)) == "Hi \n\U0001f642"


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/octet-stream"])
async def test_content_types_lie(
    server: WireServer, provider: OpenAICompatProvider, content_type: str
) -> None:
    server.reply(CHAT, REPLY, content_type=content_type)
    assert text_of(await collect(provider)) == "Hi \n\U0001f642"


async def test_a_server_that_ignores_stream(server: WireServer, provider: OpenAICompatProvider) -> None:
    whole = {"model": "real", "choices": [{"message": {"content": "all"}, "finish_reason": "stop"}]}
    data = json.dumps(whole).encode()
    server.reply(CHAT, [data[:20], data[20:]])
    events = await collect(provider)
    assert text_of(events) == "all"
    assert events[-1] == Finish(FinishReason.STOP, "stop")


@pytest.mark.parametrize(
    "writes",
    [
        [*sse(piece("Hi"), piece("", "stop"))],
        [*sse(piece("Hi")), b"data: [DONE]"],
        [*sse(piece("Hi")), b": ping\n\n", *sse("[DONE]")],
        [*sse(piece("Hi"), piece("", "stop")), CUT],
    ],
)
async def test_a_terminal_signal_completes(
    server: WireServer, provider: OpenAICompatProvider, writes: list[Any]
) -> None:
    server.reply(CHAT, writes, content_type="text/event-stream")
    events = await collect(provider)
    assert text_of(events) == "Hi"
    assert isinstance(events[-1], Finish)


async def test_a_server_that_stays_open_after_done(
    server: WireServer, provider: OpenAICompatProvider
) -> None:
    server.reply(CHAT, [*REPLY, STALL], content_type="text/event-stream")
    assert isinstance((await collect(provider))[-1], Finish)


@pytest.mark.parametrize(
    ("writes", "framing"),
    [
        (sse(piece("Hi")), "chunked"),
        (sse(piece("Hi")), "close"),
        ([*sse(piece("Hi")), CUT], "chunked"),
        (
            [*sse(piece("Hi")), b'data: {"choices": [{"delta": {"content": "x"}, "finish_reason": "st'],
            "close",
        ),
    ],
)
async def test_an_end_without_the_signal_is_incomplete(
    server: WireServer, provider: OpenAICompatProvider, writes: list[Any], framing: Any
) -> None:
    server.reply(CHAT, writes, content_type="text/event-stream", framing=framing)
    with pytest.raises(IncompleteStream) as caught:
        await collect(provider)
    assert caught.value.partial


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (sse({"error": {"message": "busy", "type": "overloaded_error"}}), Overloaded),
        ([b'event: error\ndata: {"message": "slow", "code": 429}\n\n'], RateLimited),
        ([b"event: error\ndata: plain words\n\n"], ProviderError),
        (sse({"id": "x", "error": {"code": 429, "message": "slow"}, "choices": []}), RateLimited),
        (sse("{not json"), ProtocolError),
        (sse("[1]"), ProtocolError),
    ],
)
async def test_errors_inside_a_stream(
    server: WireServer, provider: OpenAICompatProvider, failure: list[bytes], expected: type[ProviderError]
) -> None:
    server.reply(CHAT, [*sse(piece("Hi")), *failure, *sse("[DONE]")], content_type="text/event-stream")
    with pytest.raises(expected) as caught:
        await collect(provider)
    assert caught.value.partial
    assert caught.value.context.provider == "p"


async def test_an_error_object_under_200(server: WireServer, provider: OpenAICompatProvider) -> None:
    server.reply(CHAT, [b'{"error": {"message": "no", "code": 429}}'])
    with pytest.raises(RateLimited, match="no"):
        await collect(provider)


@pytest.mark.parametrize("content_type", ["text/html", "text/event-stream"])
async def test_a_login_page(server: WireServer, provider: OpenAICompatProvider, content_type: str) -> None:
    page = b"<!doctype html><html><title>Sign in</title></html>"
    server.reply(CHAT, [page[:1], page[1:]], content_type=content_type)
    with pytest.raises(ProtocolError, match="'Sign in': it looks like a proxy or login page"):
        await collect(provider)


async def test_a_refusal_that_stalls_is_still_named(
    server: WireServer, provider: OpenAICompatProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmtui.providers.http.ERROR_BODY_CLOCK_S", 0.05)
    server.reply(CHAT, [b'{"err', STALL], status=401)
    with pytest.raises(AuthError):
        await collect(provider)


async def test_a_redirect_is_not_followed(server: WireServer, provider: OpenAICompatProvider) -> None:
    server.reply(CHAT, status=307, headers={"location": f"{server.url}/elsewhere"})
    with pytest.raises(ProtocolError, match="redirects to"):
        await collect(provider)
    assert len(server.requests) == 1


async def test_nobody_listens(server: WireServer) -> None:
    provider = built(server, base_url="http://user:secret@127.0.0.1:9/v1")
    with pytest.raises(ConnectError, match=r"connection refused at http://127\.0\.0\.1:9/v1") as caught:
        await collect(provider)
    await provider.aclose()
    assert "secret" not in f"{caught.value!r}{caught.value}"


@pytest.mark.parametrize("key", ["sk-canary\nx: y", "sk-canarÿ"])
async def test_a_key_that_is_no_header_is_not_shown(server: WireServer, key: str) -> None:
    provider = built(server, api_key=key)
    with pytest.raises(BadRequest) as caught:
        await collect(provider)
    await provider.aclose()
    assert "canary" not in f"{caught.value!r}{caught.value}{caught.value.__cause__!r}"


async def test_no_key_in_errors_logs_or_reprs(server: WireServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    body = json.dumps({"error": {"message": f"bad key {CANARY}", "code": CANARY}}).encode()
    server.reply(CHAT, [body], status=401)
    provider = built(server, headers={"x-other": "other-canary"})
    with pytest.raises(AuthError) as caught:
        await collect(provider)
    endpoint = await provider.endpoint()
    await provider.aclose()
    shown = f"{caught.value!r}{caught.value}{caught.value.context}{provider!r}{endpoint!r}{caplog.text}"
    assert "canary" not in shown


async def left_after(server: WireServer, began: float) -> float:
    async with asyncio.timeout(5):
        return await (await server.exchange(0)).client_left - began


async def test_closing_the_generator_closes_the_socket(
    server: WireServer, provider: OpenAICompatProvider
) -> None:
    server.reply(CHAT, [*sse(piece("Hi")), STALL], content_type="text/event-stream")
    events = provider.stream_chat(HELLO)
    await anext(events)
    began = time.monotonic()
    await events.aclose()
    assert await left_after(server, began) < 0.1


@pytest.mark.parametrize("writes", [[*sse(piece("Hi")), STALL], [STALL]])
async def test_cancelling_the_task_closes_the_socket(
    server: WireServer, provider: OpenAICompatProvider, writes: list[Any]
) -> None:
    server.reply(CHAT, writes, content_type="text/event-stream")
    task = asyncio.create_task(collect(provider))
    await server.exchange(0)
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await left_after(server, began) < 0.1


async def test_cancelling_before_the_headers(server: WireServer, provider: OpenAICompatProvider) -> None:
    server.reply(CHAT, before_head=asyncio.Event())
    task = asyncio.create_task(collect(provider))
    await server.exchange(0)
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await left_after(server, began) < 0.1


async def test_the_first_model_is_taken_and_remembered(server: WireServer) -> None:
    server.reply(MODELS, [b'{"data": [{"id": "only"}, {"id": "other"}]}'])
    server.reply(CHAT, REPLY, content_type="text/event-stream")
    provider = built(server, model=None)
    await collect(provider)
    await collect(provider)
    await provider.aclose()
    assert [request.path for request in server.requests] == [MODELS, CHAT, CHAT]
    assert server.requests[1].json()["model"] == "only"


async def test_a_server_without_a_model_says_so(server: WireServer) -> None:
    server.reply(MODELS, [b'{"data": []}'])
    provider = built(server, model=None)
    with pytest.raises(ModelNotFound) as caught:
        await collect(provider)
    await provider.aclose()
    assert "load a model" in caught.value.hint


@pytest.mark.parametrize(
    ("entry", "window"),
    [
        ({"id": "m", "max_model_len": 4096}, 4096),
        ({"id": "m", "context_window": 131072}, 131072),
        ({"id": "m", "context_length": 8192}, 8192),
        ({"id": "m", "meta": {"n_ctx": 2048, "n_ctx_train": 8192}}, 2048),
        ({"id": "m", "meta": None}, None),
        ({"id": "m", "context_window": "big"}, None),
    ],
)
@pytest.mark.parametrize("key", ["data", "models"])
async def test_context_windows_in_the_list(
    server: WireServer, provider: OpenAICompatProvider, entry: dict[str, Any], window: int | None, key: str
) -> None:
    server.reply(MODELS, [json.dumps({key: [entry, 7, {"id": ""}]}).encode()])
    models = await provider.list_models()
    assert [model.id for model in models] == ["m"]
    assert models[0].capabilities.context_window.tokens == window
    assert provider.capabilities("m").context_window.tokens == window
    assert provider.capabilities("m").streaming.value is True


async def test_a_list_that_is_a_page(server: WireServer, provider: OpenAICompatProvider) -> None:
    server.reply(MODELS, [b"<html>"])
    with pytest.raises(ProtocolError, match="login page"):
        await provider.list_models()


async def test_a_list_that_never_comes(
    server: WireServer, provider: OpenAICompatProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmtui.providers.checks.CHECK_CLOCK_S", 0.1)
    server.reply(MODELS, [STALL])
    report = await provider.check()
    assert report.failure is not None
    assert report.failure.name == "http"
    assert "no answer within" in report.failure.detail


async def test_a_subclass_names_its_endpoint_late(server: WireServer) -> None:
    class Late(OpenAICompatProvider):
        async def endpoint(self) -> Endpoint:
            return Endpoint(f"{server.url}/late", "late-canary")

    server.reply("/late/chat/completions", [b'{"error": "late-canary"}'], status=401)
    provider = Late(ProviderSettings(id="p", kind="x", model="m"))
    with pytest.raises(AuthError) as caught:
        await collect(provider)
    await provider.aclose()
    assert server.requests[0].headers["authorization"] == "Bearer late-canary"
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({}, "OPENAI_API_KEY"),
        ({"base_url": "https://example.org/v1", "api_key_env": "MY_KEY"}, "MY_KEY"),
        ({"base_url": "http://localhost:8080/v1"}, None),
        ({"api_key": "k"}, None),
    ],
)
def test_which_key_is_missing(settings: dict[str, Any], missing: str | None) -> None:
    full = ProviderSettings(id="p", kind="openai_compat", **settings)
    assert OpenAICompatProvider.missing_key_of(full) == missing


def test_the_field_that_limits_a_reply_follows_the_host() -> None:
    request = ChatRequest((user("hi"),), model="m", max_tokens=1)
    for base_url, field in ((None, "max_completion_tokens"), ("http://localhost/v1", "max_tokens")):
        provider = OpenAICompatProvider(ProviderSettings(id="p", kind="openai_compat", base_url=base_url))
        endpoint = asyncio.run(provider.endpoint())
        assert field in provider.body(request, endpoint)[0]


def test_wrong_options_are_named() -> None:
    issues = OpenAICompatProvider.validate_config({"id": "p", "kind": "openai_compat", "options": {"x": 1}})
    assert [issue.key for issue in issues] == ["options.x"]
