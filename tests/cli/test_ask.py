import asyncio
import json
import os
import re
import socket
from base64 import b64decode
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from llmtui.cli.exit_codes import meanings
from llmtui.cli.main import main
from llmtui.core.chat import ChatRequest
from llmtui.core.events import StreamEvent
from llmtui.providers.scripted import ScriptedProvider
from llmtui.testing.images import png
from llmtui.testing.wire_server import CUT, STALL, WireServer
from tests.cli.commands import Run, Start

PATH = "/v1/chat/completions"
Config = Callable[[str], str]


def chunk(finish: str | None = None, **delta: str) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return f"data: {json.dumps({'id': 'x', 'model': 'served', 'choices': [choice]})}\n\n".encode()


END = [
    chunk("stop"),
    b'data: {"model": "served", "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}}\n\n',
    b"data: [DONE]\n\n",
]


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    async with WireServer() as server:
        yield server


@pytest.fixture
def remote(server: WireServer, config: Config) -> str:
    return config(
        f"""\
providers:
  - {{id: far, kind: openai_compat, base_url: '{server.url}/v1', api_key: sk-test, model: m}}
agents:
  - {{name: brief, provider: far, model: other, system_prompt: Be brief., temperature: 0.5}}
"""
    )


def scripted(*steps: str, **settings: str) -> str:
    more = "".join(f", {key}: {value}" for key, value in settings.items())
    return (
        f"providers: [{{id: demo, kind: scripted{more}, options: "
        f"{{tokens_per_s: null, script: [[{', '.join(steps)}]]}}}}]\n"
    )


def body_of(server: WireServer) -> Any:
    return json.loads(server.requests[0].body)


async def test_text_reaches_the_pipe_as_it_comes(server: WireServer, remote: str, start: Start) -> None:
    shown = asyncio.Event()
    server.reply(
        PATH, [chunk(content="Par."), shown, chunk(content="is"), *END], content_type="text/event-stream"
    )
    command = await start("ask", "--config", remote, "hello")
    assert await command.read_until("Par.") == "Par."
    shown.set()
    finished = await command.finish()
    assert (finished.code, finished.out, finished.err) == (0, "is\n", "")


async def test_ctrl_c_keeps_the_partial_and_closes_the_socket(
    server: WireServer, remote: str, start: Start
) -> None:
    server.reply(PATH, [chunk(content="Once upon"), STALL], content_type="text/event-stream")
    command = await start("--config", remote, "ask", "a story")
    assert await command.read_until("upon") == "Once upon"
    command.interrupt()
    finished = await command.finish()
    assert (finished.code, finished.out, finished.err) == (130, "\n", "")
    async with asyncio.timeout(5):
        await (await server.exchange(0)).client_left


async def test_a_cut_reply_is_kept_and_named(server: WireServer, remote: str, run: Run) -> None:
    server.reply(PATH, [chunk(content="half"), CUT], content_type="text/event-stream")
    finished = await run("ask", "--config", remote, "x")
    assert (finished.code, finished.out) == (12, "half\n")
    assert finished.err.startswith("llmtui: ")
    assert "hint: what arrived is kept" in finished.err


async def test_a_cut_reply_as_json_holds_what_had_arrived(server: WireServer, remote: str, run: Run) -> None:
    server.reply(PATH, [chunk(content="half"), CUT], content_type="text/event-stream")
    finished = await run("ask", "--config", remote, "--json", "x")
    reply = json.loads(finished.out)
    assert finished.code == 12
    assert (reply["text"], reply["finish"], reply["error"]["type"]) == ("half", None, "IncompleteStream")


async def test_images_and_an_effort_reach_the_wire(
    server: WireServer, remote: str, run: Run, tmp_path: Path
) -> None:
    server.reply(PATH, [chunk(content="ok"), *END], content_type="text/event-stream")
    paths = [tmp_path / name for name in ("one", "two.jpg")]
    for width, path in enumerate(paths, 1):
        path.write_bytes(png(width))
    images = [argument for path in paths for argument in ("-i", str(path))]
    finished = await run("ask", "--config", remote, *images, "--effort", "low", "what is this?")
    assert (finished.code, finished.out, finished.err) == (0, "ok\n", "")
    body = body_of(server)
    assert body["reasoning_effort"] == "low"
    *sent, text = body["messages"][0]["content"]
    urls = [block["image_url"]["url"].partition(",") for block in sent]
    assert [(kind, b64decode(data)) for kind, _, data in urls] == [
        ("data:image/png;base64", png(width)) for width in (1, 2)
    ]
    assert text == {"type": "text", "text": "what is this?"}


