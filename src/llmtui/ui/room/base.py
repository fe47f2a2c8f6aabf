"""What the parts of the room share: its server, saying things, and acting beside the screen."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable

from textual import on
from textual.worker import Worker, WorkerState

from llmtui.core.errors import LlmtuiError
from llmtui.core.history import Target
from llmtui.core.models import ProviderInfo
from llmtui.services.services import Services
from llmtui.services.shelf import Shelf
from llmtui.services.transfer_job import TransferJob
from llmtui.ui.modals.dialog import Dialog
from llmtui.ui.room.actions import RoomAction, Tab, refusal
from llmtui.ui.widgets.flash import Flash

Say = Callable[[str, str], object]
"""Shows a text with a severity."""


class RoomBase(Dialog[Target | None]):
    """Returns where the person wants to talk to, or None."""

    def __init__(
        self,
        services: Services,
        hosts: list[ProviderInfo],
        *,
        run: Callable[[TransferJob], object],
        say_elsewhere: Say,
        current: str = "",
        tab: Tab = "pull",
        advice: str = "",
    ) -> None:
        """`hosts` are the providers that keep models, at least one. `run` runs a job as the app's own.

        `say_elsewhere` is for what comes when the room is closed; `advice` is said when it opens.
        """
        super().__init__("Models")
        self.services = services
        self.hosts = hosts
        self.at = next((at for at, info in enumerate(hosts) if info.id == current), 0)
        self.tab: Tab = tab
        self.shelf = Shelf()
        self.run_job = run
        self._say_elsewhere = say_elsewhere
        self._advice = advice

    @property
    def host(self) -> ProviderInfo:
        """The server that the room is about now."""
        return self.hosts[self.at]

    def say(self, text: str, severity: str = "information") -> None:
        """Say something here, or elsewhere when the room is closed by now."""
        show = self.query_one(Flash).show if self.is_attached else self._say_elsewhere
        show(text, severity)

    def say_error(self, error: LlmtuiError) -> None:
        """Say what went wrong and what to do."""
        self.say(" · ".join(filter(None, (str(error), error.hint))), "error")

    def refused(self, action: RoomAction) -> bool:
        """Whether the server cannot do it, which the person is told."""
        words = refusal(action, self.shelf.actions or None, self.host.name)
        if words:
            self.say(words, "warning")
        return bool(words)

    def act(self, begun: str, doing: Callable[[], Awaitable[None]], done: str) -> None:
        """Do something at the server as a job of the app: closing the room does not leave it half done."""
        self.say(begun)

        async def run() -> None:
            try:
                await doing()
            except LlmtuiError as error:
                self.say_error(error)
                return
            self.say(done)
            if self.is_attached:
                self.look_again()

        self.app.run_worker(run(), name=begun, group="model-action", exit_on_error=False)

    @on(Worker.StateChanged)
    def say_bug(self, event: Worker.StateChanged) -> None:
        """Say what nobody expected."""
        if event.state is WorkerState.ERROR:
            self.say(f"{type(event.worker.error).__name__}: {event.worker.error}", "error")

    @abstractmethod
    def look_again(self) -> None:
        """Ask the server for its models."""
