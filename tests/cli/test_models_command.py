"""`llmtui models` against a server that keeps models, in processes of its own."""

import json
import os
import pty
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from llmtui.testing.wire_server import CUT, WireServer
from tests.cli.commands import Finished, Run, Start
from tests.ollama_server import Model, OllamaServer
from tests.ollama_transcripts import LAYERS, NO_SUCH_MODEL, PULL, SUCCESS, Layer

Config = Callable[[str], str]


@pytest.fixture
async def ollama() -> AsyncIterator[OllamaServer]:
    async with OllamaServer() as server:
        server.store(Model("llama3.2:latest"), Model("cloudy-cloud", remote_host="https://ollama.com"))
        server.offer("tiny", LAYERS)
        yield server


@pytest.fixture
def box(ollama: OllamaServer, config: Config) -> str:
    return config(
        f"""\
providers:
  - {{id: box, kind: ollama, base_url: '{ollama.url}'}}
  - {{id: demo, kind: scripted}}
  - {{id: small, kind: embedded}}
"""
    )


Models = Callable[..., Any]


@pytest.fixture
def models(box: str, run: Run) -> Models:
    """Run an action at the Ollama of the test."""

    async def one(*arguments: str, provider: str = "box", **options: Any) -> Finished:
        return await run("models", *arguments, "-p", provider, "--config", box, **options)

    return one


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def drained(terminal: int) -> str:
    """All that was written to a terminal whose other end is closed."""
    shown = b""
    with suppress(OSError):
        while piece := os.read(terminal, 1 << 16):
            shown += piece
    os.close(terminal)
    return shown.decode()


async def test_what_is_there_is_listed_with_its_facts(models: Models) -> None:
    finished = await models("list")
    header, *rows = finished.out.splitlines()
    assert (finished.code, finished.err) == (0, "")
    assert header.split()[:2] == ["NAME", "SIZE"]
    assert {row.split()[0] for row in rows} == {"llama3.2:latest", "cloudy-cloud"}
    assert "2.0 GB" in finished.out
    assert "runs elsewhere" in finished.out
    listed = json.loads((await models("list", "--json")).out)
    assert {one["id"]: one["leaves_machine"] for one in listed} == {
        "llama3.2:latest": False,
        "cloudy-cloud": True,
    }


async def test_what_can_be_pulled_is_listed(models: Models) -> None:
    finished = await models("list", "--offered")
    (row,) = [row for row in finished.out.splitlines() if row.startswith("llama3.2 ")]
    assert "yes" in row.split()


async def test_a_pull_in_a_pipe_is_told_in_lines(models: Models, ollama: OllamaServer) -> None:
    finished = await models("pull", "tiny")
    told = lines(finished.out)
    assert finished.code == 0
    assert (told[-1]["state"], told[-1]["share"]) == ("done", 1.0)
    assert told[-1]["completed"] == told[-1]["total"] == sum(layer.size for layer in LAYERS)
    completed = [line["completed"] for line in told]
    assert completed == sorted(completed)
    assert "tiny:latest" in ollama.models


