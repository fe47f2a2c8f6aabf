"""What the keys of the room do to pulls, pushes and creates."""

from textual import on
from textual.getters import query_one

from llmtui.core.history import Target
from llmtui.core.model_admin import ModelAction
from llmtui.core.text import sanitise_line
from llmtui.core.transfer import TransferState
from llmtui.services.transfer_job import Modelfile, TransferJob
from llmtui.ui.room.actions import ROOM_BY_ID
from llmtui.ui.room.base import RoomBase
from llmtui.ui.room.pull_pane import PullPane


class TransferRoom(RoomBase):
    """The part of the room that starts transfers and acts on them."""

    pull_pane = query_one(PullPane)

    def jobs_here(self) -> list[TransferJob]:
        """The transfers at this server."""
        return [job for job in self.services.transfers().jobs if job.provider == self.host.id]

    @on(PullPane.PullRequested)
    def pull(self, event: PullPane.PullRequested) -> None:
        """Pull a model."""
        if not event.model:
            self.say("type the name of a model, or go to one with ↓", "warning")
        elif not self.refused(ROOM_BY_ID["update-model"]):
            self.begin(ModelAction.PULL, event.model)

    def begin(self, action: ModelAction, model: str, modelfile: Modelfile | None = None) -> None:
        """Begin a transfer, or show the one that does the same already."""
        transfers = self.services.transfers()
        job = transfers.request(self.host.id, action, model, modelfile)
        if job.begun:
            self.say(f"{sanitise_line(model)} is on the way already")
        else:
            self.run_job(job)
        self.pull_pane.transfers.show_jobs(job)

    def action_stop_transfer(self) -> None:
        """Stop the marked transfer."""
        job = self._marked()
        if job is None:
            return
        if job.state.ended:
            self.say(f"it has ended: {job.state}", "warning")
            return
        self.services.transfers().stop(job)

    def action_resume_transfer(self) -> None:
        """Ask for the marked transfer again."""
        job = self._marked()
        if job is None:
            return
        if job.state is TransferState.DONE:
            self.say("it is done already", "warning")
        else:
            self.begin(job.action, job.model, job.modelfile)

    def action_talk_to_pulled(self) -> None:
        """Close, and talk to the model that was pulled."""
        job = self._marked()
        if job is None:
            return
        if job.state is TransferState.DONE and job.action is not ModelAction.PUSH:
            self.dismiss(Target(job.provider, job.model))
        else:
            self.say("it is not there yet", "warning")

    def action_clear_ended(self) -> None:
        """Forget the transfers that have ended."""
        self.services.transfers().forget_ended()
        self.pull_pane.transfers.show_jobs()

    def _marked(self) -> TransferJob | None:
        job = self.pull_pane.transfers.marked
        if job is None:
            self.say("nothing is on the way here", "warning")
        return job
