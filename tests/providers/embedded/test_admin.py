"""The embedded model, managed: its file on this disk and its process."""

import asyncio
import os
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from llmtui.config.paths import Paths
from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import user
from llmtui.core.errors import DiskFull, ModelNotFound, Overloaded, ProviderError, Unsupported
from llmtui.core.model_admin import ModelAction, ModelAdmin, TransferStep
from llmtui.core.models import Capabilities
from llmtui.providers.embedded import weights as weights_module
from llmtui.providers.embedded.admin import EmbeddedAdmin, ServedFile
from llmtui.providers.embedded.gguf import read_head
from llmtui.providers.embedded.supervisor import Order, Supervisor
from llmtui.providers.embedded.weights import model_path
from llmtui.providers.kinds import Embedded
from tests.providers.embedded.conftest import Build
from tests.providers.embedded.gguf_files import gguf_bytes
from tests.providers.embedded.processes import children_of, wait_until_gone
from tests.providers.embedded.test_weights import CONTENT, SMALL, Publish, leftovers, publish

__all__ = ["publish"]
ModelFile = Callable[[str], Path]
MODEL = Embedded.default_model


def nothing_to_serve() -> Order:
    raise AssertionError("nothing is loaded here")


@pytest.fixture
def fetching(tmp_path: Path) -> ModelAdmin:
    """What manages a model that a small wheel of the test's own holds."""
    path = model_path(tmp_path, SMALL)
    served = ServedFile(MODEL, path, False, lambda: read_head(path), Capabilities)
    return EmbeddedAdmin("embedded", served, tmp_path, Supervisor(nothing_to_serve, tmp_path / "log"), SMALL)


async def steps_of(admin: ModelAdmin, model: str = MODEL) -> list[TransferStep]:
    async with aclosing(admin.pull(model)) as steps:
        return [step async for step in steps]


async def test_the_model_is_pulled_verified_and_told_as_there(
    fetching: ModelAdmin, publish: Publish, tmp_path: Path
) -> None:
    publish(CONTENT)
    (offered,) = await fetching.offered()
    assert (offered.name, offered.size, offered.installed) == (MODEL, SMALL.wheel_size, False)
    phases = [step.phase for step in await steps_of(fetching)]
    assert phases == sorted(phases, key=("transfer", "verify", "done").index)
    assert {"transfer", "verify", "done"} <= set(phases)
    assert (await fetching.offered())[0].installed
    assert model_path(tmp_path, SMALL).read_bytes() == CONTENT
    assert [step.phase for step in await steps_of(fetching, "embedded")] == ["done"]


async def test_only_the_one_model_can_be_fetched(fetching: ModelAdmin) -> None:
    with pytest.raises(ModelNotFound, match="cannot fetch llama3"):
        await steps_of(fetching, "llama3.2")


async def test_a_pull_that_is_left_leaves_no_file_and_no_lock(
    fetching: ModelAdmin, publish: Publish, tmp_path: Path
) -> None:
    publish(CONTENT)
    async with aclosing(fetching.pull(MODEL)) as steps:
        await anext(steps)
    assert leftovers(tmp_path) == []
    # No other fetch holds the lock any more.
    assert (await steps_of(fetching))[-1].phase == "done"


async def test_a_cancelled_pull_ends_its_download(
    fetching: ModelAdmin, publish: Publish, tmp_path: Path
) -> None:
    publish(CONTENT)
    begun = asyncio.Event()

    async def pull() -> None:
        async with aclosing(fetching.pull(MODEL)) as steps:
            async for _ in steps:
                begun.set()

    pulling = asyncio.create_task(pull())
    await begun.wait()
    pulling.cancel()
    await asyncio.wait([pulling])
    assert pulling.cancelled()
    assert leftovers(tmp_path) == []


