"""One pull, push or create: who is asked for what, how it goes, and what came of it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from llmtui.core.model_admin import ModelAction
from llmtui.core.transfer import Progress, Transfer, TransferState


@dataclass(frozen=True, slots=True)
class Modelfile:
    """What a model is made by."""

    text: str
    folder: Path | None = None
    """Where relative paths in it lead from."""


@dataclass(frozen=True, slots=True)
class NextTry:
    """A lost connection that is asked for again."""

    attempt: int
    """From 2; counted anew when anything has come in between."""
    of: int
    at_s: float
    """Monotonic seconds."""
    reason: str


class TransferJob:
    """What is known of one transfer; `TransferService` runs it."""

    def __init__(
        self,
        provider: str,
        action: ModelAction,
        model: str,
        modelfile: Modelfile | None = None,
        *,
        address: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.provider = provider
        self.action = action
        self.model = model
        self.modelfile = modelfile
        """What `create` makes the model by; None for other actions."""
        self.address = address
        """Where the provider was when it was asked for."""
        self.transfer = Transfer(clock())
        self.begun = False
        """Whether anybody runs it."""
        self.queued = True
        """Whether it waits for others at the same server."""
        self.next_try: NextTry | None = None
        self.note = ""
        """What a person should know besides: little space, what came of a stop."""
        self.settled = False
        """Whether it has ended, and all that follows from that is done."""
        self.closed = asyncio.Event()
        """Set when its connections are closed."""
        self._clock = clock
        self._scope: asyncio.Timeout | None = None

    @property
    def state(self) -> TransferState:
        """Where it stands."""
        return self.transfer.state

    @property
    def key(self) -> tuple[str, ModelAction, str]:
        """What can be asked for once at a time."""
        return self.provider, self.action, self.model

    def progress(self) -> Progress:
        """What is shown of it now."""
        return self.transfer.progress(self._clock())

    def stop(self) -> None:
        """Ask for its end: the stream is closed now, which the server takes as the wish to stop."""
        self.transfer.ask_to_stop()
        if self._scope is not None and not self._scope.expired():
            self._scope.reschedule(asyncio.get_running_loop().time())

    def until_stopped(self) -> asyncio.Timeout:
        """What is done inside ends by a TimeoutError when a stop is asked for."""
        self._scope = asyncio.timeout(None)
        if self.state is TransferState.STOPPING:
            self._scope = asyncio.timeout(0)
        return self._scope
