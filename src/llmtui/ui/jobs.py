"""The work that belongs to the app, so that leaving a chat or a modal does not end it."""

from textual import work
from textual.app import App
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from llmtui.services.health import Health
from llmtui.services.reply import Reply
from llmtui.services.services import Services
from llmtui.ui.feed import ReplyFeed
from llmtui.ui.keymap import Keymap
from llmtui.ui.messages import JobFailed, ProviderProbed


class JobOwner(App[None]):
    """Runs replies and probes as workers and posts what happens to the main screen."""

    services: Services
    keymap: Keymap

    @property
    def main(self) -> Screen[None]:
        """The screen that is told."""
        return self.screen_stack[0]

    @work(group="reply", exit_on_error=False)
    async def run_reply(self, reply: Reply) -> None:
        """Run a reply to its end, whatever is shown meanwhile."""
        feed = ReplyFeed(reply.message, self.main.post_message)
        await self.services.chat.run(reply, feed.take)

    @work(group="probe", exclusive=True, exit_on_error=False)
    async def probe_all(self) -> None:
        """Ask every provider how it is."""
        await self.services.health.probe_all(self._report)

    @work(group="probe-one", exit_on_error=False)
    async def probe(self, provider_id: str) -> None:
        """Ask one provider how it is."""
        self._report(await self.services.health.probe(provider_id))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show a bug in a job instead of losing it: `StateChanged` reaches the worker's own node only."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.main.post_message(JobFailed(event.worker.name, event.worker.error))

    def _report(self, health: Health) -> None:
        self.main.post_message(ProviderProbed(health))
