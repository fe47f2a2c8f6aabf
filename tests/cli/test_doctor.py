"""`llmtui doctor` in a process of its own, against servers on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest

from llmtui import __version__
from llmtui.cli.doctor import HANGING, Finding
from llmtui.cli.surroundings import masked
from llmtui.config.paths import user_paths
from llmtui.core.conversation import user
from llmtui.core.history import Conversation, RequestRecord, StoredMessage, now
from llmtui.core.models import CheckStage, CheckState, ConnectionReport, ProviderInfo
from llmtui.storage.conversations import SQLiteStore
from llmtui.testing.exchange import Request, Responder
from llmtui.testing.wire_server import STALL, WireServer
from tests.cli.commands import Finished, Run

Config = Callable[[str], str]
MODELS = b'{"data": [{"id": "small"}, {"id": "large"}]}'
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    async with WireServer() as server:
        server.reply("/v1/models", [MODELS])
        yield server


def far(server: WireServer, more: str = "", login: str = "") -> str:
    url = server.url.replace("://", f"://{login}@") if login else server.url
    return f"providers: [{{id: far, kind: openai_compat, base_url: '{url}/v1', api_key: sk-canary{more}}}]"


def about(finished: Finished, provider: str) -> list[str]:
    """The lines of one provider, each with single spaces."""
    (block,) = [part for part in finished.out.split("\n\n") if part.startswith(f"{provider}: ")]
    return [" ".join(line.split()) for line in block.splitlines()]


def facts(finished: Finished) -> dict[str, str]:
    block = finished.out.split("\n\n")[0].replace("\n           ", " ")
    return {name: fact.strip() for name, _, fact in (line.partition(" ") for line in block.splitlines())}


async def remember(host: str) -> None:
    """A ledger that knows a request to this host."""
    store = SQLiteStore(user_paths().database)
    await store.open()
    record = RequestRecord("r", "renamed", "m", now(), host=host)
    await store.save_conversation(Conversation("c"))
    await store.add_message(StoredMessage("m", "c", None, user("hi"), request=record))
    await store.close()


async def test_every_stage_is_told_with_its_time(config: Config, server: WireServer, run: Run) -> None:
    finished = await run("doctor", "far", "--config", config(far(server)))
    assert (finished.code, finished.err) == (0, "")
    heading, *stages = about(finished, "far")
    assert heading == f"far: ok · openai_compat, local, {server.url}/v1"
    assert [line.split()[:2] for line in stages] == [
        *([name, "ok"] for name in ("url", "name", "tcp", "http", "auth", "models")),
        ["context", "skipped"],
    ]
    assert all(line.split()[2].isdigit() and line.split()[3] == "ms" for line in stages)
    assert stages[-2].endswith("2 found")
    assert len(server.requests) == 1


async def test_the_key_goes_to_hosts_that_were_used_or_whose_provider_is_named(
    config: Config, server: WireServer, run: Run
) -> None:
    path = config(far(server, ", headers: {X-Team: sk-team}"))
    kept_back = await run("doctor", "--config", path)
    assert kept_back.code == 0
    assert about(kept_back, "far")[0].startswith("far: key not tried · ")
    assert "auth skipped 0 ms key not tried" in about(kept_back, "far")[4]
    way_on = "hint no request went to this host before; `llmtui doctor far` sends the key"
    assert " ".join(about(kept_back, "far")).endswith(way_on)
    await run("doctor", "FAR", "--config", path)
    await remember(server.url.removeprefix("http://"))
    used = await run("doctor", "--config", path)
    assert "the key was not refused" in about(used, "far")[4]

    raw = [request.raw() for request in server.requests]
    assert [b"sk-canary" in one for one in raw] == [False, True, True]
    assert [b"sk-team" in one for one in raw] == [False, True, True]


async def test_a_refused_key_fails_and_no_secret_is_shown(config: Config, run: Run) -> None:
    async def echo(request: Request, responder: Responder) -> None:
        await responder.send(401, json.dumps({"error": {"message": request.raw().decode()}}).encode())

    async with WireServer(echo) as server:
        text = far(server, ", headers: {X-Team: sk-team}", login="me:sk-password")
        path = config(text + "\nnetwork: {proxy: 'http://me:sk-proxy@127.0.0.1:9'}")
        env = {"HTTPS_PROXY": "http://me:sk-env@proxy.example.com:3128", "all_proxy": "me:sk-all@127.0.0.1:9"}
        found = [await run("doctor", "far", *more, "--config", path, env=env) for more in ([], ["--json"])]
        assert b"sk-canary" in server.requests[0].raw()
    for finished in found:
        assert finished.code == 1
        assert "sk-" not in finished.out + finished.err
        assert "network.proxy http://***@127.0.0.1:9" in " ".join(finished.out.split())
        assert "HTTPS_PROXY http://***@proxy.example.com:3128" in " ".join(finished.out.split())
        assert "all_proxy ***@127.0.0.1:9" in " ".join(finished.out.split())
    assert about(found[0], "far")[0].startswith("far: failed")
    assert any(line.startswith("auth FAILED") for line in about(found[0], "far"))
    assert "hint check the API key of this provider" in about(found[0], "far")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://proxy:3128", "http://proxy:3128"),
        ("http://me:pa/ss@proxy:3128", "http://***@proxy:3128"),
        ("me:p@ss@proxy", "***@proxy"),
        ("me:a://b@proxy", "***@proxy"),
        ("http://me:a://b@proxy", "http://***@proxy"),
    ],
)
def test_a_login_is_masked_however_it_is_written(url: str, shown: str) -> None:
    assert masked(url) == shown


async def test_a_server_that_is_not_there_fails_with_a_hint(
    config: Config, server: WireServer, run: Run
) -> None:
    path = config(far(server).rstrip("]") + f", {{id: gone, kind: ollama, base_url: '{NOWHERE}'}}]")
    finished = await run("doctor", "--config", path)
    assert finished.code == 1
    assert about(finished, "far")[0].startswith("far: key not tried")
    gone = about(finished, "gone")
    assert gone[2].startswith("tcp FAILED")
    assert gone[2].endswith(f"connection refused at {NOWHERE}")
    assert gone[3].startswith("hint start it with `ollama serve`")
    assert (await run("doctor", "far", "--config", path)).code == 0


@pytest.mark.parametrize(
    ("stages", "verdict"),
    [
        ([CheckState.SKIPPED, CheckState.OK], "ok"),
        ([CheckState.OK, CheckState.FAILED], "failed"),
        ([CheckState.SKIPPED], "failed"),
        ([], "failed"),
    ],
)
def test_only_what_was_checked_passes(stages: list[CheckState], verdict: str) -> None:
    report = ConnectionReport("p", tuple(CheckStage("name", state) for state in stages))
    assert Finding(ProviderInfo("p", "P", "scripted", "local"), report).verdict == verdict


async def test_a_provider_without_a_key_fails_only_where_it_is_named(config: Config, run: Run) -> None:
    path = config("providers: [{id: c, kind: claude, api_key: '${NOT_SET}'}, {id: demo, kind: scripted}]")
    finished = await run("doctor", "--config", path)
    assert finished.code == 0
    assert about(finished, "c")[1] == "no key set NOT_SET to use it"
    finished = await run("doctor", "c", "--config", path)
    assert finished.code == 1
    assert about(finished, "c")[1:] == ["settings FAILED 0 ms it has no API key", "hint set NOT_SET"]


async def test_all_are_asked_at_the_same_time(config: Config, run: Run) -> None:
    """Nobody answers before all were asked."""
    async with WireServer() as server:
        all_there = asyncio.Event()
        for place in "abc":
            server.reply(f"/{place}/models", [MODELS], before_head=all_there)
        rows = [f"{{id: {one}, kind: openai_compat, base_url: '{server.url}/{one}'}}" for one in "abc"]
        doctor = asyncio.create_task(run("doctor", "--config", config(f"providers: [{', '.join(rows)}]")))
        await server.exchange(2)
        all_there.set()
        assert (await doctor).code == 0


async def test_a_name_that_is_not_configured_is_an_error(
    config: Config, server: WireServer, run: Run
) -> None:
    finished = await run("doctor", "fra", "--config", config(far(server)))
    assert finished.code == 2
    assert "no provider 'fra'; configured: far" in finished.err
    assert server.exchanges == []


async def test_what_a_report_of_a_bug_needs(config: Config, server: WireServer, run: Run) -> None:
    path = config(far(server))
    env = {
        "TERM": "xterm-256color",
        "TERM_PROGRAM": "tmux",
        "COLORTERM": "truecolor",
        "TMUX": "/tmp/tmux-1/default,1,0",
        "SSH_CONNECTION": "192.0.2.7 1 192.0.2.8 22",
        "LC_ALL": "C.UTF-8",
    }
    await remember("example.com")
    told = facts(finished := await run("doctor", "--config", path, env=env))
    assert told["llmtui"] == __version__
    assert told["terminal"] == (
        "xterm-256color, tmux, 24-bit colours, output is no terminal, over SSH, C.UTF-8, utf-8"
    )
    assert told["config"] == f"{path} (-rw-------)"
    assert told["database"].startswith("~/data/llmtui/llmtui.db (-rw-------), ")
    assert "intact, version " in told["database"]
    assert told["log"].endswith("(drwx------)")
    assert told["keyring"] == "this system has no keyring: keys go to files of their own"
    assert "192.0.2" not in finished.out
    assert "is no terminal" in facts(await run("doctor", env={"NO_COLOR": "1"}))["terminal"]


async def test_a_damaged_database_is_told_and_left_alone(
    config: Config, server: WireServer, run: Run
) -> None:
    path = user_paths().database
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database at all " * 100)
    finished = await run("doctor", "--config", config(far(server)))
    assert "the file is no database" in facts(finished)["database"]
    assert path.read_bytes() == b"no database at all " * 100
    assert [one.name for one in path.parent.iterdir()] == [path.name]


async def test_nothing_is_made_by_looking(config: Config, server: WireServer, run: Run) -> None:
    await run("doctor", "--config", config(far(server)))
    assert not user_paths().data_dir.exists()


async def test_without_settings_the_rest_is_told(config: Config, run: Run) -> None:
    finished = await run("doctor", "--config", config("providers: [{id: a, kind: ollama, modl: m}]"))
    assert finished.code == 2
    assert facts(finished)["llmtui"] == __version__
    assert "did you mean 'model'" in finished.err


async def test_as_json(config: Config, server: WireServer, run: Run) -> None:
    finished = await run("doctor", "--json", "far", "--config", config(far(server)))
    found = json.loads(finished.out)
    assert found["facts"]["llmtui"] == __version__
    (provider,) = found["providers"]
    assert (provider["id"], provider["verdict"], provider["models"]) == ("far", "ok", 2)
    assert [stage["state"] for stage in provider["stages"]] == [*["ok"] * 6, "skipped"]
    assert all(stage["duration_s"] >= 0 for stage in provider["stages"])


async def test_what_helps_is_told_and_a_probe_of_all_stays_short(config: Config, run: Run) -> None:
    path = config(f"providers: [{{id: gone, kind: ollama, base_url: '{NOWHERE}'}}]")
    named = await run("doctor", "gone", "--config", path, env={"PATH": "/nowhere"})
    assert named.code == 1
    words = " ".join(about(named, "gone"))
    assert "nothing listens on port 9" in words
    assert any(text in words for text in ("https://ollama.com/download", "ollama serve"))
    found = json.loads((await run("doctor", "gone", "--json", "--config", path)).out)
    assert found["providers"][0]["remedies"]
    everybody = await run("doctor", "--config", path)
    assert [line.split()[0] for line in about(everybody, "gone")[1:3]] == ["name", "tcp"]


async def test_a_token_is_asked_for_only_when_told_to(config: Config, server: WireServer, run: Run) -> None:
    path = config(far(server, ", model: small"))
    await run("doctor", "far", "--config", path)
    assert {request.path for request in server.requests} == {"/v1/models"}
    chunk = b'data: {"model": "small", "choices": [{"index": 0, "delta": {"content": "Hi"}}]}\n\n'
    server.reply("/v1/chat/completions", [chunk, STALL], content_type="text/event-stream")
    finished = await run("doctor", "far", "--token", "--config", path)
    assert finished.code == 0
    assert about(finished, "far")[-1].startswith("token ok")
    assert about(finished, "far")[-1].endswith("small answers: 'Hi'")
    (asked,) = [request for request in server.requests if request.path != "/v1/models"]
    assert asked.json()["max_tokens"] == 16
    nobody = await run("doctor", "--token", "--config", path)
    assert nobody.code != 0
    assert "--token asks only providers that are named" in nobody.err


@pytest.mark.parametrize("columns", [40, 80, 200])
async def test_lines_fit_the_terminal(config: Config, run: Run, columns: int) -> None:
    path = config(
        f"providers: [{{id: gone, kind: ollama, base_url: '{NOWHERE}'}}, {{id: e, kind: embedded}}]"
    )
    finished = await run("doctor", "--config", path, env={"COLUMNS": str(columns)})
    width = min(columns, 100)
    wide = [line for line in finished.out.splitlines() if len(line) >= width]
    # A path is never broken: it is there to be copied.
    assert [line for line in wide if HANGING + max(map(len, line.split())) < width] == []
    assert "hint" in finished.out
