"""The work that belongs to the app, so that leaving a chat or a modal does not end it."""

from typing import TYPE_CHECKING

from textual import work
from textual.worker import Worker, WorkerState

from llmtui.services.reply import Reply
from llmtui.ui.feed import ReplyFeed
from llmtui.ui.keymap import Keymap
from llmtui.ui.messages import JobFailed
from llmtui.ui.probing import ProbingApp

if TYPE_CHECKING:
    from llmtui.services.transfer_job import TransferJob


class JobOwner(ProbingApp):
    """Runs replies and probes as workers and posts what happens to the main screen."""

    keymap: Keymap

    @work(group="reply", exit_on_error=False)
    async def run_reply(self, reply: Reply) -> None:
        """Run a reply to its end, whatever is shown meanwhile."""
        frame_s = 1 / self.services.terminal.frames_per_s
        feed = ReplyFeed(reply.message, self.main.post_message, frame_s=frame_s)
        await self.services.chat.run(reply, feed.take)

    @work(group="transfer", exit_on_error=False)
    async def run_transfer(self, job: "TransferJob") -> None:
        """Run a pull, push or create to its end, whatever is shown meanwhile."""
        await self.services.transfers().run(job)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show a bug in a job instead of losing it: `StateChanged` reaches the worker's own node only."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.main.post_message(JobFailed(event.worker.name, event.worker.error))
