"""The models of an Ollama server, managed over real HTTP against a server that keeps models."""

import asyncio
import gzip
import hashlib
import math
import shutil
import ssl
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from llmtui.core.errors import (
    AuthError,
    BadRequest,
    ConfigError,
    ConnectError,
    DiskFull,
    IncompleteStream,
    LlmtuiError,
    ModelNotFound,
    Overloaded,
    ProtocolError,
    ProviderError,
    ServerError,
    Unsupported,
)
from llmtui.core.model_admin import ModelAction, ModelAdmin, TransferStep
from llmtui.core.models import Fact, Limit
from llmtui.providers.ollama import folder
from llmtui.providers.ollama.stored import details_of, running_of, stored_of
from llmtui.providers.wires.ollama_transfer import step_of
from llmtui.testing.wire_server import CUT, STALL, WireServer
from tests import ollama_transcripts as transcripts
from tests.ollama_server import Model, OllamaServer
from tests.ollama_transcripts import LAYERS, PULL, WEIGHTS, Step, as_writes
from tests.providers.conftest import build

NDJSON = "application/x-ndjson"
LLAMA = Model("llama3.2:latest")
CLOSE_CLOCK_S = 0.1


def admin_of(url: str, **settings: Any) -> ModelAdmin:
    provider = build({"id": "box", "kind": "ollama", "base_url": url, **settings})
    admin = provider.model_admin()
    assert admin is not None
    return admin


@pytest.fixture
async def ollama() -> AsyncIterator[OllamaServer]:
    async with OllamaServer() as server:
        server.store(LLAMA)
        yield server


@pytest.fixture
async def admin(ollama: OllamaServer) -> AsyncIterator[ModelAdmin]:
    async with aclosing(admin_of(ollama.url)) as one:
        yield one


async def steps_of(admin: ModelAdmin, model: str = "m") -> list[TransferStep]:
    async with aclosing(admin.pull(model)) as steps:
        return [step async for step in steps]


async def failure_of(admin: ModelAdmin, model: str = "m") -> LlmtuiError:
    with pytest.raises(LlmtuiError) as failure:
        await steps_of(admin, model)
    return failure.value


async def steps_of_bytes(writes: Sequence[Any], **reply: Any) -> list[TransferStep]:
    async with WireServer() as server:
        server.reply("/api/pull", writes, **{"content_type": NDJSON, **reply})
        async with aclosing(admin_of(server.url)) as admin:
            return await steps_of(admin)


# Pulling


async def test_a_pull_is_told_step_by_step_and_the_model_is_there(
    ollama: OllamaServer, admin: ModelAdmin
) -> None:
    ollama.offer("m", LAYERS)
    steps = await steps_of(admin)
    assert [step.phase for step in steps[:2]] == ["prepare", "transfer"]
    assert steps[1] == TransferStep(
        "transfer", f"pulling {WEIGHTS.digest[7:19]}", WEIGHTS.digest, 0, WEIGHTS.size
    )
    assert [step.phase for step in steps[-3:]] == ["verify", "write", "done"]
    ends = {step.part: step.completed for step in steps if step.phase == "transfer"}
    assert ends == {layer.digest: layer.size for layer in LAYERS}
    assert {one.name for one in await admin.stored()} == {"llama3.2:latest", "m:latest"}
    assert ollama.requests[0].json() == {"model": "m", "insecure": False, "stream": True}


@pytest.mark.parametrize("name", ["", " ", "\ud800"])
async def test_what_is_no_name_of_a_model_is_refused_before_it_is_sent(
    ollama: OllamaServer, admin: ModelAdmin, name: str
) -> None:
    for asked in (steps_of(admin, name), admin.delete(name), admin.copy("llama3.2", name)):
        with pytest.raises(BadRequest, match="no name of a model"):
            await asked
    assert ollama.requests == []


async def test_a_pull_that_was_left_goes_on_where_it_was(ollama: OllamaServer, admin: ModelAdmin) -> None:
    ollama.offer("m", LAYERS)
    hold = ollama.hold("m", after=4)
    async with aclosing(admin.pull("m")) as steps:
        seen: list[TransferStep] = []
        async for step in steps:
            seen.append(step)
            if len(seen) == 4:
                break
    await (await ollama.exchange(0)).client_left
    hold.go_on.set()
    again = await steps_of(admin)
    assert again[1].completed == seen[-1].completed > 0
    assert [one.name for one in await admin.stored()][:1] == ["m:latest"]