async def test_an_agents_effort_reaches_the_wire_unless_another_is_asked(
    server: WireServer, config: Config, run: Run
) -> None:
    provider = (
        f"{{id: far, kind: openai_compat, base_url: '{server.url}/v1', model: m, reasoning_effort: low}}"
    )
    path = config(
        f"providers: [{provider}]\nagents: [{{name: deep, reasoning_effort: high}}, {{name: plain}}]\n"
    )
    server.reply(PATH, [chunk(content="ok"), *END], content_type="text/event-stream")
    for arguments in (["-a", "deep"], ["-a", "deep", "--effort", "off"], ["-a", "plain"]):
        assert (await run("ask", "--config", path, *arguments, "x")).code == 0
    efforts = [request.json()["reasoning_effort"] for request in server.requests]
    assert efforts == ["high", "none", "low"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-i", "gone.png"], "--image: gone.png is no file"),
        (["-i", "notes.txt"], "--image: notes.txt is no image"),
        (["--effort", "much"], "minimal"),
    ],
)
async def test_what_cannot_be_sent_is_told_before_anything_is_asked(
    server: WireServer,
    remote: str,
    run: Run,
    isolated: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: str,
) -> None:
    (isolated / "notes.txt").write_text("hello")
    monkeypatch.chdir(isolated)
    finished = await run("ask", "--config", remote, *arguments, "x")
    assert finished.code == 2
    assert words in finished.err
    assert not server.requests


async def test_arguments_reach_the_wire(server: WireServer, remote: str, run: Run) -> None:
    server.reply(PATH, [chunk(content="ok"), *END], content_type="text/event-stream")
    options = ["-p", "FAR", "-m", "big", "-s", "Be kind.", "-t", "0.25", "--max-tokens", "7"]
    finished = await run("ask", "--config", remote, *options, "two", "words")
    body = body_of(server)
    assert (finished.code, finished.out) == (0, "ok\n")
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("big", 0.25, 7)
    assert body["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "two words"},
    ]


async def test_an_agent_is_asked_and_arguments_go_over_it(server: WireServer, remote: str, run: Run) -> None:
    server.reply(PATH, [chunk(content="ok"), *END], content_type="text/event-stream")
    await run("ask", "--config", remote, "-a", "Brief", "-t", "1", "x")
    body = body_of(server)
    assert (body["model"], body["temperature"]) == ("other", 1)
    assert body["messages"][0]["content"] == "Be brief."


@pytest.mark.parametrize(
    ("agent", "options", "asked"),
    [
        pytest.param("near", [], ("near", "n-agent", "Be near.", 0.5), id="its-own"),
        pytest.param("lost", [], ("near", "n", "Be lost.", None), id="default-provider"),
        pytest.param("model", [], ("near", "any", None, None), id="default-provider-with-a-model"),
        pytest.param("model", ["-p", "far"], ("far", "any", None, None), id="its-model-elsewhere"),
        pytest.param("near", ["-p", "NEAR"], ("near", "n-agent", "Be near.", 0.5), id="same-provider"),
        pytest.param("near", ["-p", "far"], ("far", "f", "Be near.", 0.5), id="another-provider"),
        pytest.param(
            "near", ["-p", "far", "-m", "x", "-t", "0"], ("far", "x", "Be near.", 0), id="and-model"
        ),
        pytest.param("near", ["-s", "", "-m", "x"], ("near", "x", "", 0.5), id="no-system-prompt"),
    ],
)
def test_who_is_asked_for_an_agent(
    config: Config,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    agent: str,
    options: list[str],
    asked: tuple[object, ...],
) -> None:
    path = config(
        """\
default_provider: near
providers:
  - {id: far, kind: scripted, model: f, options: {tokens_per_s: null}}
  - {id: near, kind: scripted, model: n, options: {tokens_per_s: null}}
agents:
  - {name: near, provider: near, model: n-agent, system_prompt: Be near., temperature: 0.5}
  - {name: lost, system_prompt: Be lost., reasoning_effort: high}
  - {name: model, model: any, reasoning_effort: off}
"""
    )
    seen: list[ChatRequest] = []
    stream = ScriptedProvider.stream_chat

    def watched(provider: ScriptedProvider, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        seen.append(provider.filled(request))
        providers.append(provider.id)
        return stream(provider, request)

    providers: list[str] = []
    monkeypatch.setattr(ScriptedProvider, "stream_chat", watched)
    monkeypatch.setattr("sys.stdin", None)
    assert main(["ask", "--config", path, "-a", agent, *options, "q"]) == 0
    (request,) = seen
    assert (*providers, request.model, request.system, request.temperature) == asked
    assert request.reasoning_effort == {"lost": "high", "model": "off"}.get(agent)
    assert "You said: q" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("question", "stdin", "prompt"),
    [
        pytest.param(["sum up"], b"line\n", "sum up\n\n<standard_input>\nline\n</standard_input>", id="both"),
        pytest.param([], b"only this\n", "only this", id="pipe"),
        pytest.param(["q"], b" \n", "q", id="blank-pipe"),
        pytest.param(
            ["q"], b"\xff\x1b[31m", "q\n\n<standard_input>\n\ufffd\u241b[31m\n</standard_input>", id="odd"
        ),
    ],
)
async def test_standard_input_is_context(
    server: WireServer, remote: str, run: Run, question: list[str], stdin: bytes, prompt: str
) -> None:
    server.reply(PATH, [chunk(content="ok"), *END], content_type="text/event-stream")
    await run("ask", "--config", remote, *question, stdin=stdin)
    assert body_of(server)["messages"] == [{"role": "user", "content": prompt}]


