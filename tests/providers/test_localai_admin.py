"""LocalAI's gallery over real HTTP, with the answers that its source writes."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import pytest

from llmtui.config.vendors import VENDORS
from llmtui.core.errors import (
    AuthError,
    IncompleteStream,
    ModelNotFound,
    Overloaded,
    ProviderError,
    ServerError,
    Unsupported,
)
from llmtui.core.model_admin import ModelAdmin, OfferedModel, TransferStep
from llmtui.providers import localai_admin
from llmtui.testing.wire_server import CUT, WireServer
from tests.providers.conftest import build_vendor

JOB = "4f1c"
JOB_PATH = f"/models/jobs/{JOB}"
CANCEL_PATH = f"/api/operations/{JOB}/cancel"
UNKNOWN_JOB = {"error": {"code": 500, "message": "could not find any status for ID", "type": ""}}
GALLERY = [
    {
        "name": "phi-2",
        "description": "Small\nand \x1b[31mred",
        "license": "mit",
        "gallery": {"name": "localai", "url": "github:mudler/LocalAI"},
        "installed": True,
        "size": "1.5GB",
    },
    {"name": "bare", "size": "2 GiB"},
    {"description": "without a name"},
]


def job(message: str, progress: float = 0, *, processed: bool = False, **more: Any) -> dict[str, Any]:
    return {
        "deletion": False,
        "file_name": "phi.gguf",
        "error": None,
        "processed": processed,
        "message": message,
        "progress": progress,
        "file_size": "1.2 GiB",
        "downloaded_size": "0.3 GiB",
        "gallery_element_name": "",
        **more,
    }


DONE = job("completed", 100, processed=True)


@pytest.fixture
async def localai() -> AsyncIterator[WireServer]:
    async with WireServer() as server:
        answer(server, "/models/apply", {"uuid": JOB, "status": f"{server.url}/models/jobs/{JOB}"})
        yield server


@pytest.fixture
async def admin(localai: WireServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ModelAdmin]:
    monkeypatch.setattr(localai_admin, "POLL_S", 0.0)
    async with aclosing(admin_of(localai)) as one:
        yield one


def admin_of(server: WireServer) -> ModelAdmin:
    settings = {"id": "box", "kind": "localai", "base_url": f"{server.url}/v1", "api_key": "sk-local"}
    admin = build_vendor(settings).model_admin()
    assert admin is not None
    return admin


def answer(server: WireServer, path: str, *payloads: Any, status: int = 200) -> None:
    for payload in payloads:
        server.reply(path, [json.dumps(payload).encode()], status=status)


async def installed(admin: ModelAdmin) -> Sequence[TransferStep]:
    async with aclosing(admin.pull("localai@phi-2")) as steps:
        return [step async for step in steps]


async def test_the_gallery_is_what_can_be_pulled(localai: WireServer, admin: ModelAdmin) -> None:
    answer(localai, "/models/available", GALLERY)
    assert await admin.offered() == [
        OfferedModel("localai@phi-2", "Small and ␛[31mred", 1_500_000_000, "mit", installed=True),
        OfferedModel("bare", size=2 << 30),
    ]
    assert localai.requests[0].headers["authorization"] == "Bearer sk-local"


async def test_an_installation_is_followed_to_its_end(localai: WireServer, admin: ModelAdmin) -> None:
    answer(localai, JOB_PATH, UNKNOWN_JOB, status=500)
    answer(localai, JOB_PATH, job("processing"), job("downloading", 25.5), DONE)
    assert await installed(admin) == [
        TransferStep("prepare", "waiting for its turn"),
        TransferStep("transfer", "processing", share=0),
        TransferStep("transfer", "downloading", share=0.255),
        TransferStep("done", "completed"),
    ]
    assert localai.requests[0].json() == {"id": "localai@phi-2"}
    assert CANCEL_PATH not in [request.path for request in localai.requests]


@pytest.mark.parametrize(
    ("end", "words", "kind"),
    [
        (job("error: no model found", processed=True, error={}), "no model found", ModelNotFound),
        (job("", processed=True, error="disk full"), "disk full", ServerError),
        (job("cancelled", processed=True, cancelled=True), "cancelled at the server", ServerError),
    ],
)
async def test_a_failed_installation_says_why(
    localai: WireServer, admin: ModelAdmin, end: dict[str, Any], words: str, kind: type[ProviderError]
) -> None:
    answer(localai, JOB_PATH, job("processing"), end)
    with pytest.raises(kind, match=words):
        await installed(admin)


async def test_a_lost_look_begins_no_second_installation(localai: WireServer, admin: ModelAdmin) -> None:
    answer(localai, JOB_PATH, job("processing"))
    localai.reply(JOB_PATH, [CUT])
    answer(localai, JOB_PATH, {"error": "restarting"}, status=503)
    answer(localai, JOB_PATH, DONE)
    assert [step.phase for step in await installed(admin)] == ["transfer", "done"]
    assert [request.path for request in localai.requests].count("/models/apply") == 1


async def test_a_server_that_stays_away_is_given_up(
    localai: WireServer, admin: ModelAdmin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(localai_admin, "LOST_FOR_S", 0.0)
    answer(localai, JOB_PATH, {"error": "down"}, status=503)
    with pytest.raises(Overloaded):
        await installed(admin)


async def test_what_has_ended_is_not_asked_to_stop(localai: WireServer, admin: ModelAdmin) -> None:
    answer(localai, JOB_PATH, DONE)
    async with aclosing(admin.pull("localai@phi-2")) as steps:
        assert (await anext(steps)).phase == "done"
    assert localai.requests[-1].path == JOB_PATH


async def test_a_job_that_the_server_forgot_is_no_success(localai: WireServer, admin: ModelAdmin) -> None:
    answer(localai, JOB_PATH, job("processing"))
    answer(localai, JOB_PATH, UNKNOWN_JOB, status=500)
    with pytest.raises(IncompleteStream, match="forgot"):
        await installed(admin)


async def test_leaving_asks_the_server_to_stop(localai: WireServer, admin: ModelAdmin) -> None:
    answer(localai, JOB_PATH, job("downloading", 3))
    answer(localai, CANCEL_PATH, {"success": True})
    async with aclosing(admin.pull("localai@phi-2")) as steps:
        await anext(steps)
    assert localai.requests[-1].path == CANCEL_PATH


async def test_a_cancelled_task_asks_too_and_a_server_that_cannot_is_left_alone(
    localai: WireServer, admin: ModelAdmin
) -> None:
    answer(localai, JOB_PATH, job("downloading", 3))
    pulling = asyncio.create_task(installed(admin))
    await localai.exchange(3)
    pulling.cancel()
    await asyncio.wait([pulling])
    assert pulling.cancelled()
    assert localai.requests[-1].path == CANCEL_PATH


async def test_what_is_stored_is_what_can_be_asked(localai: WireServer, admin: ModelAdmin) -> None:
    answer(localai, "/v1/models", {"object": "list", "data": [{"id": "phi-2", "object": "model"}, {}]})
    assert [one.name for one in await admin.stored()] == ["phi-2"]
    assert await admin.free_space() is None


async def test_a_deleted_model_is_gone(localai: WireServer, admin: ModelAdmin) -> None:
    answer(localai, "/models/delete/a%2Fb", {"uuid": JOB, "status": ""})
    answer(localai, JOB_PATH, UNKNOWN_JOB, status=500)
    answer(localai, "/v1/models", {"data": [{"id": "a/b"}]}, {"data": []})
    await admin.delete("a/b")
    assert localai.requests[0].method == "POST"


async def test_a_deletion_that_fails_says_why(localai: WireServer, admin: ModelAdmin) -> None:
    answer(localai, "/models/delete/m", {"uuid": JOB, "status": ""})
    answer(localai, "/v1/models", {"data": [{"id": "m"}]})
    answer(localai, JOB_PATH, job("error: permission denied", processed=True, deletion=True))
    with pytest.raises(ServerError, match="permission denied"):
        await admin.delete("m")


@pytest.mark.parametrize("path", ["/models/available", "/models/apply"])
async def test_a_server_without_a_gallery_is_named(path: str) -> None:
    async with WireServer() as server, aclosing(admin_of(server)) as admin:
        asked = admin.offered() if path.endswith("available") else installed(admin)
        with pytest.raises(Unsupported, match="no model gallery") as failure:
            await asked
        assert "LocalAI" in failure.value.hint


async def test_a_refused_key_stays_a_refused_key(localai: WireServer, admin: ModelAdmin) -> None:
    answer(localai, "/models/available", {"error": "no"}, status=401)
    with pytest.raises(AuthError):
        await admin.offered()


async def test_what_localai_cannot_do_is_said(admin: ModelAdmin) -> None:
    for asked in (admin.show("m"), admin.running(), admin.copy("m", "n"), admin.load("m"), admin.unload("m")):
        with pytest.raises(Unsupported, match="LocalAI cannot"):
            await asked
    for transfer in (admin.push("m"), admin.create("m", "FROM x")):
        with pytest.raises(Unsupported, match="LocalAI cannot"):
            await anext(transfer)


@pytest.mark.parametrize("kind", sorted(set(VENDORS) - {"localai"}))
def test_other_vendors_manage_no_models(kind: str) -> None:
    settings = {"id": "v", "kind": kind, "base_url": "http://127.0.0.1:9", "api_key": "sk"}
    assert build_vendor(settings).model_admin() is None
