"""The Ollama adapter against a scripted loopback server."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import pytest

from llmtui.config.schema import ProviderSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import FilePart, ImagePart, Message, Role, TextPart, ToolDefinition, user
from llmtui.core.errors import (
    AuthError,
    ConnectError,
    ContextTooLong,
    IncompleteStream,
    ModelNotFound,
    ProtocolError,
    ServerError,
)
from llmtui.core.events import Finish, Status, StreamEvent, TextDelta, Warning
from llmtui.core.guard import guard
from llmtui.providers.ollama.provider import OllamaProvider
from llmtui.testing.images import png
from llmtui.testing.wire_server import CUT, STALL, WireServer, Write

CANARY = "ollama-canary-0123456789"
CHAT, SHOW, PS, TAGS, VERSION = "/api/chat", "/api/show", "/api/ps", "/api/tags", "/api/version"
TOOLS = (ToolDefinition("f", "d", {"type": "object"}),)


def lines(*objects: dict[str, Any]) -> list[bytes]:
    return [json.dumps(value, ensure_ascii=False).encode() + b"\n" for value in objects]


def said(text: str) -> dict[str, Any]:
    return {"model": "m", "message": {"role": "assistant", "content": text}, "done": False}


def done(prompt_eval_count: int = 9) -> dict[str, Any]:
    counts = {"prompt_eval_count": prompt_eval_count, "eval_count": 2, "eval_duration": 10**9}
    return {"model": "m", "message": {"content": ""}, "done": True, "done_reason": "stop", **counts}


REPLY = lines(said("Hi "), said("\u2028\U0001f642"), done())


def one(value: object) -> list[bytes]:
    return [json.dumps(value).encode()]


def shown(context: int = 32768, *abilities: str) -> list[bytes]:
    info = {"general.architecture": "x", "x.context_length": context}
    return one({"model_info": info, "capabilities": ["completion", *abilities]})


class FakeOllama(WireServer):
    def answer(self, path: str, writes: Sequence[Write], status: int = 200) -> None:
        """Let a path answer this, whatever it was told before."""
        self._replies.pop(path, None)
        self.reply(path, writes, status=status)


@pytest.fixture
async def server() -> AsyncIterator[FakeOllama]:
    """A server with the model `m`, not loaded, of a version that obeys `truncate`."""
    async with FakeOllama() as server:
        server.reply(SHOW, shown())
        server.reply(PS, one({"models": []}))
        server.reply(VERSION, one({"version": "0.12.4"}))
        server.reply(TAGS, one({"models": [{"name": "m"}, {"name": "n"}]}))
        yield server


def built(server: FakeOllama, **settings: Any) -> OllamaProvider:
    known: dict[str, Any] = {"base_url": server.url, "model": "m"}
    return OllamaProvider(ProviderSettings(id="o", kind="ollama", **known | settings))


async def collect(provider: OllamaProvider, request: ChatRequest | None = None) -> list[StreamEvent]:
    """All events of a reply; closes the provider."""
    request = request or ChatRequest((user("hi"),))
    try:
        async with aclosing(guard(provider.stream_chat(request), provider.id, provider.clocks)) as events:
            return [event async for event in events]
    finally:
        await provider.aclose()


def sent(server: FakeOllama) -> dict[str, Any]:
    body: dict[str, Any] = next(r for r in server.requests if r.path == CHAT).json()
    return body


def warnings(events: list[StreamEvent]) -> list[str]:
    return [event.kind for event in events if isinstance(event, Warning)]


async def test_a_reply_and_what_was_sent(server: FakeOllama) -> None:
    server.reply(CHAT, REPLY)
    provider = built(server, options={"parameters": {"top_k": 3, "seed": 1}}, temperature=0.5)
    events = await collect(provider, ChatRequest((user("hi"),), system="s", options={"seed": 2}))
    assert events[0] == Status("loading", "m")
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "Hi \n\U0001f642"
    assert sent(server) == {
        "model": "m",
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "hi"}],
        "stream": True,
        "truncate": False,
        "options": {"num_ctx": 8192, "temperature": 0.5, "top_k": 3, "seed": 2},
        "keep_alive": "5m",
    }


async def test_chat_is_the_folded_stream(server: FakeOllama) -> None:
    server.reply(CHAT, REPLY)
    provider = built(server)
    response = await provider.chat(ChatRequest((user("hi"),)))
    await provider.aclose()
    assert response.message.text == "Hi \u2028\U0001f642"
    assert response.usage is not None
    assert response.usage.generation_s == 1.0


async def test_single_bytes(server: FakeOllama) -> None:
    data = b"\n".join(REPLY)
    server.reply(CHAT, [data[i : i + 1] for i in range(len(data))], content_type="application/x-ndjson")
    assert isinstance((await collect(built(server)))[-1], Finish)


async def test_a_loaded_model_keeps_its_context_and_is_not_announced(server: FakeOllama) -> None:
    server.answer(PS, one({"models": [{"name": "m:latest", "context_length": 4096}]}))
    server.reply(CHAT, REPLY)
    events = await collect(built(server))
    assert not [event for event in events if isinstance(event, Status)]
    assert sent(server)["options"]["num_ctx"] == 4096


async def test_the_context_is_chosen_once(server: FakeOllama) -> None:
    server.reply(PS, one({"models": [{"name": "m:latest", "context_length": 2048}]}))
    server.reply(CHAT, REPLY)
    provider = built(server)
    for text in ("hi", "a much longer question " * 2000):
        async for _ in provider.stream_chat(ChatRequest((user(text),))):
            pass
    await provider.aclose()
    bodies = [request.json() for request in server.requests if request.path == CHAT]
    assert [body["options"]["num_ctx"] for body in bodies] == [8192, 8192]
    assert [request.path for request in server.requests].count(SHOW) == 1


async def test_the_configured_context_wins(server: FakeOllama) -> None:
    server.reply(CHAT, REPLY)
    await collect(built(server, options={"num_ctx": 16384, "keep_alive": -1}))
    assert sent(server)["options"]["num_ctx"] == 16384
    assert sent(server)["keep_alive"] == -1


@pytest.mark.parametrize("sees", [True, False])
async def test_images_go_to_models_that_see(server: FakeOllama, sees: bool) -> None:
    server.answer(SHOW, shown(32768, *(["vision"] if sees else [])))
    server.reply(CHAT, REPLY)
    seen = Message(Role.USER, (ImagePart(png(), "image/png", "dot.png"), TextPart("See.")))
    events = await collect(built(server), ChatRequest((seen,)))
    (message,) = sent(server)["messages"]
    assert ("images" in message) is sees
    assert warnings(events) == ([] if sees else ["dropped_attachment"])


@pytest.mark.parametrize(("abilities", "think"), [(("thinking",), False), ((), None)])
async def test_an_effort_goes_over_the_option(
    server: FakeOllama, abilities: tuple[str, ...], think: object
) -> None:
    server.answer(SHOW, shown(32768, *abilities))
    server.reply(CHAT, REPLY)
    events = await collect(built(server, options={"think": "high"}, reasoning_effort="off"))
    assert sent(server).get("think") is think
    assert warnings(events) == []


@pytest.mark.parametrize(("abilities", "expected"), [(("thinking",), "low"), ((), None)])
async def test_think_is_sent_only_to_models_that_can(
    server: FakeOllama, abilities: tuple[str, ...], expected: str | None
) -> None:
    server.answer(SHOW, shown(4096, *abilities))
    server.reply(CHAT, REPLY)
    await collect(built(server, options={"think": "low"}))
    assert sent(server).get("think") == expected


@pytest.mark.parametrize(("abilities", "kept"), [(("tools",), True), ((), False)])
async def test_tools_are_sent_only_to_models_that_can(
    server: FakeOllama, abilities: tuple[str, ...], kept: bool
) -> None:
    server.answer(SHOW, shown(4096, *abilities))
    server.reply(CHAT, REPLY)
    events = await collect(built(server), ChatRequest((user("hi"),), tools=TOOLS))
    assert ("tools" in sent(server)) is kept
    assert warnings(events) == ([] if kept else ["dropped"])


async def test_a_server_too_old_to_say_gets_the_tools(server: FakeOllama) -> None:
    server.answer(SHOW, one({"model_info": {}}))
    server.reply(CHAT, REPLY)
    events = await collect(built(server), ChatRequest((user("hi"),), tools=TOOLS))
    assert "tools" in sent(server)
    assert warnings(events) == []


async def test_a_document_is_dropped_aloud(server: FakeOllama) -> None:
    server.reply(CHAT, REPLY)
    message = Message(Role.USER, (TextPart("see"), FilePart(b"%PDF", "application/pdf", "a.pdf")))
    events = await collect(built(server), ChatRequest((message,)))
    assert warnings(events) == ["dropped"]


@pytest.mark.parametrize("path", [SHOW, PS, VERSION])
async def test_a_side_question_that_fails_stops_nothing(server: FakeOllama, path: str) -> None:
    server.answer(path, one({"error": "no"}), status=500)
    server.reply(CHAT, REPLY)
    assert isinstance((await collect(built(server)))[-1], Finish)


@pytest.mark.parametrize(
    ("version", "counted", "expected"),
    [
        ("0.11.0", 4096, ["truncated"]),
        ("", 4096, ["truncated"]),
        ("0.12.4", 4096, []),
        ("0.13.0-rc1", 4096, []),
        ("0.11.0", 9900, ["truncated"]),
        ("0.11.0", 8000, []),
    ],
)
async def test_an_old_server_that_truncates_is_found_out(
    server: FakeOllama, version: str, counted: int, expected: list[str]
) -> None:
    server.answer(VERSION, one({"version": version}))
    server.reply(CHAT, lines(said("Hi"), done(counted)))
    events = await collect(built(server), ChatRequest((user("abc " * 10_000),)))
    assert warnings(events) == expected


async def test_a_short_prompt_is_never_suspected(server: FakeOllama) -> None:
    server.answer(VERSION, one({"version": "0.5.0"}))
    server.reply(CHAT, lines(said("Hi"), done(1)))
    assert warnings(await collect(built(server), ChatRequest((user("abc " * 100),)))) == []


async def test_an_overflow_says_how_to_go_on(server: FakeOllama) -> None:
    server.reply(CHAT, one({"error": "the request exceeds the available context size"}), status=400)
    with pytest.raises(ContextTooLong) as caught:
        await collect(built(server))
    assert "options.num_ctx of this provider (now 8192)" in caught.value.hint


@pytest.mark.parametrize(
    ("writes", "error"),
    [
        (lines(said("Hi")), IncompleteStream),
        ([*lines(said("Hi")), CUT], IncompleteStream),
        ([*lines(said("Hi")), b'{"message": {"content": "x"}, "done": tr'], IncompleteStream),
        ([*lines(said("Hi"), {"error": "llama runner process has terminated"})], ServerError),
        ([*lines(said("Hi")), b"not json\n"], ProtocolError),
    ],
)
async def test_a_reply_that_breaks_off(server: FakeOllama, writes: list[Any], error: type[Exception]) -> None:
    server.reply(CHAT, writes)
    with pytest.raises(error) as caught:
        await collect(built(server))
    assert getattr(caught.value, "partial", False)


async def test_a_login_page(server: FakeOllama) -> None:
    server.reply(CHAT, [b"<html><title>Wi-Fi</title>"])
    with pytest.raises(ProtocolError, match="'Wi-Fi'"):
        await collect(built(server))


@pytest.mark.parametrize("path", [SHOW, CHAT])
async def test_an_unknown_model_is_not_said_to_load(server: FakeOllama, path: str) -> None:
    server.answer(path, one({"error": "model 'm' not found"}), status=404)
    with pytest.raises(ModelNotFound, match="model 'm' not found") as caught:
        await collect(built(server))
    assert "llmtui models pull m -p o" in caught.value.hint
    if path == SHOW:
        assert [request.path for request in server.requests] == [SHOW]


async def test_a_first_model_that_was_deleted_is_not_asked_for_again(server: FakeOllama) -> None:
    server.reply(CHAT, REPLY)
    async with aclosing(built(server, model=None)) as provider:
        await provider.chat(ChatRequest((user("hi"),)))
        server.answer(CHAT, one({"error": "model 'm' not found"}), status=404)
        server.answer(TAGS, one({"models": [{"name": "n"}]}))
        with pytest.raises(ModelNotFound):
            await provider.chat(ChatRequest((user("hi"),)))
        server.answer(CHAT, REPLY)
        await provider.chat(ChatRequest((user("hi"),)))
        server.answer(TAGS, one({"models": [{"name": "o"}]}))
        await provider.list_models()
        await provider.chat(ChatRequest((user("hi"),)))
    asked = [request.json()["model"] for request in server.requests if request.path == CHAT]
    assert asked == ["m", "m", "n", "o"]


async def test_what_was_known_of_a_model_ends_when_it_is_made_anew(server: FakeOllama) -> None:
    server.reply(CHAT, REPLY)
    server.answer(TAGS, one({"models": [{"name": "m:latest", "digest": "one"}]}))
    async with aclosing(built(server)) as provider:
        await provider.list_models()
        await provider.chat(ChatRequest((user("hi"),)))
        assert provider.capabilities("m").tools.value is False
        server.answer(TAGS, one({"models": [{"name": "m:latest", "digest": "two"}]}))
        server.answer(SHOW, shown(32768, "tools"))
        await provider.list_models()
        await provider.chat(ChatRequest((user("hi"),)))
        assert provider.capabilities("m").tools.value is True


@pytest.mark.parametrize("version", ["0.\u00b2", "9" * 5000, "\x1b[2J0.1.0"])
async def test_any_version_can_be_compared(server: FakeOllama, version: object) -> None:
    server.answer(VERSION, one({"version": version}))
    async with aclosing(built(server)) as provider:
        report = await provider.examine(lambda _: None)
    assert report.ok
    assert "\x1b" not in report.version
    assert len(report.version) <= 64


async def test_the_first_model_is_taken(server: FakeOllama) -> None:
    server.reply(CHAT, REPLY)
    await collect(built(server, model=None))
    assert sent(server)["model"] == "m"


async def test_a_server_without_models_says_so(server: FakeOllama) -> None:
    server.answer(TAGS, one({"models": []}))
    with pytest.raises(ModelNotFound) as caught:
        await collect(built(server, model=None))
    assert "llmtui models pull" in caught.value.hint


async def test_a_model_that_runs_elsewhere(server: FakeOllama) -> None:
    server.reply(CHAT, lines(said("Hi") | {"remote_host": "https://ollama.com"}, done()))
    provider = built(server, model="gpt-oss:120b-cloud")
    assert provider.type == "hybrid"
    events = await collect(provider)
    assert warnings(events) == ["leaves_machine"]
    assert "num_ctx" not in sent(server)["options"]
    assert not [event for event in events if isinstance(event, Status)]


async def test_no_key_of_the_environment_is_sent(server: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "poison")
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    server.reply(CHAT, REPLY)
    await collect(built(server))
    for request in server.requests:
        assert b"poison" not in request.raw()
        assert "authorization" not in request.headers


async def test_a_configured_key_is_sent_and_never_shown(
    server: FakeOllama, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.reply(CHAT, one({"error": f"unauthorized {CANARY} pass-canary"}), status=401)
    url = server.url.replace("http://", "http://user:pass-canary@")
    provider = built(server, api_key=CANARY, base_url=url)
    with pytest.raises(AuthError) as caught:
        await collect(provider)
    assert server.requests[-1].headers["authorization"] == f"Bearer {CANARY}"
    shown = f"{caught.value!r}{caught.value}{caught.value.context}{provider!r}{caplog.text}"
    assert "canary" not in shown
    assert "canary" not in provider.base_url_of(provider.settings)


async def test_user_and_password_of_the_address(server: FakeOllama) -> None:
    server.reply(CHAT, REPLY)
    await collect(built(server, base_url=server.url.replace("http://", "http://u:p@")))
    assert {request.headers["authorization"] for request in server.requests} == {"Basic dTpw"}


async def test_nobody_listens(server: FakeOllama) -> None:
    with pytest.raises(ConnectError, match=r"connection refused at http://127\.0\.0\.1:9/"):
        await collect(built(server, base_url="127.0.0.1:9"))


@pytest.mark.parametrize("path", [CHAT, SHOW, PS])
async def test_a_cancel_closes_the_socket_wherever_it_waits(server: FakeOllama, path: str) -> None:
    server.reply(CHAT, [*lines(said("Hi")), STALL])
    if path != CHAT:
        server.answer(path, [STALL])
    provider = built(server)
    task = asyncio.create_task(collect(provider))
    async with asyncio.timeout(5):
        exchange = await server.exchange({SHOW: 0, PS: 1, CHAT: 2}[path])
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5):
        assert await exchange.client_left - began < 0.1


async def test_closing_the_generator_closes_the_socket(server: FakeOllama) -> None:
    server.reply(CHAT, [*lines(said("Hi")), STALL])
    provider = built(server)
    events = provider.stream_chat(ChatRequest((user("hi"),)))
    while not isinstance(await anext(events), TextDelta):
        pass
    began = time.monotonic()
    await events.aclose()
    async with asyncio.timeout(5):
        assert await server.exchanges[-1].client_left - began < 0.1
    await provider.aclose()


async def test_the_check_reports_version_and_models(server: FakeOllama) -> None:
    provider = built(server)
    report = await provider.check()
    await provider.aclose()
    assert report.ok
    assert report.version == "0.12.4"
    assert [model.id for model in report.models] == ["m", "n"]
    assert CHAT not in [request.path for request in server.requests]


async def test_the_check_of_a_server_that_is_not_there(server: FakeOllama) -> None:
    provider = built(server, base_url="127.0.0.1:9")
    report = await provider.check()
    await provider.aclose()
    assert report.failure is not None
    assert report.failure.name == "tcp"
    assert report.version == ""


async def test_capabilities_are_those_that_were_told(server: FakeOllama) -> None:
    server.answer(SHOW, shown(32768, "tools", "thinking"))
    server.reply(CHAT, REPLY)
    provider = built(server)
    assert provider.capabilities("m").tools.value is None
    await collect(provider)
    capabilities = provider.capabilities("m")
    assert capabilities.tools.value is True
    assert capabilities.image.value is False
    assert capabilities.context_window.tokens == 32768
    assert capabilities.key_required.value is False


async def test_a_server_on_ones_own_machine_tells_which_models_stay_there(server: FakeOllama) -> None:
    remote = {"name": "passed-on", "remote_host": "https://ollama.com"}
    server.answer(TAGS, one({"models": [{"name": "m"}, remote, {"name": "big-cloud"}]}))
    provider = built(server)
    found = {model.id: model.leaves_machine for model in await provider.list_models()}
    await provider.aclose()
    assert found == {"m": False, "passed-on": True, "big-cloud": True}