async def test_json_is_one_object(config: Config, run: Run) -> None:
    path = config(scripted('{reasoning: "Hm."}', '{text: "Grüße"}', "{usage: {input: 9, output: 2}}"))
    finished = await run("ask", "--json", "--config", path, "x")
    reply = json.loads(finished.out)
    assert finished.out.isascii()
    assert finished.out.count("\n") == 1
    assert (reply["text"], reply["reasoning"], reply["finish"]) == ("Grüße", "Hm.", "stop")
    assert (reply["provider"], reply["model"], reply["error"]) == ("demo", "echo", None)
    assert (reply["usage"]["input"], reply["usage"]["output"], reply["usage"]["source"]) == (9, 2, "reported")


async def test_reasoning_is_shown_only_when_asked_for(config: Config, run: Run) -> None:
    path = config(scripted('{reasoning: "Hm."}', '{text: "Yes."}'))
    without = await run("ask", "--config", path, "x")
    shown = await run("ask", "--config", path, "--reasoning", "x")
    assert (without.out, without.err) == ("Yes.\n", "")
    assert (shown.out, shown.err) == ("Yes.\n", "Hm.\n\n")


@pytest.mark.parametrize(("no_color", "seen"), [("", "\x1b[2mHm.\x1b[22m"), ("1", "Hm.")])
async def test_colour_is_for_terminals_that_want_it(
    config: Config, run: Run, no_color: str, seen: str
) -> None:
    path = config(scripted('{reasoning: "Hm."}', '{text: "Yes."}'))
    ours, theirs = os.openpty()
    try:
        env = {"NO_COLOR": no_color, "TERM": "xterm-256color"}
        await run("ask", "--config", path, "--reasoning", "x", stderr=theirs, env=env)
        assert os.read(ours, 4096).decode() == f"{seen}\r\n\r\n"
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize(
    ("error", "code"),
    [("RateLimited", 22), ("AuthError", 20), ("ContextTooLong", 30), ("ModelNotFound", 32)],
)
async def test_the_exit_code_tells_the_error(config: Config, run: Run, error: str, code: int) -> None:
    path = config(scripted(f"{{error: {{class: {error}, message: their words}}}}"))
    finished = await run("ask", "--config", path, "x")
    assert (finished.code, finished.out) == (code, "")
    assert finished.err.startswith("llmtui: their words\nhint: ")


async def test_a_dead_endpoint_is_named(config: Config, run: Run) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = "http://{}:{}/v1".format(*closed.getsockname())
    path = config(f"providers: [{{id: a, kind: openai_compat, base_url: '{url}', model: m}}]\n")
    finished = await run("ask", "--config", path, "x")
    assert (finished.code, finished.out) == (10, "")
    assert url.removesuffix("/v1") in finished.err
    assert "hint: " in finished.err
    assert "Traceback" not in finished.err


async def test_a_missing_key_names_its_variable(run: Run) -> None:
    finished = await run("ask", "-p", "openai", "x")
    assert (finished.code, finished.out) == (2, "")
    assert "set OPENAI_API_KEY" in finished.err