@pytest.mark.parametrize(
    "name", ["CACHED", "UNUSED", "ROLLBACK", "PSEUDO_DIGEST", "NO_NUMBERS", "BLANK_LINES", "PULL"]
)
async def test_every_way_that_a_pull_goes_well_ends_with_done(
    ollama: OllamaServer, admin: ModelAdmin, name: str
) -> None:
    ollama.script("m", getattr(transcripts, name))
    steps = await steps_of(admin)
    assert [step.phase for step in steps].index("done") == len(steps) - 1


async def test_what_a_server_takes_back_is_told_as_it_is(ollama: OllamaServer, admin: ModelAdmin) -> None:
    ollama.script("m", transcripts.ROLLBACK)
    completed = [step.completed for step in await steps_of(admin) if step.part == WEIGHTS.digest]
    assert completed == [0, 3_000_000, 1_000_000, 0, WEIGHTS.size]


@pytest.mark.parametrize(
    ("name", "error_class", "words", "retryable"),
    [
        ("NO_SUCH_MODEL", ModelNotFound, "ollama.com/search", False),
        ("DISK_FULL", DiskFull, "free some space", False),
        ("TOO_OLD", Unsupported, "update Ollama", False),
        ("RETRIES_EXCEEDED", ServerError, "cannot reach its registry", True),
        ("NO_REGISTRY", ServerError, "cannot reach its registry", True),
        ("CUT_OFF", IncompleteStream, "", True),
        ("ENDED_EARLY", IncompleteStream, "what is there stays", True),
        ("GARBAGE", ProtocolError, "", False),
    ],
)
async def test_a_pull_that_fails_says_why_and_what_to_do(
    ollama: OllamaServer,
    admin: ModelAdmin,
    name: str,
    error_class: type[ProviderError],
    words: str,
    retryable: bool,
) -> None:
    ollama.script("m", getattr(transcripts, name))
    error = await failure_of(admin)
    assert type(error) is error_class
    assert words in error.hint
    assert error_class.retryable is retryable


@pytest.mark.parametrize(
    ("status", "body", "error_class", "words"),
    [
        (401, b'{"error": "unauthorized", "signin_url": "https://ollama.com/c?k=1"}', AuthError, "c?k=1"),
        (403, b'{"error": "forbidden"}', AuthError, ""),
        (503, b'{"error": "server busy"}', Overloaded, ""),
        (500, b'{"error": "pull model manifest: file does not exist"}', ModelNotFound, "ollama.com/search"),
        (400, b'{"error": "invalid model name"}', BadRequest, "user/model"),
        (404, b"404 page not found", BadRequest, "base URL"),
        (502, transcripts.LOGIN_PAGE, ServerError, ""),
    ],
)
async def test_a_refused_pull_is_named(
    status: int, body: bytes, error_class: type[ProviderError], words: str
) -> None:
    with pytest.raises(error_class) as failure:
        await steps_of_bytes([body], status=status, content_type="application/json")
    assert type(failure.value) is error_class
    assert words in failure.value.hint


@pytest.mark.parametrize("content_type", ["text/html", NDJSON])
async def test_a_login_page_is_no_pull(content_type: str) -> None:
    with pytest.raises(ProtocolError, match="Sign in to the guest network"):
        await steps_of_bytes([transcripts.LOGIN_PAGE], content_type=content_type)


async def test_the_bytes_may_be_cut_and_wrapped_anyhow() -> None:
    whole = await steps_of_bytes(as_writes(PULL))
    line_ends = b"".join(step for step in as_writes(PULL, b"\r\n") if isinstance(step, bytes))
    assert await steps_of_bytes([bytes([byte]) for byte in line_ends]) == whole
    assert await steps_of_bytes([line_ends.rstrip()]) == whole
    zipped = gzip.compress(line_ends)
    assert await steps_of_bytes([zipped], headers={"content-encoding": "gzip"}) == whole


async def test_slow_headers_are_no_failure() -> None:
    gate = asyncio.Event()
    async with WireServer() as server:
        server.reply("/api/pull", as_writes(PULL), content_type=NDJSON, before_head=gate)
        async with aclosing(admin_of(server.url)) as admin:
            pulling = asyncio.create_task(steps_of(admin))
            await server.exchange(0)
            gate.set()
            assert (await pulling)[-1].phase == "done"


