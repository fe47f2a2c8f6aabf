"""The staged connection check."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence

import pytest

from llmtui.core.errors import (
    AuthError,
    ConnectError,
    ErrorContext,
    ModelNotFound,
    ProtocolError,
    ProviderError,
    ServerError,
    Timeout,
)
from llmtui.core.models import CheckStage, CheckState, ConnectionReport, ModelInfo, Remedy
from llmtui.providers.checks import KeyUse, Subject, run_check
from llmtui.providers.full_test import Advice, ExtraStage, FullTest, Verdict
from llmtui.providers.network import Route
from llmtui.testing.wire_server import WireServer


async def models() -> list[ModelInfo]:
    return [ModelInfo("m")]


def failing(error: ProviderError) -> Callable[[], Awaitable[list[ModelInfo]]]:
    async def ask() -> list[ModelInfo]:
        raise error

    return ask


def at(
    url: str,
    ask: Callable[[], Awaitable[list[ModelInfo]]] = models,
    *,
    proxy: str | None = None,
    key: KeyUse = "none",
    when_refused: str = "",
    when_not_found: str = "",
) -> Subject:
    async def address() -> str:
        return url

    return Subject("p", address, ask, Route(proxy), key, when_refused, when_not_found)


def passed(report: ConnectionReport) -> list[str]:
    return [stage.name for stage in report.stages if stage.state is CheckState.OK]


async def test_all_stages_pass() -> None:
    async with WireServer() as server:
        report = await run_check(at(server.url, key="sent"))
        port = server.address[1]
    assert report.ok
    assert [(stage.name, stage.detail) for stage in report.stages] == [
        ("name", "127.0.0.1"),
        ("tcp", f"port {port} is open"),
        ("http", "answered"),
        ("auth", "the key was not refused"),
        ("models", "1 found"),
    ]
    assert report.models == (ModelInfo("m"),)
    assert (report.hint, report.error) == ("", None)
    assert report.latency_s > 0
    assert all(stage.duration_s >= 0 for stage in report.stages)


@pytest.mark.parametrize(
    ("error", "names"),
    [
        (AuthError("bad key", context=ErrorContext(status=401), hint="h"), ["name", "tcp", "http"]),
        (ServerError("broken", context=ErrorContext(status=500), hint="h"), ["name", "tcp"]),
        (ModelNotFound("no list", context=ErrorContext(status=404), hint="h"), ["name", "tcp", "http"]),
        (ConnectError("log in", context=ErrorContext(status=407), hint="h"), ["name", "tcp"]),
        (ProtocolError("a web page", context=ErrorContext(status=200), hint="h"), ["name", "tcp"]),
    ],
)
async def test_a_refusal_stops_the_check(error: ProviderError, names: list[str]) -> None:
    async with WireServer() as server:
        report = await run_check(at(server.url, failing(error), key="sent"))
    assert passed(report) == names
    assert report.failure is report.stages[-1]
    assert report.failure.detail == str(error)
    assert (report.hint, report.error) == ("h", error)


async def test_a_refusal_of_a_check_without_its_key_says_that_the_server_is_up() -> None:
    error = AuthError("who are you", context=ErrorContext(status=403))
    async with WireServer() as server:
        report = await run_check(at(server.url, failing(error), key="kept back"))
    assert report.ok
    assert report.key_kept_back
    assert [(stage.name, stage.state, stage.detail) for stage in report.stages[-2:]] == [
        ("http", CheckState.OK, "answered with status 403"),
        ("auth", CheckState.SKIPPED, "key not tried"),
    ]


async def test_a_server_that_lists_its_models_to_anybody_has_not_seen_the_key() -> None:
    async with WireServer() as server:
        report = await run_check(at(server.url, key="kept back"))
    assert (report.ok, report.key_kept_back) == (True, True)
    assert passed(report) == ["name", "tcp", "http", "models"]


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
    report = await run_check(at(url))
    assert report.failure is not None
    assert report.failure.name == stage
    assert words in report.failure.detail
    assert report.hint


async def test_a_host_of_which_every_address_refuses() -> None:
    """asyncio makes one error of several, in which only the words tell."""
    report = await run_check(at("http://localhost:9"))
    assert report.failure is not None
    assert report.failure.detail == "connection refused at http://localhost:9"
    assert "nothing listens there" in report.hint


async def test_a_kind_knows_what_helps_best() -> None:
    refused = await run_check(at("http://127.0.0.1:9", when_refused="start it"))
    assert refused.hint == "start it"
    gone = ModelNotFound("no such path", context=ErrorContext(status=404))
    async with WireServer() as server:
        report = await run_check(at(server.url, failing(gone), when_not_found="end it in /v1"))
    assert (report.hint, report.error) == ("end it in /v1", gone)


async def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    report = await run_check(at("http://nowhere.invalid:1/v1"))
    assert report.failure is not None
    assert report.failure.name == "name"
    assert report.failure.detail == "name not found at http://nowhere.invalid:1/v1"
    assert "spelling" in report.hint


async def test_an_address_that_cannot_be_had() -> None:
    async def address() -> str:
        raise ServerError("the child died", hint="see its log")

    report = await run_check(Subject("p", address, models, Route()))
    assert report.failure is not None
    assert report.failure.detail == "the child died"
    assert report.hint == "see its log"


async def test_the_whole_check_has_a_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmtui.providers.checks.CHECK_CLOCK_S", 0.1)
    async with WireServer(lambda _, responder: responder.stall()) as server:
        host, port = server.address
        report = await run_check(at(f"https://{host}:{port}"))
    assert report.failure is not None
    assert report.failure.name == "tls"
    assert "within 0.1 s" in report.failure.detail
    assert "may speak no TLS" in report.hint
    assert isinstance(report.error, Timeout)


async def test_a_proxy_takes_the_way_over() -> None:
    report = await run_check(at("http://example.org", proxy="http://user:secret@127.0.0.1:9"))
    assert report.ok
    assert (report.stages[0].state, report.stages[0].detail) == (
        CheckState.SKIPPED,
        "left to the proxy http://127.0.0.1:9",
    )
    assert "tcp" not in [stage.name for stage in report.stages]


def extra(name: str, verdict: Verdict | ProviderError) -> ExtraStage:
    async def ask(found: Sequence[ModelInfo]) -> Verdict:
        assert found == [ModelInfo("m")]
        if isinstance(verdict, ProviderError):
            raise verdict
        return verdict

    return ExtraStage(name, ask)


async def test_a_full_test_tells_its_stages_as_they_come_and_asks_more() -> None:
    told: list[CheckStage] = []
    full = FullTest(
        told.append,
        understood="that server",
        after_auth=[extra("age", Verdict("young"))],
        after_models=[extra("size", Verdict("unknown", CheckState.SKIPPED, Advice("look it up")))],
    )
    async with WireServer() as server:
        report = await run_check(at(server.url, key="sent"), full)
    names = ["url", "name", "tcp", "http", "auth", "age", "models", "size"]
    assert [stage.name for stage in report.stages] == names
    assert [stage.name for stage in told if stage.state is CheckState.RUNNING] == names
    assert [stage for stage in told if stage.state is not CheckState.RUNNING] == list(report.stages)
    assert (report.ok, report.hint, report.stages[0].detail) == (True, "look it up", "that server")
    assert [stage.name for stage in report.stages if stage.extra] == ["age", "size"]


async def test_what_an_extra_stage_costs_is_no_latency_of_the_server() -> None:
    report = ConnectionReport(
        "p", (CheckStage("http", CheckState.OK, "", 1), CheckStage("x", CheckState.OK, "", 9, True))
    )
    assert report.latency_s == 1


@pytest.mark.parametrize(
    "failure",
    [
        Verdict("too old", CheckState.FAILED, Advice("update", (Remedy("get it", "u"),))),
        ServerError("too old", hint="update"),
    ],
)
async def test_an_extra_stage_that_fails_ends_the_test(failure: Verdict | ProviderError) -> None:
    full = FullTest(lambda _: None, after_auth=[extra("age", failure), extra("never", Verdict(""))])
    async with WireServer() as server:
        report = await run_check(at(server.url), full)
    assert report.failure is report.stages[-1]
    assert (report.failure.name, report.failure.detail, report.hint) == ("age", "too old", "update")
    assert len(report.remedies) == isinstance(failure, Verdict)


async def test_a_wrong_address_fails_before_anything_is_asked() -> None:
    report = await run_check(at("ftp://h"), FullTest(lambda _: None))
    assert [(stage.name, stage.state) for stage in report.stages] == [("url", CheckState.FAILED)]


async def test_each_stage_of_a_full_test_has_its_own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmtui.providers.checks.STAGE_CLOCK_S", 1.0)

    async def slow(_: object) -> Verdict:
        await asyncio.sleep(0.6)
        return Verdict("done")

    async def stuck(_: object) -> Verdict:
        await asyncio.Event().wait()
        raise AssertionError

    stages = [ExtraStage("one", slow), ExtraStage("two", slow), ExtraStage("three", stuck)]
    async with WireServer() as server:
        report = await run_check(at(server.url), FullTest(lambda _: None, after_models=stages))
    assert [(stage.name, stage.state) for stage in report.stages[-3:]] == [
        ("one", CheckState.OK),
        ("two", CheckState.OK),
        ("three", CheckState.FAILED),
    ]
    assert "within 1 s" in report.stages[-1].detail
    assert report.stages[-1].extra


async def test_what_helps_is_found_out_when_nothing_listens() -> None:
    async def when_refused() -> Advice:
        return Advice("install it", (Remedy("get it", "u"),))

    full = FullTest(lambda _: None, when_refused=when_refused)
    refused = await run_check(at("http://127.0.0.1:9", when_refused="start it"), full)
    assert (refused.hint, refused.remedies) == ("install it", (Remedy("get it", "u"),))
    wrong = await run_check(at("ftp://h", when_refused="start it"), full)
    assert wrong.remedies == ()