async def test_a_reply_that_hit_its_limit_says_so(server: WireServer, remote: str, run: Run) -> None:
    server.reply(
        PATH, [chunk(content="Once"), chunk("length"), b"data: [DONE]\n\n"], content_type="text/event-stream"
    )
    finished = await run("ask", "--config", remote, "x")
    assert (finished.code, finished.out) == (0, "Once\n")
    assert finished.err == "warning: the reply was cut: it reached its limit of tokens\n"


async def test_nothing_to_ask_is_an_error(run: Run) -> None:
    finished = await run("ask")
    assert (finished.code, finished.err) == (2, "llmtui: nothing to ask: give a question, or pipe one in\n")


async def test_an_unknown_agent_or_provider_names_those_that_are_there(remote: str, run: Run) -> None:
    agent = await run("ask", "--config", remote, "-a", "nobody", "x")
    provider = await run("ask", "--config", remote, "-p", "nowhere", "x")
    assert (agent.code, provider.code) == (2, 2)
    assert "configured: brief" in agent.err
    assert "configured: far" in provider.err


async def test_a_reader_that_leaves_ends_it_quietly(server: WireServer, remote: str, start: Start) -> None:
    left = asyncio.Event()
    server.reply(
        PATH, [chunk(content="a"), left, *[chunk(content="b\n")] * 3, *END], content_type="text/event-stream"
    )
    ours, theirs = os.pipe()
    command = await start("ask", "--config", remote, "x", stdout=theirs)
    os.close(theirs)
    assert await asyncio.to_thread(os.read, ours, 1) == b"a"
    os.close(ours)
    left.set()
    finished = await command.finish()
    assert (finished.code, finished.err) == (141, "")


async def test_a_full_disk_is_told(config: Config, run: Run) -> None:
    path = config(scripted('{text: "Yes."}'))
    with open("/dev/full", "wb") as full:  # noqa: ASYNC230
        finished = await run("ask", "--config", path, "x", stdout=full)
    assert (finished.code, finished.err) == (1, "llmtui: No space left on device\n")


async def test_arguments_are_checked_before_anything_is_sent(
    server: WireServer, remote: str, run: Run
) -> None:
    finished = await run("ask", "--config", remote, "-t", "5", "--max-tokens", "-1", "x")
    assert (finished.code, finished.out) == (2, "")
    assert "--temperature should be less than or equal to 2" in finished.err
    assert "--max-tokens should be greater than 0" in finished.err
    assert not server.exchanges


@pytest.mark.parametrize("json_output", [[], ["--json"]])
async def test_a_key_in_the_config_is_never_shown(
    server: WireServer, config: Config, run: Run, json_output: list[str]
) -> None:
    path = config(
        f"providers: [{{id: a, kind: openai_compat, base_url: '{server.url}', api_key: sk-canary, model: m}}]"
    )
    server.reply("/chat/completions", [b"Your Authorization: Bearer sk-canary, sk-canary"], status=401)
    finished = await run("ask", "--config", path, *json_output, "x")
    assert server.requests[0].headers["authorization"] == "Bearer sk-canary"
    assert finished.code == 20
    assert "canary" not in finished.out + finished.err
    assert "[redacted]" in finished.err


async def test_the_documentation_is_true(config: Config, run: Run) -> None:
    text = await asyncio.to_thread((Path(__file__).parents[2] / "docs" / "ask.md").read_text, "utf-8")
    table = re.findall(r"^\| (\d+) \| (.+) \|$", text, re.MULTILINE)
    assert {int(code): words for code, words in table} == meanings()
    documented = json.loads(text.partition("```json")[2].partition("```")[0])
    path = config(scripted('{text: "Yes."}', "{usage: {input: 9, output: 2}}"))
    reply = json.loads((await run("ask", "--config", path, "--json", "x")).out)
    assert list(reply) == list(documented)
    assert list(reply["usage"]) == list(documented["usage"])
    helped = (await run("ask", "--help")).out
    assert all(f"{code:5} {words}\n" in helped for code, words in meanings().items())


async def test_a_locale_without_the_character_ends_nothing(config: Config, run: Run) -> None:
    path = config(scripted('{text: "caf\u00e9 \u2192 ok"}'))
    finished = await run("ask", "--config", path, "x", env={"PYTHONIOENCODING": "ascii"})
    assert (finished.code, finished.out) == (0, "caf? ? ok\n")
