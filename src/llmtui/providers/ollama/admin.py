"""The models of an Ollama server: pulled, made, shown, loaded and deleted over its native API."""

import asyncio
import math
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any

from llmtui.core.errors import BadRequest, ErrorContext, IncompleteStream, ProviderError
from llmtui.core.model_admin import (
    ModelAction,
    ModelDetails,
    OfferedModel,
    RunningModel,
    StoredModel,
    TransferStep,
)
from llmtui.core.text import well_formed
from llmtui.providers.admins import BaseAdmin
from llmtui.providers.api import Api
from llmtui.providers.failures import classify
from llmtui.providers.http import JSON_CLOCK_S, Reply, drain
from llmtui.providers.network import LOOPBACK
from llmtui.providers.ollama import sdk
from llmtui.providers.ollama.blobs import LocalFile, digest_of, files_of, readable, upload
from llmtui.providers.ollama.failures import named
from llmtui.providers.ollama.folder import free_space, is_this_machine
from llmtui.providers.ollama.host import CLOUD_HOST, OllamaHost
from llmtui.providers.ollama.library import library
from llmtui.providers.ollama.modelfile import files_named, read_modelfile, request_body
from llmtui.providers.ollama.models import full_name
from llmtui.providers.ollama.stored import details_of, running_of, stored_of
from llmtui.providers.wires.ndjson import NDJSONDecoder
from llmtui.providers.wires.ollama_transfer import step_of

LOAD_CLOCK_S = 600.0
"""A large model comes from a slow disk for minutes."""
UNLOAD_LOOKS, UNLOAD_LOOK_S = 40, 0.05
"""A reply that is under way keeps its model for longer; then it goes later."""
CLOUD_ACTIONS = frozenset({ModelAction.SHOW})
"""ollama.com keeps its models itself."""
SERVER_ACTIONS = frozenset(ModelAction) - {ModelAction.GALLERY}


