"""`llmtui test-provider` in a process of its own, against servers on loopback."""

import json
import os
import pty
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from llmtui.cli.smoke_report import SmokeReport
from llmtui.core.errors import AuthError, ErrorContext
from llmtui.core.models import CheckState, ProviderInfo
from llmtui.services.smoke import StageResult
from llmtui.testing.encoders.chat_completions import ChatCompletionsEncoder
from llmtui.testing.exchange import Request, Responder
from llmtui.testing.scenarios import TEXT
from llmtui.testing.wire_server import STALL, WireServer
from tests.cli.commands import Finished, Run, Start

Config = Callable[[str], str]
CHAT, MODELS = "/v1/chat/completions", "/v1/models"
REPORT = "llmtui-report-far.md"
EVENTS = "text/event-stream"


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    async with WireServer() as server:
        server.reply(MODELS, [b'{"data": [{"id": "small"}]}'])
        yield server


def far(server: WireServer, more: str = "") -> str:
    base = server.url.replace("://", "://me:sk-password@")
    settings = f"id: far, kind: openai_compat, base_url: '{base}/v1', api_key: sk-canary, model: small{more}"
    return f"providers: [{{{settings}}}]"


def answers(server: WireServer) -> None:
    server.reply(
        CHAT, ChatCompletionsEncoder().encode(TEXT), content_type=EVENTS, headers={"x-request-id": "r-7"}
    )


def chats(server: WireServer) -> list[Request]:
    return [request for request in server.requests if request.path == CHAT]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            "id: c, kind: openai_compat, base_url: 'https://a.example/v1', api_key: k",
            "that is not known here",
        ),
        ("id: c, kind: scripted", "of questions, for nothing"),
        (
            "id: c, kind: scripted, models: {echo: {price: {input: 0, output: 1000}}}",
            "of questions, about $4.1 at most (override)",
        ),
    ],
)
async def test_the_price_is_said_first_where_it_is_known(
    run: Run, config: Config, settings: str, words: str
) -> None:
    unasked = await run("test-provider", "c", "--config", config(f"providers: [{{{settings}}}]"))
    assert unasked.code == 2
    assert words in unasked.err.splitlines()[0]


async def test_stages_are_shown_and_a_report_is_written(
    run: Run, config: Config, server: WireServer, tmp_path: Path
) -> None:
    answers(server)
    finished = await run("test-provider", "FAR", "--yes", "--config", config(far(server)), cwd=tmp_path)
    assert finished.code == 0
    assert finished.err.startswith(
        "far: asks for the list of models, and small 4 times: at most 4,096 tokens"
    )
    assert "what fails before its first word is asked once more" in finished.err
    *stages, place = finished.out.splitlines()
    assert [line.split()[:2] for line in stages] == [
        ["models", "ok"],
        ["chat", "ok"],
        ["stream", "ok"],
        ["tool", "skipped"],
        ["cancel", "ok"],
    ]
    assert place == f"report: {REPORT}"
    report = (tmp_path / REPORT).read_text()
    assert report.startswith("### llmtui test-provider far\n\n```text\n")
    assert report.endswith("\n```\n")
    for words in (
        "kind      openai_compat, local",
        "host      this machine",
        "asked     small",
        "request r-7",
    ):
        assert words in report
    assert all(line in report for line in stages)


async def test_no_secret_is_in_what_it_shows(run: Run, config: Config, tmp_path: Path) -> None:
    async def echo(request: Request, responder: Responder) -> None:
        words = f"{request.raw().decode()} ``` </code> @someone"
        await responder.send(
            400, json.dumps({"error": {"message": words}}).encode(), x_request_id="sk-canary"
        )

    async with WireServer(echo) as server:
        path = config(far(server, ", headers: {X-Team: team-secret-1}"))
        shown = await run("test-provider", "far", "--yes", "--config", path, cwd=tmp_path)
        printed = await run("test-provider", "far", "--yes", "-o", "-", "--config", path, cwd=tmp_path)
        as_json = await run(
            "test-provider", "far", "--yes", "--json", "-o", "j", "--config", path, cwd=tmp_path
        )
        assert b"sk-canary" in server.requests[-1].raw()
        assert b"team-secret-1" in server.requests[-1].raw()
    reports = [(tmp_path / name).read_text() for name in (REPORT, "j")]
    for finished in (shown, printed, as_json):
        assert finished.code == 1
        for text in (finished.out, finished.err, *reports):
            assert not any(secret in text for secret in ("sk-", "team-secret", "password"))
    assert [line for line in reports[0].splitlines() if line.startswith("```")] == ["```text", "```"]
    assert "error BadRequest, status 400" in reports[0]
    assert printed.out.startswith("### llmtui")
    found = json.loads(as_json.out)
    assert (found["model"], found["served"], found["stopped"]) == ("small", [], False)
    assert [stage["state"] for stage in found["stages"]] == ["failed"] * 5
    assert (found["stages"][1]["error"]["type"], found["report"]) == ("BadRequest", "j")


