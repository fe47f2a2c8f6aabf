"""The full test of an Ollama provider: what is said of each server that may stand at an address."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trustme

from llmtui.config.schema import ProviderSettings
from llmtui.core.models import CheckStage, CheckState, ConnectionReport, Remedy
from llmtui.providers.ollama.provider import OllamaProvider
from llmtui.testing.exchange import Request, Responder
from llmtui.testing.wire_server import Handler, WireServer

Answer = tuple[int, bytes, Mapping[str, str]]
LOGIN = (
    b"<!DOCTYPE html><html><head><title>Sign in &ndash; Hotel</title></head>"
    b'<form><input type="password"></form></html>'
)
PAGES: dict[str, Answer] = {
    "/": (200, b"Ollama is running", {"content_type": "text/plain"}),
    "/api/version": (200, b'{"version": "0.13.0"}', {}),
    "/api/tags": (200, b'{"models": [{"name": "m:latest"}]}', {}),
    "/api/ps": (200, b'{"models": []}', {}),
    "/api/show": (
        200,
        json.dumps(
            {"model_info": {"general.architecture": "l", "l.context_length": 131072}, "capabilities": []}
        ).encode(),
        {},
    ),
}
NOTHING: Answer = (404, b'{"detail": "Not Found"}', {})


def serving(pages: Mapping[str, Answer], other: Answer = NOTHING) -> Handler:
    async def handle(request: Request, responder: Responder) -> None:
        status, body, headers = pages.get(request.path, other)
        await responder.send(status, body, **dict(headers))

    return handle


def ollama(**changed: Answer) -> Handler:
    return serving({**PAGES, **{f"/api/{name}": answer for name, answer in changed.items()}})


def everywhere(status: int, body: bytes, **headers: str) -> Handler:
    return serving({}, (status, body, headers))


async def examined(url: str, told: list[CheckStage] | None = None, **settings: Any) -> ConnectionReport:
    provider = OllamaProvider(ProviderSettings(id="o", kind="ollama", base_url=url, **settings))
    listener = [] if told is None else told
    try:
        return await provider.examine(listener.append)
    finally:
        await provider.aclose()


def names(report: ConnectionReport, state: CheckState = CheckState.OK) -> list[str]:
    return [stage.name for stage in report.stages if stage.state is state]


def detail(report: ConnectionReport, name: str) -> str:
    return next(stage.detail for stage in report.stages if stage.name == name)


async def test_the_right_server_passes_every_stage_and_is_asked_for_no_token() -> None:
    told: list[CheckStage] = []
    async with WireServer(ollama()) as server:
        report = await examined(server.url, told)
        paths = [request.path for request in server.requests]
    assert report.ok
    assert names(report) == ["url", "name", "tcp", "http", "auth", "version", "models", "context"]
    assert (report.version, [model.id for model in report.models]) == ("0.13.0", ["m:latest"])
    assert detail(report, "http") == "Ollama answers"
    assert detail(report, "context") == (
        "m:latest gets 8,192 tokens: llmtui's choice; it was trained for 131,072 (/api/show): "
        "options.num_ctx sets another"
    )
    assert "/api/chat" not in paths
    assert "/api/generate" not in paths
    assert [stage for stage in told if stage.state is not CheckState.RUNNING] == list(report.stages)
    assert [stage.name for stage in told if stage.state is CheckState.RUNNING] == names(report)
    assert report.latency_s == sum(stage.duration_s for stage in report.stages if not stage.extra)
    assert {stage.name for stage in report.stages if stage.extra} == {"http", "version", "context"}


async def test_a_probe_asks_for_no_more_than_before() -> None:
    async with WireServer(ollama()) as server:
        provider = OllamaProvider(ProviderSettings(id="o", kind="ollama", base_url=server.url))
        report = await provider.check()
        await provider.aclose()
        assert [request.path for request in server.requests] == ["/api/tags", "/api/version"]
    assert names(report) == ["name", "tcp", "http", "auth", "models"]


LM_STUDIO = everywhere(200, b'{"error":"Unexpected endpoint or method. (GET /)"}')
OPENAI_SHAPED = serving({"/v1/models": (200, b'{"object": "list", "data": []}', {})})
WEB_UI = serving(
    {"/api/version": (200, b'{"version": "0.6.5"}', {})},
    (200, b"<!doctype html><title>Open WebUI</title>", {"content_type": "text/html"}),
)


@pytest.mark.parametrize(
    ("handler", "words", "hint"),
    [
        pytest.param(everywhere(200, LOGIN, content_type="text/html"), "login page", "sign in", id="login"),
        pytest.param(
            everywhere(302, b"", location="https://portal.example/login"), "redirects to", "login", id="302"
        ),
        pytest.param(
            everywhere(200, b"<html><title>Welcome to nginx!</title>", content_type="text/html"),
            "a web page titled 'Welcome to nginx!'",
            "11434",
            id="web-server",
        ),
        pytest.param(LM_STUDIO, "LM Studio answers there", "kind: lmstudio", id="lm-studio"),
        pytest.param(everywhere(404, b"", server="llama.cpp"), "llama.cpp", "kind: llamacpp", id="llama.cpp"),
        pytest.param(WEB_UI, "Open WebUI", "/ollama", id="open-webui"),
        pytest.param(OPENAI_SHAPED, "shape of OpenAI", "openai_compat", id="openai"),
        pytest.param(everywhere(200, b'{"status": "ok"}'), 'says {"status": "ok"}', "11434", id="json"),
        pytest.param(everywhere(200, b"\x1b[2J[/x]"), "another server", "11434", id="hostile"),
        pytest.param(everywhere(502, b"bad gateway"), "bad gateway", "", id="502"),
        pytest.param(everywhere(400, b"sent to HTTPS port"), "speaks TLS", "https://", id="says-https"),
    ],
)
async def test_another_server_is_named_as_such(handler: Handler, words: str, hint: str) -> None:
    async with WireServer(handler) as server:
        report = await examined(server.url)
    assert report.failure is not None
    assert report.failure.name == "http"
    assert words in report.failure.detail
    assert hint in report.hint
    assert names(report) == ["url", "name", "tcp"]
    assert report.failure.detail.isprintable()


async def test_a_proxy_that_passes_on_only_the_api_is_no_obstacle() -> None:
    pages = {**PAGES, "/": (404, b"<html><title>404</title>", {"content_type": "text/html"})}
    async with WireServer(serving(pages)) as server:
        report = await examined(server.url)
    assert report.ok
    assert detail(report, "http") == "Ollama answers, behind a front page of its own"


@pytest.mark.parametrize("front_page", ["for anybody", "behind the key"])
@pytest.mark.parametrize("key", [None, "sk-good", "sk-wrong"])
async def test_a_server_behind_a_key(front_page: str, key: str | None) -> None:
    inner = ollama()

    async def guarded(request: Request, responder: Responder) -> None:
        is_open = request.path == "/" and front_page == "for anybody"
        if is_open or request.headers.get("authorization") == "Bearer sk-good":
            await inner(request, responder)
        else:
            await responder.send(401, b'{"error": "unauthorized", "signin_url": "https://o.example/in"}')

    async with WireServer(guarded) as server:
        report = await examined(server.url, api_key=key)
    assert detail(report, "url") == server.url
    if key == "sk-good":
        assert detail(report, "auth") == "the key was not refused"
        assert report.ok
    else:
        assert report.failure is not None
        assert report.failure.name == "auth"
        assert "https://o.example/in" in report.failure.detail
        assert "http" in names(report)
    assert "sk-" not in repr(report)


async def test_a_server_without_models_works_and_says_how_to_get_one() -> None:
    async with WireServer(ollama(tags=(200, b'{"models": []}', {}))) as server:
        report = await examined(server.url)
    assert report.ok
    assert detail(report, "models") == "0 found"
    assert names(report, CheckState.SKIPPED) == ["context"]
    assert "no model yet" in report.hint
    assert report.remedies == (Remedy("pull it", f"OLLAMA_HOST={server.url} ollama pull llama3.2"),)


async def test_a_model_that_is_not_there_is_told_with_how_to_get_it() -> None:
    gone: Answer = (404, b'{"error": "model \'x; rm -rf\' not found"}', {})
    async with WireServer(ollama(show=gone)) as server:
        report = await examined(server.url, model="x; rm -rf")
    assert report.failure is not None
    assert report.failure.name == "context"
    assert report.remedies[0].text.endswith(" ollama pull 'x; rm -rf'")


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (b'{"version": "0.3.1"}', "0.3.1, which may cut long chats without saying so"),
        (b'{"version": "0.12.4"}', "0.12.4"),
        (b'{"version": "1.0.0-rc1"}', "1.0.0-rc1"),
    ],
)
async def test_an_old_version_is_told(version: bytes, words: str) -> None:
    async with WireServer(ollama(version=(200, version, {}))) as server:
        report = await examined(server.url)
    assert report.ok
    assert detail(report, "version") == words
    assert ("update Ollama" in report.hint) is ("cut" in words)


async def test_a_server_that_does_not_tell_its_version_works() -> None:
    async with WireServer(ollama(version=(404, b"404 page not found", {}))) as server:
        report = await examined(server.url)
    assert report.ok
    assert names(report, CheckState.SKIPPED) == ["version"]


LOADED = b'{"models": [{"name": "m:latest", "context_length": 4096}]}'


@pytest.mark.parametrize(
    ("changed", "settings", "words"),
    [
        ({}, {"options": {"num_ctx": 16384}}, "16,384 tokens: by options.num_ctx of this provider"),
        (
            {},
            {"options": {"num_ctx": 262144}},
            "131,072 tokens: by options.num_ctx of this provider, which asks",
        ),
        ({"ps": (200, LOADED, {})}, {}, "4,096 tokens: the model is loaded with it (/api/ps)"),
        (
            {"ps": (200, LOADED, {})},
            {"options": {"num_ctx": 16384}},
            "loaded with 4,096 now, so it is loaded",
        ),
        ({"show": (200, b"{}", {})}, {}, "4,096 tokens: cautious"),
        ({"show": (200, b'{"remote_host": "https://ollama.com"}', {})}, {}, "what ollama.com gives it"),
    ],
)
async def test_the_context_and_where_its_number_comes_from(
    changed: dict[str, Answer], settings: dict[str, Any], words: str
) -> None:
    async with WireServer(ollama(**changed)) as server:
        report = await examined(server.url, **settings)
    assert words in detail(report, "context")


async def test_a_port_where_nothing_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("llmtui.providers.ollama.install.PLACES", ())
    report = await examined("127.0.0.1:9")
    assert names(report, CheckState.FAILED) == ["tcp"]
    assert "not installed on this machine" in report.hint
    assert report.remedies[0] == Remedy("get it", "https://ollama.com/download")


async def test_a_name_that_nobody_knows_is_told_as_that() -> None:
    report = await examined("gpu-box.invalid")
    assert names(report, CheckState.FAILED) == ["name"]
    assert detail(report, "url") == "http://gpu-box.invalid:11434, read from 'gpu-box.invalid'"
    assert "spelling" in report.hint
    assert not report.remedies


async def silent(_: Request, responder: Responder) -> None:
    await responder.stall()


async def test_a_server_that_accepts_and_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmtui.providers.checks.STAGE_CLOCK_S", 0.1)
    told: list[CheckStage] = []
    async with WireServer(silent) as server:
        report = await examined(server.url, told)
    assert names(report, CheckState.FAILED) == ["http"]
    assert detail(report, "http") == "no answer within 0.1 s"
    assert "does not answer" in report.hint
    assert told[-2:] == [CheckStage("http", CheckState.RUNNING), report.stages[-1]]


async def test_who_cancels_is_gone_at_once() -> None:
    async with WireServer(silent) as server:
        task = asyncio.create_task(examined(server.url))
        exchange = await server.exchange(0)
        left_at = asyncio.get_running_loop().time()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert await asyncio.wait_for(exchange.client_left, 5) - left_at < 0.1


def tls_server() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return context


@asynccontextmanager
async def saying(answer: bytes) -> AsyncIterator[str]:
    """Host and port of a server that says one thing, whatever it is told."""

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(answer_once, "127.0.0.1", 0)
    async with server:
        yield "{}:{}".format(*server.sockets[0].getsockname())


async def test_tls_where_none_was_asked_for() -> None:
    told: list[CheckStage] = []
    async with WireServer(ollama(), tls=tls_server()) as server:
        report = await examined(server.url.replace("https://", "http://"), told)
    assert names(report, CheckState.FAILED) == ["http"]
    assert "speaks TLS" in detail(report, "http")
    assert report.hint == "write https:// in base_url"
    assert told[-1] == report.stages[-1]


async def test_no_tls_where_it_was_asked_for() -> None:
    async with saying(b"HTTP/1.1 400 Bad Request\r\n\r\n") as place:
        report = await examined(f"https://{place}")
    assert names(report, CheckState.FAILED) == ["tls"]
    assert "speaks no TLS" in detail(report, "tls")
    assert "write http://" in report.hint


async def test_a_certificate_that_is_not_trusted() -> None:
    async with WireServer(ollama(), tls=tls_server()) as server:
        report = await examined(server.url)
    assert names(report, CheckState.FAILED) == ["tls"]
    assert "certificate" in detail(report, "tls")
    assert "ca_file" in report.hint


async def test_what_only_sounds_like_tls_is_not_taken_for_it() -> None:
    async with saying(b"\x15\x03\x01\x00\x02\x02\x46") as place:
        report = await examined(f"http://{place}")
    assert names(report, CheckState.FAILED) == ["http"]
    assert "TLS" not in detail(report, "http")