@pytest.mark.parametrize("name", ["STALLED", "PULL"])
async def test_a_closed_pull_closes_the_socket_at_once(
    ollama: OllamaServer, admin: ModelAdmin, name: str
) -> None:
    # The SDK's import is no part of what is measured.
    import_module("ollama")
    ollama.script("m", [*getattr(transcripts, name)[:3], STALL])
    loop = asyncio.get_running_loop()
    async with aclosing(admin.pull("m")) as steps:
        await anext(steps)
        began_s = loop.time()
    assert await (await ollama.exchange(0)).client_left - began_s < CLOSE_CLOCK_S


async def test_a_cancelled_pull_closes_the_socket_while_it_stalls(
    ollama: OllamaServer, admin: ModelAdmin
) -> None:
    ollama.script("m", transcripts.STALLED)
    pulling = asyncio.create_task(steps_of(admin))
    exchange = await ollama.exchange(0)
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    pulling.cancel()
    assert await exchange.client_left - began_s < CLOSE_CLOCK_S
    assert pulling.cancelled() or await asyncio.wait([pulling])


async def test_a_pull_deletes_nothing(ollama: OllamaServer, admin: ModelAdmin) -> None:
    for transcript in (transcripts.CUT_OFF, transcripts.DISK_FULL):
        ollama.script("m", transcript)
        await failure_of(admin)
    assert {request.method for request in ollama.requests} == {"POST"}
    assert {request.path for request in ollama.requests} == {"/api/pull"}


async def test_nothing_of_the_environment_is_sent_or_asked(
    ollama: OllamaServer, admin: ModelAdmin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "sk-environment")
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    ollama.offer("m", LAYERS)
    await steps_of(admin)
    await admin.copy("m", "n")
    await admin.delete("n")
    assert not any(b"sk-environment" in request.raw() for request in ollama.requests)
    assert all("authorization" not in request.headers for request in ollama.requests)


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({"api_key": "sk-1"}, "Bearer sk-1"),
        ({"headers": {"Authorization": "Custom 7"}}, "Custom 7"),
    ],
)
async def test_every_request_is_authorised_as_the_settings_say(settings: dict[str, Any], sent: str) -> None:
    async with OllamaServer() as server:
        server.store(LLAMA)
        server.offer("m", LAYERS)
        async with aclosing(admin_of(server.url, **settings)) as admin:
            await steps_of(admin)
            await admin.stored()
            await admin.copy("m", "n")
            await admin.load("n")
        assert {request.headers.get("authorization") for request in server.requests} == {sent}


