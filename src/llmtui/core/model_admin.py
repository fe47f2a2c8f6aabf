"""What a server that keeps models tells of them, and what can be done with them."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol

from llmtui.core.models import Capabilities


class ModelAction(StrEnum):
    """What can be done with the models of a server; which of it, each server's kind says."""

    PULL = "pull"
    PUSH = "push"
    CREATE = "create"
    COPY = "copy"
    DELETE = "delete"
    SHOW = "show"
    LOAD = "load"
    UNLOAD = "unload"
    RUNNING = "running"
    GALLERY = "gallery"
    """The server itself lists what can be pulled."""


Phase = Literal["prepare", "transfer", "verify", "write", "done"]


@dataclass(frozen=True, slots=True)
class TransferStep:
    """One line of a pull, push or create, as the server has said it; `done` is the server's own last word."""

    phase: Phase
    text: str = ""
    """The server's words, sanitised."""
    part: str = ""
    """The layer or file that is on its way, by its digest or name."""
    completed: int = 0
    """Bytes of the part that are there; it may fall when the server begins a piece again."""
    total: int | None = None
    """Bytes of the part; None until the server says."""
    share: float | None = None
    """How much of the whole is there, from 0 to 1, where a server counts no bytes."""


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model on a server's disk."""

    name: str
    size: int | None = None
    """In bytes; None for one that runs elsewhere, and where nobody says."""
    digest: str = ""
    """The same for two names of the same model."""
    family: str = ""
    parameters: str = ""
    """Such as `8.0B`."""
    quantization: str = ""
    capabilities: Capabilities = field(default_factory=Capabilities)
    modified_at: datetime | None = None
    leaves_machine: bool = False
    """Whether the server passes what is sent to it on to another company."""


@dataclass(frozen=True, slots=True)
class RunningModel:
    """A model in a server's memory."""

    name: str
    size: int | None = None
    """Bytes of memory."""
    size_gpu: int | None = None
    """Bytes of it on graphics processors."""
    context: int | None = None
    """The tokens that it was loaded for."""
    expires_at: datetime | None = None
    """When it leaves the memory; None when it stays, or nobody says."""


@dataclass(frozen=True, slots=True)
class ModelDetails:
    """All that a server tells of one model."""

    name: str
    template: str = ""
    parameters: str = ""
    licence: str = ""
    system: str = ""
    modelfile: str = ""
    capabilities: Capabilities = field(default_factory=Capabilities)
    facts: Mapping[str, str] = field(default_factory=dict)
    """Label -> value, such as `family` -> `llama`, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class OfferedModel:
    """A model that can be pulled."""

    name: str
    description: str = ""
    size: int | None = None
    """Bytes to download, where somebody says."""
    licence: str = ""
    installed: bool = False


class ModelAdmin(Protocol):
    """The models of one server. Has connections of its own: whoever asked for it closes it.

    Methods raise ProviderError. One that is not among `actions` raises Unsupported.
    """

    @property
    def actions(self) -> frozenset[ModelAction]:
        """What this server can do, beyond listing and looking for space."""
        ...

    async def stored(self) -> list[StoredModel]:
        """The models on its disk."""
        ...

    async def running(self) -> list[RunningModel]:
        """The models in its memory."""
        ...

    async def show(self, model: str) -> ModelDetails:
        """All that it tells of a model."""
        ...

    async def offered(self) -> list[OfferedModel]:
        """What can be pulled: the server's own gallery, else names worth knowing, which works offline."""
        ...

    def pull(self, model: str) -> AsyncGenerator[TransferStep, None]:
        """Fetch a model; closing the generator asks the server to stop. Deletes nothing, ever.

        Ends after `done`; an end without it is IncompleteStream.
        """
        ...

    def push(self, model: str) -> AsyncGenerator[TransferStep, None]:
        """Send a model to its registry; steps as those of `pull`."""
        ...

    def create(
        self, model: str, modelfile: str, folder: Path | None = None
    ) -> AsyncGenerator[TransferStep, None]:
        """Make a model by a Modelfile; steps as those of `pull`. Raises ConfigError for a faulty file.

        Files that it names are sent; relative paths lead from `folder`, or from the working folder.
        """
        ...

    async def copy(self, source: str, destination: str) -> None:
        """Give a model a second name."""
        ...

    async def delete(self, model: str) -> None:
        """Take a name away, and the files with the last one."""
        ...

    async def load(self, model: str, keep_alive_s: float | None = None) -> None:
        """Take a model into memory; it stays so long after its last use. None: by default, inf: for ever."""
        ...

    async def unload(self, model: str) -> None:
        """Give its memory back."""
        ...

    async def free_space(self) -> int | None:
        """Bytes free where models are kept; None where that is not on this machine, or nobody knows."""
        ...

    async def aclose(self) -> None:
        """Close its connections; a pull that runs ends."""
        ...