async def test_a_fetch_that_fails_is_a_provider_error(
    fetching: ModelAdmin, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(b"another file")
    with pytest.raises(ProviderError, match="not the expected file") as failure:
        await steps_of(fetching)
    assert failure.value.hint
    monkeypatch.setattr(weights_module, "_SPARE_BYTES", 1 << 62)
    with pytest.raises(DiskFull, match="not enough space"):
        await steps_of(fetching)


async def test_what_was_fetched_is_deleted_and_nothing_else(
    fetching: ModelAdmin, publish: Publish, tmp_path: Path
) -> None:
    publish(CONTENT)
    await steps_of(fetching)
    other = tmp_path / "models" / "other.gguf"
    other.touch()
    await fetching.delete(MODEL)
    assert leftovers(tmp_path) == ["other.gguf"]
    with pytest.raises(ModelNotFound, match="is not there"):
        await fetching.delete(MODEL)


async def test_there_is_room_before_the_folder_is(fetching: ModelAdmin) -> None:
    assert await fetching.free_space()


async def test_a_file_of_ones_own_is_told_but_never_deleted(build: Build, model_file: ModelFile) -> None:
    path = model_file("mine")
    path.write_bytes(
        gguf_bytes(
            [
                ("general.architecture", "llama"),
                ("general.size_label", "1B"),
                ("general.file_type", 15),
                ("general.license", "mit"),
                ("llama.context_length", 2048),
            ]
        )
    )
    admin = build({"model_path": str(path)}).model_admin()
    (stored,) = await admin.stored()
    assert (stored.name, stored.size) == ("mine", path.stat().st_size)
    assert (stored.family, stored.parameters, stored.quantization) == ("llama", "1B", "Q4_K_M")
    assert stored.modified_at is not None
    assert stored.capabilities.context_window.tokens == 2048
    shown = await admin.show("mine")
    assert shown.licence == "mit"
    assert shown.facts["file"] == str(path)
    with pytest.raises(Unsupported, match="your own"):
        await admin.delete("mine")
    assert path.exists()


async def test_a_file_that_is_not_there_is_not_stored(build: Build, paths: Paths) -> None:
    admin = build().model_admin()
    assert await admin.stored() == []
    with pytest.raises(ModelNotFound, match="no model file"):
        await admin.show(MODEL)
    with pytest.raises(ModelNotFound, match="only"):
        await admin.show("another")


@pytest.mark.usefixtures("stand_in")
async def test_the_model_is_loaded_and_unloaded(build: Build, model_file: ModelFile) -> None:
    provider = build({"model_path": str(model_file("good")), "n_ctx": 512})
    admin = provider.model_admin()
    assert await admin.running() == []
    await admin.load("good")
    assert provider.running
    (running,) = await admin.running()
    assert (running.name, running.context) == ("good", 512)
    await admin.aclose()
    assert provider.running
    await admin.unload("good")
    assert not provider.running
    await admin.unload("good")


@pytest.mark.usefixtures("stand_in")
async def test_a_model_that_is_kept_for_a_moment_goes(build: Build, model_file: ModelFile) -> None:
    provider = build({"model_path": str(model_file("good"))})
    admin = provider.model_admin()
    await admin.load("good", 0.001)
    (process,) = children_of(os.getpid())
    await asyncio.to_thread(wait_until_gone, process)
    assert await admin.running() == []


@pytest.mark.usefixtures("stand_in")
async def test_a_model_that_answers_is_not_unloaded(build: Build, model_file: ModelFile) -> None:
    provider = build({"model_path": str(model_file("good"))})
    admin = provider.model_admin()
    async with aclosing(provider.stream_chat(ChatRequest((user("hello"),)))) as events:
        await anext(events)
        with pytest.raises(Overloaded, match="is answering"):
            await admin.unload("good")
    await admin.unload("good")


def test_what_can_be_done_is_said(fetching: ModelAdmin) -> None:
    assert ModelAction.PUSH not in fetching.actions
    assert {ModelAction.PULL, ModelAction.DELETE, ModelAction.LOAD} <= fetching.actions