async def test_an_authority_of_the_settings_is_trusted(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with OllamaServer(tls=context) as server:
        server.offer("m", LAYERS)
        trusting = admin_of(server.url, network={"ca_file": str(tmp_path / "ca.pem")})
        async with aclosing(trusting), aclosing(admin_of(server.url)) as distrusting:
            assert (await steps_of(trusting))[-1].phase == "done"
            assert isinstance(await failure_of(distrusting), ConnectError)


async def test_a_key_that_a_server_echoes_is_not_shown(ollama: OllamaServer) -> None:
    ollama.script("m", [transcripts.MANIFEST, {"error": "no space left for sk-secret-0123456789"}])
    async with aclosing(admin_of(ollama.url, api_key="sk-secret-0123456789")) as admin:
        error = await failure_of(admin)
    assert isinstance(error, DiskFull)
    assert "sk-secret" not in f"{error} {error.hint} {error!r}"


async def test_user_and_password_of_the_address_are_sent(ollama: OllamaServer) -> None:
    async with aclosing(admin_of(ollama.url.replace("://", "://me:secret@"))) as admin:
        await admin.stored()
    assert ollama.requests[0].headers["authorization"].startswith("Basic ")


async def test_a_server_that_wants_a_key_names_the_page(ollama: OllamaServer) -> None:
    async with OllamaServer(key="right") as server, aclosing(admin_of(server.url, api_key="wrong")) as admin:
        error = await failure_of(admin)
        assert isinstance(error, AuthError)
        assert error.hint.startswith("sign in at https://ollama.com/connect")
        with pytest.raises(AuthError):
            await admin.delete("m")


async def test_nobody_there_is_said_plainly() -> None:
    async with WireServer() as server:
        url = server.url
    async with aclosing(admin_of(url)) as admin:
        assert isinstance(await failure_of(admin), ConnectError)
        with pytest.raises(ConnectError):
            await admin.stored()


async def test_a_registry_on_loopback_is_asked_without_tls(ollama: OllamaServer, admin: ModelAdmin) -> None:
    ollama.offer("127.0.0.1:5000/library/tiny", LAYERS)
    await steps_of(admin, "127.0.0.1:5000/library/tiny")
    assert ollama.requests[0].json()["insecure"] is True


# What is there


async def test_the_stored_models_are_told_whole(ollama: OllamaServer, admin: ModelAdmin) -> None:
    ollama.store(Model("gpt-oss:120b-cloud", size=384, remote_host="https://ollama.com:443"))
    cloud, llama = sorted(await admin.stored(), key=lambda model: model.name)
    assert llama.size == LLAMA.size
    assert llama.digest == LLAMA.digest
    assert (llama.family, llama.parameters, llama.quantization) == ("llama", "3.2B", "Q4_K_M")
    assert llama.modified_at == LLAMA.modified_at
    assert not llama.leaves_machine
    assert llama.capabilities.tools == Fact.yes("live")
    assert llama.capabilities.image == Fact.no("live")
    assert llama.capabilities.context_window == Limit(131_072, "live")
    assert cloud.leaves_machine
    assert cloud.size is None


async def test_a_model_is_shown_with_all_that_the_server_tells(
    ollama: OllamaServer, admin: ModelAdmin
) -> None:
    ollama.store(Model("m:latest", system="Be\x1b[31m brief."))
    shown = await admin.show("m")
    assert shown.template == "{{ .Prompt }}"
    assert shown.system == "Be␛[31m brief."
    assert shown.licence.startswith("LLAMA 3.2")
    assert "temperature" in shown.parameters
    assert "FROM m:latest" in shown.modelfile
    assert shown.facts["context"] == "131072"
    assert list(shown.facts)[:3] == ["architecture", "parameters", "quantization"]
    assert shown.capabilities.tools == Fact.yes("live")


async def test_an_unknown_model_is_not_found(admin: ModelAdmin) -> None:
    for asked in (admin.show("no"), admin.delete("no"), admin.load("no"), admin.copy("no", "n")):
        with pytest.raises(ModelNotFound, match="'no' not found"):
            await asked


@pytest.mark.parametrize(("keep_alive_s", "sent"), [(None, "5m"), (90.0, 90.0), (math.inf, -1), (0.5, 0.5)])
async def test_a_model_is_loaded_for_as_long_as_asked(
    ollama: OllamaServer, admin: ModelAdmin, keep_alive_s: float | None, sent: object
) -> None:
    await admin.load("llama3.2", keep_alive_s)
    assert ollama.requests[0].json()["keep_alive"] == sent
    (running,) = await admin.running()
    assert running.name == "llama3.2:latest"
    assert running.context == 4096
    assert running.size
    assert running.size_gpu == running.size // 2
    if keep_alive_s is math.inf:
        assert running.expires_at is None
    else:
        assert running.expires_at is not None
        assert running.expires_at - datetime.now(UTC) <= timedelta(seconds=keep_alive_s or 300)
    await admin.unload("llama3.2")
    assert await admin.running() == []


async def test_a_model_is_loaded_with_the_context_that_chats_ask_for(ollama: OllamaServer) -> None:
    async with aclosing(admin_of(ollama.url, options={"num_ctx": 2048, "keep_alive": "1h"})) as admin:
        await admin.load("llama3.2")
        (running,) = await admin.running()
    assert running.context == 2048
    assert ollama.requests[0].json()["keep_alive"] == "1h"


async def test_a_copy_is_the_same_model_until_the_last_name_goes(
    ollama: OllamaServer, admin: ModelAdmin
) -> None:
    await admin.copy("llama3.2", "mine")
    first, second = await admin.stored()
    assert first.digest == second.digest
    await admin.delete("llama3.2")
    assert [one.name for one in await admin.stored()] == ["mine:latest"]


async def test_a_push_is_told_as_a_pull_is(ollama: OllamaServer, admin: ModelAdmin) -> None:
    async with aclosing(admin.push("llama3.2")) as pushing:
        steps = [step async for step in pushing]
    assert [steps[0].phase, steps[-2].phase, steps[-1].phase] == ["prepare", "write", "done"]
    assert "llama3.2:latest" in ollama.registry


# Making


async def test_a_model_is_made_from_another(ollama: OllamaServer, admin: ModelAdmin) -> None:
    text = 'FROM llama3.2\nSYSTEM """Be\nbrief."""\nPARAMETER temperature 0.5\nPARAMETER stop "a b"\n'
    text += "PARAMETER stop c\nMESSAGE user Hi\nRENDERER qwen3-coder\n"
    async with aclosing(admin.create("mine", text)) as making:
        steps = [step async for step in making]
    assert steps[-1].phase == "done"
    assert ollama.requests[-1].json() == {
        "model": "mine",
        "from": "llama3.2",
        "system": "Be\nbrief.",
        "parameters": {"temperature": 0.5, "stop": ["a b", "c"]},
        "messages": [{"role": "user", "content": "Hi"}],
        "renderer": "qwen3-coder",
        "stream": True,
    }
    assert (await admin.show("mine")).system == "Be\nbrief."


async def test_files_are_sent_once_with_their_progress(
    ollama: OllamaServer, admin: ModelAdmin, tmp_path: Path
) -> None:
    weights = b"GGUF" + bytes(3 << 20)
    (tmp_path / "tiny.gguf").write_bytes(weights)
    (tmp_path / "lora.gguf").write_bytes(b"GGUF lora")
    text = "FROM ./tiny.gguf\nADAPTER lora.gguf\n"
    async with aclosing(admin.create("tiny", text, tmp_path)) as making:
        steps = [step async for step in making]
    digest = f"sha256:{hashlib.sha256(weights).hexdigest()}"
    sent = [step.completed for step in steps if step.part == digest]
    assert sent == sorted(sent)
    assert sent[-1] == len(weights)
    assert ollama.blobs[digest] == weights
    body = ollama.requests[-1].json()
    assert body["files"] == {"tiny.gguf": digest}
    assert list(body["adapters"]) == ["lora.gguf"]
    async with aclosing(admin.create("again", text, tmp_path)) as making:
        assert [step async for step in making][-1].phase == "done"
    uploads = [
        request for request in ollama.requests if request.method == "POST" and "/blobs/" in request.path
    ]
    assert len(uploads) == 2


async def test_a_folder_is_sent_with_what_belongs_to_the_model(
    ollama: OllamaServer, admin: ModelAdmin, tmp_path: Path
) -> None:
    wanted = {"model-1.safetensors", "config.json", "tokenizer.model"}
    for name in (*wanted, "README.md"):
        (tmp_path / name).write_text(name)
    async with aclosing(admin.create("m", f"FROM {tmp_path}\n")) as making:
        assert [step async for step in making][-1].phase == "done"
    assert set(ollama.requests[-1].json()["files"]) == {
        "model-1.safetensors",
        "config.json",
        "tokenizer.model",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FROM ./no.gguf", "line 1: there is no file"),
        ("FROM llama3.2\nADAPTER none", "line 2: there is no file"),
        ("FROM llama3.2\n\nFORM x", "line 3: unknown instruction 'FORM'"),
        ("SYSTEM x", "no FROM"),
        ("FROM ~nobody-at-all/x.gguf", "line 1: cannot read"),
        ("FROM empty", "line 1: the folder .* holds no model"),
        ("FROM locked.gguf", r"locked\.gguf"),
        (f"FROM ./{'x' * 300}", "line 1: cannot read"),
    ],
)
async def test_a_faulty_modelfile_is_refused_before_anything_is_sent(
    ollama: OllamaServer, admin: ModelAdmin, tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "locked.gguf").symlink_to("/proc/self/mem")
    with pytest.raises(ConfigError, match=words):
        async with aclosing(admin.create("m", text, tmp_path)) as making:
            await anext(making)
    assert ollama.requests == []


