"""A real Ollama, driven by our adapter and by what manages its models."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import user
from llmtui.core.errors import BadRequest, ModelNotFound
from llmtui.core.events import FinishReason, TextDelta
from llmtui.core.model_admin import ModelAdmin, TransferStep
from llmtui.core.ports import Provider
from llmtui.testing.conformance.asking import stream
from llmtui.testing.laws import drain
from tests.providers.oci_registry import Registry
from tests.providers.peers import CannotStart, Peer, ollama
from tests.providers.real_ollama import VERSION
from tests.tiny_gguf import CONTEXT, write_tiny_model

pytestmark = pytest.mark.slow

MODELFILE = '''\
FROM ./tiny.gguf
TEMPLATE """{{ range .Messages }}<|im_start|>{{ .Role }}
{{ .Content }}<|im_end|>
{{ end }}<|im_start|>assistant
"""
PARAMETER stop <|im_end|>
PARAMETER temperature 0.5
SYSTEM "You say what comes to your mind."
LICENSE MIT
'''
HELLO = ChatRequest((user("hello"),), model="tiny", max_tokens=30)
PADDING = 3_000_000


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    try:
        with ollama(tmp_path_factory.mktemp("ollama")) as running:
            yield running
    except CannotStart as reason:
        pytest.skip(str(reason))


@pytest.fixture
async def provider(peer: Peer) -> AsyncIterator[Provider]:
    async with aclosing(peer.provider("ollama", model="tiny", api_key=None)) as one:
        yield one


@pytest.fixture
async def admin(provider: Provider, tmp_path: Path) -> AsyncIterator[ModelAdmin]:
    """What manages its models, of which `tiny` is one."""
    managing = provider.model_admin()
    assert managing
    async with aclosing(managing):
        if not any(one.name == "tiny:latest" for one in await managing.stored()):
            write_tiny_model(tmp_path / "tiny.gguf", padding=PADDING)
            steps = await told(managing.create("tiny", MODELFILE, tmp_path))
            assert steps[-1].phase == "done"
        yield managing


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with Registry() as server:
        yield server


async def told(steps: Any) -> list[TransferStep]:
    async with aclosing(steps):
        return [step async for step in steps]


async def test_a_chat_streams_to_its_end(provider: Provider, admin: ModelAdmin) -> None:
    outcome = await drain(stream(provider, HELLO))
    assert outcome.error is None, repr(outcome.error)
    reply = outcome.reply().response()
    assert reply.message.text
    assert reply.finish.reason in (FinishReason.STOP, FinishReason.LENGTH)
    assert reply.usage
    assert reply.usage.input
    assert reply.usage.output


async def test_a_chat_is_left_at_once(provider: Provider, admin: ModelAdmin) -> None:
    async with aclosing(provider.stream_chat(HELLO)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                break
    assert (await drain(stream(provider, HELLO))).error is None


async def test_the_connection_is_checked_and_the_models_are_listed(
    provider: Provider, admin: ModelAdmin
) -> None:
    report = await provider.check()
    assert report.ok
    assert report.version == VERSION
    assert "tiny:latest" in [model.id for model in await provider.list_models()]


async def test_a_made_model_is_what_its_modelfile_says(admin: ModelAdmin) -> None:
    (stored,) = [one for one in await admin.stored() if one.name == "tiny:latest"]
    assert stored.size
    assert stored.size > PADDING
    assert stored.family == "llama"
    assert len(stored.digest) == 64
    assert stored.modified_at
    shown = await admin.show("tiny")
    assert shown.system == "You say what comes to your mind."
    assert "{{ range .Messages }}" in shown.template
    assert "<|im_end|>" in shown.parameters
    assert "0.5" in shown.parameters
    assert shown.licence == "MIT"
    assert shown.facts["context"] == str(CONTEXT)
    assert "FROM " in shown.modelfile


async def test_a_model_comes_into_memory_and_leaves_it(admin: ModelAdmin) -> None:
    await admin.load("tiny", 90)
    (running,) = await admin.running()
    assert running.name == "tiny:latest"
    assert running.size
    assert running.expires_at
    await admin.load("tiny", float("inf"))
    # The server answers before it has noted the new time.
    async with asyncio.timeout(5):
        while (await admin.running())[0].expires_at is not None:
            pass
    await admin.unload("tiny")
    assert await admin.running() == []


async def test_a_second_name_comes_and_goes(admin: ModelAdmin) -> None:
    await admin.copy("tiny", "twin")
    digests = {one.name: one.digest for one in await admin.stored()}
    assert digests["twin:latest"] == digests["tiny:latest"]
    await admin.delete("twin")
    assert "twin:latest" not in [one.name for one in await admin.stored()]


async def test_a_model_is_made_from_another(admin: ModelAdmin) -> None:
    steps = await told(admin.create("derived", "FROM tiny\nSYSTEM Be brief.\n"))
    assert steps[-1].phase == "done"
    assert (await admin.show("derived")).system == "Be brief."
    await admin.delete("derived")


async def test_what_is_not_there_is_named(admin: ModelAdmin, registry: Registry) -> None:
    for asked in (admin.show("no"), admin.delete("no"), admin.copy("no", "x"), admin.load("no")):
        with pytest.raises(ModelNotFound):
            await asked
    for transfer in (admin.pull(registry.name("no")), admin.push("nobody/no")):
        with pytest.raises(ModelNotFound):
            await told(transfer)
    with pytest.raises(BadRequest, match="invalid model name"):
        await told(admin.pull("no such/name"))


async def test_a_model_is_pushed_and_pulled_again(admin: ModelAdmin, registry: Registry) -> None:
    name = registry.name("tiny")
    await admin.copy("tiny", name)
    pushed = await told(admin.push(name))
    assert pushed[-1].phase == "done"
    (manifest,) = registry.manifests.values()
    layers = {layer["digest"] for layer in json.loads(manifest)["layers"]}
    assert layers <= set(registry.blobs)
    assert {step.part for step in pushed if step.part} >= layers

    await admin.delete(name)
    pulled = await told(admin.pull(name))
    # What other names share is there already.
    assert {step.part for step in pulled if step.completed == step.total and step.part} >= layers
    assert [step.phase for step in pulled[-3:]] == ["verify", "write", "done"]
    await admin.delete(name)


async def test_a_pull_that_is_left_stops_at_the_server_and_goes_on_later(
    admin: ModelAdmin, registry: Registry, tmp_path: Path
) -> None:
    name = registry.name("large")
    write_tiny_model(tmp_path / "large.gguf", seed=1, padding=PADDING)
    await told(admin.create(name, "FROM large.gguf\n", tmp_path))
    await told(admin.push(name))
    await admin.delete(name)

    registry.gate.clear()
    seen = 0
    async with aclosing(admin.pull(name)) as steps:
        async for step in steps:
            seen = max(seen, step.completed)
            if seen >= PADDING // 2:
                break
    halfway = next(one for one in registry.exchanges if "range" in one.request.headers)
    await asyncio.wait_for(halfway.client_left, 5)
    registry.gate.set()

    again = await told(admin.pull(name))
    assert again[-1].phase == "done"
    begins = [int(one.removeprefix("bytes=").partition("-")[0]) for one in registry.ranges()]
    assert max(begins) >= PADDING // 2
    assert name in [one.name.removesuffix(":latest") for one in await admin.stored()]
    await admin.delete(name)