async def test_a_pull_on_a_terminal_draws_bars(box: str, start: Start, ollama: OllamaServer) -> None:
    ours, theirs = pty.openpty()
    command = await start(
        *("models", "pull", "tiny", "-p", "box", "--config", box), stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    assert (await command.finish()).code == 0
    shown = drained(ours)
    assert "4.0 MB of 4.0 MB" in shown
    assert "tiny is there" in shown


async def test_a_failed_pull_exits_by_its_error(models: Models, ollama: OllamaServer) -> None:
    ollama.script("nope", NO_SUCH_MODEL)
    finished = await models("pull", "nope")
    assert finished.code == 32
    last = lines(finished.out)[-1]
    assert (last["state"], last["error"]["type"]) == ("failed", "ModelNotFound")
    assert "file does not exist" in finished.err
    assert "hint: check the name" in finished.err


async def test_a_lost_connection_is_asked_for_again(models: Models, ollama: OllamaServer) -> None:
    ollama.script("tiny", [PULL[0], *PULL[1:3], CUT])
    finished = await models("pull", "tiny")
    told = lines(finished.out)
    assert (finished.code, told[-1]["state"], told[-1]["warning"]) == (0, "done", None)
    assert [request.path for request in ollama.requests].count("/api/pull") == 2
    assert any("try 2 of 8" in (line["warning"] or "") for line in told)


async def test_too_little_space_is_said(box: str, start: Start, ollama: OllamaServer, tmp_path: Path) -> None:
    ollama.offer("vast", [Layer.named("weights", 1 << 60)])
    hold = ollama.hold("vast", after=4)
    environment = {"OLLAMA_MODELS": str(tmp_path)}
    command = await start("models", "pull", "vast", "-p", "box", "--config", box, env=environment)
    await command.read_until('"warning": "only')
    hold.go_on.set()
    last = lines((await command.finish()).out.partition("\n")[2])[-1]
    assert (last["state"], last["warning"]) == ("done", None)


async def test_a_terminal_is_told_of_what_is_wrong(box: str, start: Start, ollama: OllamaServer) -> None:
    ollama.script("tiny", [PULL[0], *PULL[1:3], CUT])
    ours, theirs = pty.openpty()
    arguments = ("models", "pull", "tiny", "-p", "box", "--config", box)
    command = await start(*arguments, stdout=theirs, stderr=theirs)
    os.close(theirs)
    assert (await command.finish()).code == 0
    shown = drained(ours)
    assert shown.count("warning: lost: ") == 1
    assert "try 2 of 8" in shown


async def test_a_reader_that_leaves_ends_the_pull(box: str, start: Start, ollama: OllamaServer) -> None:
    hold = ollama.hold("tiny", after=3)
    ours, theirs = os.pipe()
    command = await start("models", "pull", "tiny", "-p", "box", "--config", box, stdout=theirs)
    os.close(theirs)
    await hold.reached.wait()
    os.close(ours)
    hold.go_on.set()
    finished = await command.finish()
    assert (finished.code, finished.err) == (141, "")


async def test_what_is_no_text_is_no_modelfile(models: Models, tmp_path: Path) -> None:
    piped = await models("create", "x", "-f", "-", stdin=b"FROM \xff")
    assert (piped.code, "is no text" in piped.err, "Traceback" in piped.err) == (2, True, False)


async def test_a_modelfile_is_sent_to_the_letter(
    models: Models, ollama: OllamaServer, tmp_path: Path
) -> None:
    system = "zero\u200bwidth \U0001f3f4\U000e0067\U000e0062 mark\ufeff"
    (tmp_path / "Modelfile").write_text(f"\ufeffFROM llama3.2\nSYSTEM {system}\n")
    assert (await models("create", "made", "-f", str(tmp_path / "Modelfile"))).code == 0
    assert ollama.models["made:latest"].system == system


async def test_ctrl_c_asks_to_stop_and_a_pull_resumes(
    box: str, start: Start, models: Models, ollama: OllamaServer
) -> None:
    hold = ollama.hold("tiny", after=4)
    command = await start("models", "pull", "tiny", "-p", "box", "--config", box)
    await hold.reached.wait()
    await command.read_until('"phase": "transfer"')
    command.interrupt()
    finished = await command.finish()
    assert finished.code == 130
    assert "stop requested; what is there stays, pull again to resume" in finished.err
    assert lines(finished.out.partition("\n")[2])[-1]["state"] == "stopped"
    hold.go_on.set()
    assert (await models("pull", "tiny")).code == 0
    assert "DELETE" not in {request.method for request in ollama.requests}


async def test_a_quiet_pull_says_nothing(models: Models) -> None:
    finished = await models("pull", "tiny", "-q")
    assert (finished.code, finished.out, finished.err) == (0, "", "")


async def test_a_model_is_shown(models: Models) -> None:
    shown = (await models("show", "llama3.2")).out
    assert "context" in shown
    assert "template:\n{{ .Prompt }}" in shown
    assert (await models("show", "llama3.2", "--modelfile")).out.startswith("# Modelfile")
    assert json.loads((await models("show", "llama3.2", "--json")).out)["facts"]["architecture"] == "llama"


async def test_a_model_is_loaded_listed_and_unloaded(models: Models) -> None:
    assert (await models("load", "llama3.2", "--keep", "forever")).code == 0
    running = json.loads((await models("ps", "--json")).out)
    assert [(one["name"], one["expires_at"]) for one in running] == [("llama3.2:latest", None)]
    assert "llama3.2:latest" in (await models("ps")).out
    assert (await models("load", "llama3.2", "--keep", "30m")).code == 0
    assert json.loads((await models("ps", "--json")).out)[0]["expires_at"] is not None
    assert (await models("unload", "llama3.2")).code == 0
    assert (await models("ps")).out == ""
    assert (await models("load", "llama3.2", "--keep", "soon")).code == 2


async def test_a_model_is_copied_and_deleted(models: Models, ollama: OllamaServer) -> None:
    assert (await models("cp", "llama3.2", "mine")).code == 0
    assert "mine:latest" in ollama.models
    taken = await models("cp", "cloudy-cloud", "mine")
    assert (taken.code, "there is a mine already" in taken.err) == (34, True)
    assert not ollama.models["mine:latest"].remote_host
    refused = await models("rm", "mine")
    assert (refused.code, "--yes" in refused.err) == (2, True)
    assert "mine:latest" in ollama.models
    assert (await models("rm", "mine", "--yes")).code == 0
    assert "mine:latest" not in ollama.models
    assert (await models("rm", "mine", "--yes")).code == 32


@pytest.mark.parametrize(("typed", "left"), [(b"y\n", False), (b"\n", True), (b"no\n", True)])
async def test_a_person_is_asked_before_a_model_goes(
    box: str, start: Start, ollama: OllamaServer, typed: bytes, left: bool
) -> None:
    ours, theirs = pty.openpty()
    command = await start("models", "rm", "llama3.2", "-p", "box", "--config", box, stdin=theirs)
    os.close(theirs)
    os.write(ours, typed)
    finished = await command.finish()
    os.close(ours)
    assert "delete llama3.2 of box (2.0 GB, its last name: the files go too)? [y/N]" in finished.err
    assert ("llama3.2:latest" in ollama.models) is left
    assert finished.code == int(left)


async def test_ctrl_c_leaves_the_question(box: str, start: Start, ollama: OllamaServer) -> None:
    ours, theirs = pty.openpty()
    command = await start("models", "rm", "llama3.2", "-p", "box", "--config", box, stdin=theirs)
    os.close(theirs)
    assert command.process.stderr
    await command.process.stderr.readuntil(b"[y/N]")
    command.interrupt()
    assert (await command.finish()).code == 130
    os.close(ours)
    assert "llama3.2:latest" in ollama.models


async def test_a_model_is_made_from_a_file_and_from_a_pipe(
    models: Models, ollama: OllamaServer, tmp_path: Path
) -> None:
    (tmp_path / "tiny.gguf").write_bytes(b"GGUF")
    (tmp_path / "Modelfile").write_text("FROM ./tiny.gguf\n")
    finished = await models("create", "made", "-f", str(tmp_path / "Modelfile"))
    assert (finished.code, lines(finished.out)[-1]["state"]) == (0, "done")
    assert (await models("create", "piped", "-f", "-", stdin=b"FROM made\nSYSTEM x\n")).code == 0
    assert ollama.models["piped:latest"].system == "x"
    wrong = await models("create", "x", "-f", "-", stdin=b"FROM made\nOOPS x\n")
    assert (wrong.code, "line 2" in wrong.err) == (2, True)
    assert (await models("create", "x", "-f", str(tmp_path / "none"))).code == 2


async def test_models_dev_is_asked_where_it_is_said_to_be(run: Run, config: Config) -> None:
    async with WireServer() as server:
        server.reply("/api.json", [b"{}"])
        arguments = ("models", "refresh", "--from", f"{server.url}/api.json", "--config", config(""))
        finished = await run(*arguments)
        assert [request.path for request in server.requests] == ["/api.json"]
    assert finished.out == ""


async def test_nothing_there_is_said(models: Models) -> None:
    finished = await models("ps")
    assert (finished.code, finished.out, finished.err) == (0, "", "none\n")


async def test_a_model_is_pushed(models: Models, ollama: OllamaServer) -> None:
    assert (await models("push", "llama3.2")).code == 0
    assert "llama3.2:latest" in ollama.registry
    ollama.script("llama3.2", [PULL[0], {"error": "you are not authorized to push"}])
    assert (await models("push", "llama3.2")).code == 20
    ollama.script("llama3.2", [SUCCESS])
    assert (await models("push", "llama3.2")).code == 0


async def test_who_keeps_no_models_says_so(models: Models) -> None:
    finished = await models("pull", "x", provider="demo")
    last = lines(finished.out)[-1]
    assert (finished.code, last["state"], last["error"]["type"]) == (33, "failed", "Unsupported")
    assert "cannot be managed" in finished.err
    assert (await models("load", "SmolLM2-135M-Instruct", provider="small")).code == 33
    assert (await models("pull", "llama3.2", provider="small")).code == 32
    assert (await models("list", provider="small")).out == ""
