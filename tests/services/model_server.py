"""A model server in memory behind the port, whose transfers play scripts."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from llmtui.core.errors import ModelNotFound, Unsupported
from llmtui.core.model_admin import (
    ModelAction,
    ModelDetails,
    OfferedModel,
    RunningModel,
    StoredModel,
    TransferStep,
)

Deed = TransferStep | Exception | asyncio.Event
"""A step, a failure, or what is waited for."""
DONE = TransferStep("done", "success")


def piece(completed: int, total: int = 1000, part: str = "a") -> TransferStep:
    return TransferStep("transfer", f"pulling {part}", part, completed, total)


@dataclass
class ModelServer:
    """What all admins of one server share; `deleted` stays empty unless somebody deletes."""

    models: dict[str, StoredModel] = field(default_factory=dict)
    offers: list[OfferedModel] = field(default_factory=list)
    scripts: dict[str, list[Sequence[Deed]]] = field(default_factory=dict)
    actions: frozenset[ModelAction] = frozenset(ModelAction)
    running_models: list[RunningModel] = field(default_factory=list)
    free: int | None = None
    opened: int = 0
    closed: int = 0
    running_now: int = 0
    most_at_once: int = 0
    asked: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)

    async def open(self, provider_id: str) -> "MemoryAdmin":
        self.opened += 1
        return MemoryAdmin(self)

    def play(self, model: str, *tries: Iterable[Deed]) -> None:
        """What the next pulls of a model do, one after another."""
        self.scripts.setdefault(model, []).extend(tuple(one) for one in tries)


class MemoryAdmin:
    """Keeps the port `ModelAdmin` over a `ModelServer`."""

    def __init__(self, server: ModelServer) -> None:
        self._server = server

    @property
    def actions(self) -> frozenset[ModelAction]:
        return self._server.actions

    async def stored(self) -> list[StoredModel]:
        return list(self._server.models.values())

    async def running(self) -> list[RunningModel]:
        return self._server.running_models

    async def show(self, model: str) -> ModelDetails:
        if model not in self._server.models:
            raise ModelNotFound(f"no model '{model}'")
        return ModelDetails(model)

    async def offered(self) -> list[OfferedModel]:
        return self._server.offers

    async def pull(self, model: str) -> AsyncGenerator[TransferStep, None]:
        server = self._server
        server.asked.append(model)
        server.running_now += 1
        server.most_at_once = max(server.most_at_once, server.running_now)
        try:
            for deed in server.scripts[model].pop(0):
                match deed:
                    case TransferStep():
                        if deed.phase == "done":
                            server.models[model] = StoredModel(model)
                        yield deed
                    case asyncio.Event():
                        await deed.wait()
                    case _:
                        raise deed
        finally:
            server.running_now -= 1

    def push(self, model: str) -> AsyncGenerator[TransferStep, None]:
        return self.pull(model)

    def create(
        self, model: str, modelfile: str, folder: Path | None = None
    ) -> AsyncGenerator[TransferStep, None]:
        return self.pull(model)

    async def copy(self, source: str, destination: str) -> None:
        raise Unsupported("not here")

    async def delete(self, model: str) -> None:
        self._server.deleted.append(model)

    async def load(self, model: str, keep_alive_s: float | None = None) -> None:
        raise Unsupported("not here")

    async def unload(self, model: str) -> None:
        raise Unsupported("not here")

    async def free_space(self) -> int | None:
        return self._server.free

    async def aclose(self) -> None:
        self._server.closed += 1