class OllamaAdmin(BaseAdmin):
    """Manages the models of one server; `load` is what a chat would load a model with."""

    def __init__(
        self,
        provider: str,
        host: OllamaHost,
        api: Api,
        load: Mapping[str, Any],
    ) -> None:
        super().__init__(provider)
        if host.is_cloud:
            self.actions, self.server = CLOUD_ACTIONS, CLOUD_HOST
        else:
            self.actions, self.server = SERVER_ACTIONS, "this Ollama"
        self._host = host
        self._api = api
        self._load = load

    # The SDK's models of these three answers drop fields: capabilities, remote_host, system.

    async def stored(self) -> list[StoredModel]:
        """The models on its disk."""
        return stored_of(await self._json("GET", "/api/tags"))

    async def running(self) -> list[RunningModel]:
        """The models in its memory."""
        self.require(ModelAction.RUNNING)
        return running_of(await self._json("GET", "/api/ps"))

    async def show(self, model: str) -> ModelDetails:
        """All that it tells of a model."""
        return details_of(model, await self._json("POST", "/api/show", {"model": model}))

    async def offered(self) -> list[OfferedModel]:
        """Names worth knowing; the library itself cannot be asked."""
        return [] if self._host.is_cloud else library()

    async def pull(self, model: str) -> AsyncGenerator[TransferStep, None]:
        """Fetch a model; closing the generator closes the connection, by which the server stops."""
        self.require(ModelAction.PULL, model)
        sdk = await self._sdk(model)
        async with aclosing(await sdk.pull(model, insecure=_is_local_registry(model), stream=True)) as steps:
            async for step in steps:
                yield step

    async def push(self, model: str) -> AsyncGenerator[TransferStep, None]:
        """Send a model to its registry."""
        self.require(ModelAction.PUSH, model)
        sdk = await self._sdk(model)
        async with aclosing(await sdk.push(model, insecure=_is_local_registry(model), stream=True)) as steps:
            async for step in steps:
                yield step

    async def create(
        self, model: str, modelfile: str, folder: Path | None = None
    ) -> AsyncGenerator[TransferStep, None]:
        """Make a model by a Modelfile, whose files are sent first where the server lacks them."""
        self.require(ModelAction.CREATE, model)
        commands = read_modelfile(modelfile)
        # Not the SDK's own: it drops RENDERER, PARSER, REQUIRES and DRAFT.
        body: dict[str, Any] = {"model": model, **request_body(commands), "stream": True}
        for field, naming in files_named(commands).items():
            for command in naming:
                files = await asyncio.to_thread(files_of, command, folder or Path.cwd())
                if not files:
                    body["from"] = command.value
                for file in files:
                    sending = self._sent(file, body.setdefault(field, {}))
                    with readable(file):
                        async with aclosing(sending) as steps:
                            async for step in steps:
                                yield step
        async with aclosing(self.steps("/api/create", body)) as steps:
            async for step in steps:
                yield step

    async def copy(self, source: str, destination: str) -> None:
        """Give a model a second name."""
        self.require(ModelAction.COPY, source)
        await (await self._sdk(source, destination)).copy(source, destination)

    async def delete(self, model: str) -> None:
        """Take a name away, and the files with the last one."""
        self.require(ModelAction.DELETE, model)
        await (await self._sdk(model)).delete(model)

    async def load(self, model: str, keep_alive_s: float | None = None) -> None:
        """Take a model into memory, as the chat would; -1 is how Ollama spells for ever."""
        self.require(ModelAction.LOAD, model)
        keep = (
            {} if keep_alive_s is None else {"keep_alive": -1 if math.isinf(keep_alive_s) else keep_alive_s}
        )
        body = {"model": model, "stream": False, **self._load, **keep}
        await self._json("POST", "/api/generate", body, clock_s=LOAD_CLOCK_S)

    async def unload(self, model: str) -> None:
        """Give its memory back, and wait a moment for the server to have done it; it answers before that."""
        self.require(ModelAction.UNLOAD, model)
        await self._json("POST", "/api/generate", {"model": model, "stream": False, "keep_alive": 0})
        for _ in range(UNLOAD_LOOKS):
            if full_name(model) not in [one.name for one in await self.running()]:
                return
            await asyncio.sleep(UNLOAD_LOOK_S)

    async def free_space(self) -> int | None:
        """Bytes free where a server on this machine keeps its models."""
        if not is_this_machine(self._host.base_url):
            return None
        return await asyncio.to_thread(free_space)

    async def aclose(self) -> None:
        """Close its connections; a pull that runs ends."""
        await self._api.aclose()

    # What the SDK's requests go through.

    async def steps(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[TransferStep, None]:
        """Ask for something that is told of step by step, up to the server's own last word."""
        model = str(body.get("model") or "")
        try:
            async with (
                self._api.post(path, body, model=model) as reply,
                aclosing(_steps(reply)) as steps,
            ):
                async for step in steps:
                    yield step
                    if step.phase == "done":
                        return
        except ProviderError as error:
            raise named(error) from None
        words = "the server ended without saying that it is done"
        hint = "ask again: what is there stays"
        raise IncompleteStream(words, context=ErrorContext(self._provider, model), hint=hint)

    async def done(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        """Ask for something to be done."""
        model = str(body.get("model") or body.get("source") or "")
        try:
            await self._api.done(method, path, body, model=model)
        except ProviderError as error:
            raise named(error) from None

    async def _sdk(self, *names: str) -> Any:
        """The SDK's client, once these names are such as it takes: any other is a ValidationError to it."""
        if not all(name.strip() and well_formed(name) == name for name in names):
            hint = "a name is `model`, `model:tag` or `user/model:tag`"
            raise BadRequest("that is no name of a model", context=ErrorContext(self._provider), hint=hint)
        await asyncio.to_thread(sdk.load)
        return sdk.client_of(self)

    async def _sent(self, file: LocalFile, digests: dict[str, str]) -> AsyncGenerator[TransferStep, None]:
        """Send a file unless the server has it, and note its digest."""
        digest = ""
        async with aclosing(digest_of(file)) as reading:
            async for found in reading:
                if isinstance(found, str):
                    digest = found
                else:
                    yield found
        digests[file.name] = digest
        path = f"/api/blobs/{digest}"
        if await self._api.exists(path):
            return
        async with aclosing(upload(file, digest, partial(self._api.upload, path))) as steps:
            async for step in steps:
                yield step

    async def _json(
        self,
        method: str,
        path: str,
        payload: Mapping[str, Any] | None = None,
        clock_s: float = JSON_CLOCK_S,
    ) -> Any:
        try:
            return await self._api.json(method, path, payload, clock_s=clock_s)
        except ProviderError as error:
            raise named(error) from None


def _is_local_registry(model: str) -> bool:
    """Whether a name leads to a registry on the server's own machine, which speaks no TLS."""
    registry, slash, _ = model.partition("/")
    return bool(slash) and registry.rpartition(":")[0] in LOOPBACK


async def _steps(reply: Reply) -> AsyncGenerator[TransferStep, None]:
    lines = NDJSONDecoder()
    async with aclosing(reply.chunks()) as chunks:
        async for chunk in chunks:
            for line in lines.feed(chunk):
                step = _step(line, reply)
                if step.phase == "done":
                    await drain(chunks)
                yield step
    for line in lines.flush():
        yield _step(line, reply)


def _step(line: Mapping[str, Any], reply: Reply) -> TransferStep:
    if line.get("error"):
        raise classify(line, context=reply.context, secrets=reply.secrets)
    return step_of(line)