async def test_a_stopped_upload_closes_its_socket(tmp_path: Path) -> None:
    (tmp_path / "big.gguf").write_bytes(bytes(8 << 20))

    async with OllamaServer() as server, aclosing(admin_of(server.url)) as admin:
        async with aclosing(admin.create("m", "FROM big.gguf", tmp_path)) as making:
            async for step in making:
                if step.phase == "transfer":
                    break
        assert await asyncio.wait_for(server.connections[-1].client_left, 1)


# Limits


async def test_ollama_com_only_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    async with aclosing(admin_of("https://ollama.com", api_key="sk")) as admin:
        assert admin.actions == {ModelAction.SHOW}
        assert await admin.offered() == []
        with pytest.raises(Unsupported, match="cannot pull"):
            await steps_of(admin)
        with pytest.raises(Unsupported, match="cannot delete"):
            await admin.delete("m")


async def test_names_worth_knowing_need_no_server() -> None:
    async with aclosing(admin_of("http://127.0.0.1:9")) as admin:
        names = [one.name for one in await admin.offered()]
    assert "llama3.2" in names
    assert len(names) == len(set(names))


async def test_the_disk_is_looked_at_where_the_server_is_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path))
    async with aclosing(admin_of("http://127.0.0.1:9")) as admin:
        free = await admin.free_space()
    assert free is not None
    assert free <= shutil.disk_usage(tmp_path).total
    async with aclosing(admin_of("http://192.0.2.1:11434")) as admin:
        assert await admin.free_space() is None