async def test_nothing_is_spent_unless_it_was_agreed_to(
    run: Run, config: Config, server: WireServer, tmp_path: Path
) -> None:
    path = config(far(server))
    unasked = await run("test-provider", "far", "--config", path, cwd=tmp_path)
    assert unasked.code == 2
    assert "at most 4,096 tokens" in unasked.err
    assert "--yes agrees" in unasked.err
    (tmp_path / REPORT).write_text("mine")
    there = await run("test-provider", "far", "--yes", "--config", path, cwd=tmp_path)
    assert there.code == 2
    assert f"{REPORT} is there already" in there.err
    assert (tmp_path / REPORT).read_text() == "mine"
    for wrong in (["-o", "no/such/x.md"], ["--json", "-o", "-"]):
        assert (await run("test-provider", "far", "--yes", *wrong, "--config", path, cwd=tmp_path)).code == 2
    assert server.requests == []


@pytest.mark.parametrize(("answer", "code", "asked"), [(b"\n", 1, 0), (b"y\n", 0, 4)])
async def test_a_terminal_is_asked(
    answer: bytes, code: int, asked: int, start: Start, config: Config, server: WireServer, tmp_path: Path
) -> None:
    answers(server)
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer)
        path = config(far(server))
        command = await start("test-provider", "far", "--config", path, stdin=theirs, cwd=tmp_path)
        finished = await command.finish()
    finally:
        os.close(ours)
        os.close(theirs)
    assert "go on? [y/N]" in finished.err
    assert (finished.code, len(chats(server))) == (code, asked)
    assert (tmp_path / REPORT).exists() is bool(asked)


async def test_what_was_found_before_ctrl_c_is_written(
    start: Start, config: Config, server: WireServer, tmp_path: Path
) -> None:
    answers(server)
    server.reply(CHAT, [ChatCompletionsEncoder().encode(TEXT)[0], STALL], content_type=EVENTS)
    command = await start("test-provider", "far", "--yes", "--config", config(far(server)), cwd=tmp_path)
    await command.read_until("chat ")
    await server.exchange(2)
    command.interrupt()
    finished: Finished = await command.finish()
    assert finished.code == 130
    report = (tmp_path / REPORT).read_text()
    assert "ended     stopped before its end" in report
    assert "chat    ok" in report
    assert "stream" not in report


@pytest.mark.parametrize(
    ("config_text", "words"),
    [
        ("providers: [{id: far, kind: groq}]", "far has no API key"),
        ("providers: [{id: far, kind: nonsense}]", "unknown kind 'nonsense'"),
        ("providers: [{id: other, kind: scripted}]", "no provider 'far'; configured: other"),
    ],
)
async def test_a_provider_that_cannot_be_asked_is_told(
    config_text: str, words: str, run: Run, config: Config
) -> None:
    finished = await run("test-provider", "far", "--yes", "--config", config(config_text))
    assert (finished.code, finished.out) == (2, "")
    assert words in finished.err


@pytest.mark.parametrize(
    ("base_url", "host", "shown"),
    [
        ("https://api.groq.com/openai/v1", "api.groq.com", "api.groq.com"),
        ("https://ollama.com", "ollama.com", "ollama.com"),
        ("http://127.0.0.1:8080/v1", "127.0.0.1:8080", "this machine"),
        ("http://10.1.2.3:8080/v1", "10.1.2.3:8080", "a private network, not shown"),
        ("http://gpu-box.lan:8080/v1", "gpu-box.lan:8080", "a private network, not shown"),
        ("https://llm.acme.example/v1", "llm.acme.example", "a host of somebody's own, not shown"),
        ("", "", "none"),
    ],
)
def test_only_a_vendors_own_host_is_named(base_url: str, host: str, shown: str) -> None:
    info = ProviderInfo("far", "Far", "openai_compat", "cloud", base_url=base_url, host=host)
    report = SmokeReport(info, "m", lambda: ["sk-key"])
    error = AuthError(f"refused at {base_url}", context=ErrorContext(status=401), hint=f"look at {host}")
    report.stages.append(StageResult("chat", CheckState.FAILED, str(error), error=error))
    text = report.markdown()
    assert f"host      {shown}" in text
    if "not shown" in shown:
        assert not any(part in text for part in (base_url, host, host.partition(":")[0]))
