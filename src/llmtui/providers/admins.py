"""What the managers of models share: saying that a server's kind cannot do a thing."""

from collections.abc import AsyncGenerator
from pathlib import Path

from llmtui.core.errors import ErrorContext, Unsupported
from llmtui.core.model_admin import ModelAction, ModelDetails, OfferedModel, RunningModel, TransferStep


class BaseAdmin:
    """Raises Unsupported for everything; a server's kind overrides what it can do."""

    actions: frozenset[ModelAction] = frozenset()
    server: str
    """What the kind of server is called in an error."""

    def __init__(self, provider: str) -> None:
        self._provider = provider

    def require(self, action: ModelAction, model: str = "") -> None:
        """Raise Unsupported where the server cannot do it."""
        if action not in self.actions:
            context = ErrorContext(provider=self._provider, model=model)
            raise Unsupported(f"{self.server} cannot {_WORDS.get(action, action)} models", context=context)

    async def running(self) -> list[RunningModel]:
        """The models in its memory."""
        self.require(ModelAction.RUNNING)
        return []

    async def show(self, model: str) -> ModelDetails:
        """All that it tells of a model."""
        self.require(ModelAction.SHOW, model)
        return ModelDetails(model)

    async def offered(self) -> list[OfferedModel]:
        """What can be pulled."""
        return []

    def pull(self, model: str) -> AsyncGenerator[TransferStep, None]:
        """Fetch a model."""
        return self._refusal(ModelAction.PULL, model)

    def push(self, model: str) -> AsyncGenerator[TransferStep, None]:
        """Send a model to its registry."""
        return self._refusal(ModelAction.PUSH, model)

    def create(
        self, model: str, modelfile: str, folder: Path | None = None
    ) -> AsyncGenerator[TransferStep, None]:
        """Make a model by a Modelfile."""
        return self._refusal(ModelAction.CREATE, model)

    async def copy(self, source: str, destination: str) -> None:
        """Give a model a second name."""
        self.require(ModelAction.COPY, source)

    async def delete(self, model: str) -> None:
        """Take a name away."""
        self.require(ModelAction.DELETE, model)

    async def load(self, model: str, keep_alive_s: float | None = None) -> None:
        """Take a model into memory."""
        self.require(ModelAction.LOAD, model)

    async def unload(self, model: str) -> None:
        """Give its memory back."""
        self.require(ModelAction.UNLOAD, model)

    async def free_space(self) -> int | None:
        """Bytes free where models are kept; None where nobody knows."""
        return None

    async def _refusal(self, action: ModelAction, model: str) -> AsyncGenerator[TransferStep, None]:
        self.require(action, model)
        return
        yield


_WORDS = {ModelAction.RUNNING: "tell of running", ModelAction.GALLERY: "offer"}