async def test_no_folder_is_no_number(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "SERVICE_FOLDER", isolated / "none")
    async with aclosing(admin_of("http://127.0.0.1:9")) as admin:
        assert await admin.free_space() is None
        (isolated / ".ollama" / "models").mkdir(parents=True)
        assert await admin.free_space()


async def test_the_sdk_is_imported_off_the_loop_and_late(ollama: OllamaServer) -> None:
    program = (
        "import asyncio, sys\n"
        "from llmtui.config.schema import ProviderSettings\n"
        "from llmtui.providers.ollama.provider import OllamaProvider\n"
        f"settings = ProviderSettings(id='o', kind='ollama', base_url='{ollama.url}')\n"
        "async def main():\n"
        "    admin = OllamaProvider(settings).model_admin()\n"
        "    await admin.stored()\n"
        "    print('ollama' in sys.modules)\n"
        "    await admin.copy('llama3.2', 'x')\n"
        "    print('ollama' in sys.modules)\n"
        "    await admin.aclose()\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert out.decode().split() == ["False", "True"]


# What a real server said

RECORDINGS = Path(__file__).parent / "recordings" / "ollama-0.9.3"


async def recorded(name: str) -> list[TransferStep]:
    return await steps_of_bytes([(RECORDINGS / f"{name}.ndjson").read_bytes()])


@pytest.mark.parametrize("name", ["pull", "cached", "push", "create"])
async def test_real_transfers_are_read_to_their_end(name: str) -> None:
    steps = await recorded(name)
    assert [step.phase for step in steps[-2:]] == ["write", "done"]
    for step in steps:
        assert step.total is None or 0 <= step.completed <= step.total
        assert (step.phase == "transfer") is bool(step.part)


async def test_a_real_pull_tells_four_layers_of_which_each_is_whole() -> None:
    last = {step.part: step for step in await recorded("pull") if step.part}
    assert len(last) == 4
    assert all(step.completed == step.total for step in last.values())


async def test_a_real_registry_that_went_away_is_worth_another_try() -> None:
    with pytest.raises(ServerError, match="connection refused") as failure:
        await recorded("registry-gone")
    assert "pull again" in failure.value.hint


# Whatever a server says

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = (
    "status",
    "digest",
    "total",
    "completed",
    "models",
    "name",
    "details",
    "model_info",
    "size",
    "expires_at",
)
objects = st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), json_values, max_size=6)


@given(objects)
def test_any_line_is_a_step(line: dict[str, Any]) -> None:
    step = step_of(line)
    assert step.completed >= 0
    assert step.total is None or step.total > 0
    assert "\x1b" not in step.text + step.part


@given(st.lists(objects, max_size=3), objects)
def test_no_answer_breaks_the_lists(entries: list[dict[str, Any]], answer: dict[str, Any]) -> None:
    stored_of({"models": entries})
    running_of({"models": entries})
    details_of("m", answer)
    stored_of(answer)


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_a_time_at_the_end_of_time_is_none(year: str) -> None:
    [stored] = stored_of({"models": [{"name": "m", "modified_at": f"{year}-12-31T23:59:59Z"}]})
    assert stored.modified_at is None


def test_transcripts_are_what_they_are_called() -> None:
    steps: Sequence[Step] = transcripts.CUT_OFF
    assert steps[-1] is CUT
    assert transcripts.STALLED[-1] is STALL
