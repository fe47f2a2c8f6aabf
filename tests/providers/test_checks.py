"""The staged connection check."""

import socket
import ssl
from collections.abc import Awaitable, Callable

import pytest

from llmtui.core.errors import AuthError, ErrorContext, ModelNotFound, ProviderError, ServerError
from llmtui.core.models import CheckState, ModelInfo
from llmtui.providers.checks import run_check
from llmtui.providers.http import tls_context
from llmtui.testing.wire_server import WireServer


async def models() -> list[ModelInfo]:
    return [ModelInfo("m")]


def at(url: str) -> Callable[[], Awaitable[str]]:
    async def address() -> str:
        return url

    return address


def failing(error: ProviderError) -> Callable[[], Awaitable[list[ModelInfo]]]:
    async def ask() -> list[ModelInfo]:
        raise error

    return ask


async def test_all_stages_pass() -> None:
    async with WireServer() as server:
        report = await run_check("p", at(server.url), models, hint="unused")
    assert report.ok
    assert [stage.name for stage in report.stages] == ["name", "tcp", "http", "auth", "models"]
    assert report.stages[-1].detail == "1 found"
    assert report.models == (ModelInfo("m"),)
    assert report.hint == ""
    assert report.latency_s > 0


@pytest.mark.parametrize(
    ("error", "passed"),
    [
        (AuthError("bad key", context=ErrorContext(status=401), hint="h"), ["name", "tcp", "http"]),
        (ServerError("broken", context=ErrorContext(status=500), hint="h"), ["name", "tcp"]),
        (ModelNotFound("no list", context=ErrorContext(status=404), hint="h"), ["name", "tcp", "http"]),
    ],
)
async def test_a_refusal_stops_the_check(error: ProviderError, passed: list[str]) -> None:
    async with WireServer() as server:
        report = await run_check("p", at(server.url), failing(error))
    assert [stage.name for stage in report.stages if stage.state is CheckState.OK] == passed
    assert report.failure is report.stages[-1]
    assert report.failure.detail == str(error)
    assert report.hint == "h"


@pytest.mark.parametrize(
    ("url", "stage", "words"),
    [
        ("http://127.0.0.1:9", "tcp", "connection refused at http://127.0.0.1:9"),
        ("http://[::1", "name", "no address"),
        ("http://h:port", "name", "no address"),
        ("ftp://h", "name", "no address"),
        ("", "name", "no address"),
    ],
)
async def test_the_way_to_the_server(url: str, stage: str, words: str) -> None:
    report = await run_check("p", at(url), models)
    assert report.failure is not None
    assert report.failure.name == stage
    assert words in report.failure.detail
    assert report.hint


async def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    report = await run_check("p", at("http://nowhere.invalid:1/v1"), models)
    assert report.failure is not None
    assert report.failure.name == "name"
    assert report.failure.detail == "name not found at http://nowhere.invalid:1/v1"


async def test_a_server_without_tls() -> None:
    async with WireServer() as server:
        server.reply("/")
        report = await run_check("p", at(server.url.replace("http:", "https:")), models)
    assert report.failure is not None
    assert report.failure.name == "tls"


async def test_an_address_that_cannot_be_had() -> None:
    async def address() -> str:
        raise ServerError("the child died", hint="see its log")

    report = await run_check("p", address, models)
    assert report.failure is not None
    assert report.failure.detail == "the child died"
    assert report.hint == "see its log"


async def test_the_whole_check_has_a_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmtui.providers.checks.CHECK_CLOCK_S", 0.1)
    async with WireServer(lambda _, responder: responder.stall()) as server:
        host, port = server.address
        report = await run_check("p", at(f"https://{host}:{port}"), models)
    assert report.failure is not None
    assert report.failure.name == "tls"
    assert "within 0.1 s" in report.failure.detail


async def test_a_proxy_takes_the_way_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    report = await run_check("p", at("http://example.org"), models)
    assert report.ok
    assert report.stages[0].state is CheckState.SKIPPED
    assert "tcp" not in [stage.name for stage in report.stages]


def test_tls_verifies() -> None:
    context = tls_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context is tls_context()
