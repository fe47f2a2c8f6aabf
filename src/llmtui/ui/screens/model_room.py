"""What the keys do to servers that keep models, and how the screen follows what is on the way."""

from typing import TYPE_CHECKING

from textual import on
from textual.timer import Timer

from llmtui.core.history import Target
from llmtui.ui.messages import TransferChanged
from llmtui.ui.screens.targets import TargetScreen
from llmtui.ui.widgets.sidebar import Sidebar

if TYPE_CHECKING:
    from llmtui.ui.room.actions import RoomAction, Tab

SHOW_EVERY_S = 1.0


class ModelRoomScreen(TargetScreen):
    """The part of the main screen that opens the room, and shows transfers while it is closed."""

    _transfer_timer: Timer | None = None
    _listening = False

    def action_show_model_room(self) -> None:
        """Show the models of the provider in use, or else of the first that keeps any."""
        self.open_room()

    def action_test_connection(self) -> None:
        """Test the connection to a server."""
        self.open_room("test")

    def action_manage_models(self) -> None:
        """Show the models of a server."""
        self.open_room("models")

    @on(Sidebar.ModelsRequested)
    def show_models_of(self, event: Sidebar.ModelsRequested) -> None:
        """Show the models of a provider of the sidebar."""
        info = self.services.health.info(event.provider_id)
        if info is not None and not info.keeps_models:
            self.flash(f"the models of {info.name} cannot be managed from here", "warning")
        else:
            self.open_room(provider_id=event.provider_id)

    def open_room_for(self, action: "RoomAction") -> None:
        """Open the room where an action of its own has a key."""
        tab: Tab = "models" if action.place == "models" else "pull"
        self.open_room(tab, advice=f"{action.key}: {action.description}")

    def open_room(self, tab: "Tab" = "pull", *, provider_id: str = "", advice: str = "") -> None:
        """Open the room of a provider, or of the one in use."""
        from llmtui.ui.room.model_room import ModelRoom

        hosts = [info for info in self.sidebar.providers if info.keeps_models]
        if not hosts:
            self.flash("no provider of the config keeps models: add one of kind ollama", "warning")
            return
        self._listen()

        async def use(target: Target | None) -> None:
            if target is not None:
                await self.switch(target)

        room = ModelRoom(
            self.services,
            hosts,
            run=self.jobs.run_transfer,
            say_elsewhere=self.flash,
            current=provider_id or self.target.provider,
            tab=tab,
            advice=advice,
        )
        self.app.push_screen(room, use)

    @on(TransferChanged)
    def follow_transfer(self, event: TransferChanged) -> None:
        """Show how the transfers stand, and flash one that has ended; its server may be up only since."""
        from llmtui.ui.transfer_words import ending

        self.show_transfers()
        if self._transfer_timer is None and self.services.transfers().active:
            self._transfer_timer = self.set_interval(SHOW_EVERY_S, self.show_transfers)
        if event.job.settled:
            self.flash(*ending(event.job, self.key("pick-model")))
            self.jobs.probe_chosen(event.job.provider)

    def show_transfers(self) -> None:
        """Show what is on the way in the status line and at its provider; the same is not drawn again."""
        from llmtui.ui.transfer_words import brief, headline

        active = self.services.transfers().active
        self.status.transfers = headline(active)
        self.sidebar.show_transfers({job.provider: f"{job.action} {brief(job)}" for job in reversed(active)})
        if not active and self._transfer_timer is not None:
            self._transfer_timer.stop()
            self._transfer_timer = None

    def _listen(self) -> None:
        if not self._listening:
            self._listening = True
            self.services.transfers().listen(lambda job: self.post_message(TransferChanged(job)))
