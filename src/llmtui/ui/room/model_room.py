"""The room of a server that keeps models: test the connection, pull, look after what is there."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.getters import query_one
from textual.widgets import ContentSwitcher

from llmtui.core.errors import LlmtuiError
from llmtui.core.text import sanitise_line
from llmtui.core.transfer import TransferState
from llmtui.services.shelf import Shelf
from llmtui.ui.messages import TransferChanged
from llmtui.ui.palette import Palette
from llmtui.ui.room.actions import ROOM_BY_ID, Tab, of_place, room_bindings
from llmtui.ui.room.commands import RoomCommands
from llmtui.ui.room.header import RoomHeader, RoomTab
from llmtui.ui.room.models_pane import ModelsPane
from llmtui.ui.room.pull_pane import PullPane
from llmtui.ui.room.shelf import ShelfRoom
from llmtui.ui.room.transfer_list import TransferList
from llmtui.ui.widgets.connection_test import ConnectionTest
from llmtui.ui.widgets.flash import Flash

_KEYS: Mapping[Tab, str] = {
    "test": "ctrl+p commands · esc close",
    "pull": "enter pull · ↑ ↓ suggestions · tab on the way · esc close",
    "models": "ctrl+p commands · esc close",
}


class ModelRoom(ShelfRoom):
    """Lays the tabs out and keeps them true to the server; transfers go on when it is closed."""

    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    ModelRoom {
        & > .frame { width: 104; height: 32; max-height: 100%; }
        & ContentSwitcher { height: 1fr; }
        & Flash { background: transparent; padding: 0; }
        & #test CheckReport { margin: 0; }
        & #test .keys { margin: 1 0 0 0; }
        &.-low RoomHeader, &.-low #test .keys { margin: 0; }
        &.-low #offered { margin: 0; max-height: 2; }
        &.-low .section, &.-low .about, &.-low #models .keys { display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*room_bindings("room", priority=True)]

    header = query_one(RoomHeader)
    connection_test = query_one(ConnectionTest)
    _tested = ""
    """Whose connection the test is of."""

    def compose_body(self) -> ComposeResult:
        """The server and the tabs, and one of them below."""
        yield RoomHeader()
        with ContentSwitcher(initial=self.tab):
            with VerticalScroll(id="test", can_focus=False):
                yield ConnectionTest()
            yield PullPane(self.jobs_here)
            yield ModelsPane()
        yield Flash()

    def on_mount(self) -> None:
        """Show the server, and hear of its transfers."""
        self._unlisten: Callable[[], None] = self.services.transfers().listen(
            lambda job: self.post_message(TransferChanged(job))
        )
        self._enter()
        self._show_tab(self.tab)
        if self._advice:
            self.say(self._advice)

    def on_unmount(self) -> None:
        """Hear of nothing any more."""
        self._unlisten()

    def on_key(self, event: events.Key) -> None:
        """Give the name of a model what was typed before it had the focus, and the hidden filter nothing."""
        event.prevent_default()
        line = self.pull_pane.line
        # What the line itself has seen does not come here.
        if self.tab == "pull" and self.focused in (None, line) and event.character and event.is_printable:
            line.insert_text_at_cursor(event.character)
            event.stop()

    @on(TransferChanged)
    def follow(self, event: TransferChanged) -> None:
        """Show how a transfer stands; what is new at the server is looked at."""
        if event.job.provider != self.host.id:
            return
        self.pull_pane.transfers.show_jobs()
        self._count()
        if event.job.settled and event.job.state is TransferState.DONE:
            self.look_again()

    @on(ModelsPane.Expired)
    def follow_memory(self) -> None:
        """Look which models are in memory by now."""
        self.look_again()

    @on(ConnectionTest.Grew)
    def show_last_stage(self) -> None:
        """Keep the newest stage in sight."""
        self.query_one("#test").scroll_end(animate=False)

    @on(RoomTab.Chosen)
    def show_clicked(self, event: RoomTab.Chosen) -> None:
        """Show the tab under the mouse."""
        self._show_tab(event.tab)

    @on(events.DescendantFocus)
    def show_keys(self) -> None:
        """Show the keys that work now."""
        self._show_keys()

    def action_show_test(self) -> None:
        """Show the test of the connection."""
        self._show_tab("test")

    def action_show_pull(self) -> None:
        """Show what can be pulled and what is on the way."""
        self._show_tab("pull")

    def show_on_the_way(self) -> None:
        """Show the transfers, with the keys on them."""
        self._show_tab("pull")
        self.pull_pane.transfers.focus()

    def action_show_models(self) -> None:
        """Show the models of the server."""
        self._show_tab("models")

    def action_next_host(self) -> None:
        """Go on to the next server."""
        if len(self.hosts) == 1:
            self.say("no other provider of the config keeps models", "warning")
            return
        self.at = (self.at + 1) % len(self.hosts)
        self._tested = ""
        self.connection_test.cancel()
        self._enter()
        self._show_tab(self.tab)

    def action_room_commands(self) -> None:
        """Find a command of the room by its name."""
        self.app.push_screen(Palette([RoomCommands]))

    def action_close(self) -> None:
        """Leave the filter, else the room."""
        if self.tab != "models" or not self.models_pane.end_filter():
            self.dismiss(None)

    def look_again(self) -> None:
        """Ask the server for its models and for what it offers, one after the other."""
        self._look(self.host.id)

    @work(group="look", exclusive=True, exit_on_error=False)
    async def _look(self, provider_id: str) -> None:
        shelf = self.services.shelf()
        try:
            self.shelf = await shelf.look(provider_id)
        except LlmtuiError as error:
            helps = f"{ROOM_BY_ID['show-test'].key} tests the connection"
            self.models_pane.show_note(" · ".join(filter(None, (str(error), error.hint, helps))))
        else:
            self.models_pane.show_shelf(self.shelf, self.host.name)
        self._count()
        try:
            self.pull_pane.offer(await shelf.offered(provider_id))
        except LlmtuiError as error:
            self.pull_pane.offer((), f"no suggestions: {error}")

    def _enter(self) -> None:
        """Show a server of which nothing is known yet."""
        self.shelf = Shelf()
        self.header.show_host(self.host, self.at + 1, len(self.hosts))
        self.query_one(".frame").border_title = Content(f"Models of {sanitise_line(self.host.name)}")
        self.models_pane.show_note("asking …")
        self.pull_pane.offer((), "asking what can be pulled …")
        self.pull_pane.transfers.show_jobs()
        self._count()
        self.look_again()

    def _show_tab(self, tab: Tab) -> None:
        self.tab = tab
        self.query_one(ContentSwitcher).current = tab
        self.header.show_tab(tab)
        if tab == "test":
            self._test()
        elif tab == "pull":
            self.pull_pane.line.focus()
        elif tab == "models":
            self.models_pane.table.focus()
        self._show_keys()

    def _test(self) -> None:
        """Test the connection, unless that was done since the room turned to this server."""
        self.connection_test.focus()
        if self._tested != self.host.id:
            self._tested = self.host.id
            self.connection_test.start(self.services.health.connection(self.host.id))

    def _count(self) -> None:
        active = sum(not job.state.ended for job in self.jobs_here())
        self.header.show_counts({"pull": str(active or ""), "models": str(len(self.shelf.stored) or "")})

    def _show_keys(self) -> None:
        keys = _KEYS[self.tab]
        if isinstance(self.focused, TransferList):
            keys = " · ".join(
                [*(f"{action.key} {action.label}" for action in of_place("jobs")), "tab pull", "esc close"]
            )
        self.query_one(".frame").border_subtitle = Content(keys)
