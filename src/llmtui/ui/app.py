"""The app: themes, keys, signals, and leaving in order."""

import asyncio
import logging
import os
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.binding import BindingType
from textual.command import Provider
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen

from llmtui.core.logs import scrubbed
from llmtui.core.text import sanitise
from llmtui.services.leaving import in_flight
from llmtui.services.services import Services
from llmtui.ui.agent_commands import AgentCommands
from llmtui.ui.driver import DRIVERS, ThriftyDriver
from llmtui.ui.jobs import JobOwner
from llmtui.ui.keymap import validate_keymap
from llmtui.ui.palette import ActionCommands, Palette
from llmtui.ui.screens.main import MainScreen
from llmtui.ui.signals import Signals
from llmtui.ui.terminal_input import TerminalClosed
from llmtui.ui.theming import choose_theme, is_colourless, load_themes

_log = logging.getLogger(__name__)
LEAVE_WITHIN_S = 2.0


def _room_commands() -> type[Provider]:
    # Only who opens the palette needs it.
    from llmtui.ui.room.commands import RoomCommands

    return RoomCommands


class LlmtuiApp(JobOwner, inherit_bindings=False):
    """Dresses the main screen and leaves in order; what is shown and done is the screen's."""

    TITLE = "llmtui"
    # Textual would bind ctrl+p before any key of ours: in dialogs too, where the commands do nothing.
    ENABLE_COMMAND_PALETTE = False
    COMMANDS: ClassVar = {ActionCommands, AgentCommands, _room_commands}
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, services: Services) -> None:
        self.services = services
        # Without it Textual turns NO_COLOR into shades of grey, in 24-bit colour.
        super().__init__(ansi_color=is_colourless(os.environ) or None)
        self.chat_screen = MainScreen(services, self)
        self._signals = Signals(self, self.leave)
        self.keymap, problems = validate_keymap(services.keys)
        self.set_keymap(self.keymap.textual())
        self.chat_screen.problems = (*services.warnings, *problems, *self._dress())

    def get_driver_class(self) -> type[Driver]:
        """Textual's choice, unless that is the plain terminal."""
        found = super().get_driver_class()
        return DRIVERS[self.services.terminal.driver] if found is LinuxDriver else found

    def action_repaint(self) -> None:
        """Draw everything again, in case another program wrote on the terminal."""
        if isinstance(self._driver, ThriftyDriver):
            self._driver.repaint()
        self.refresh(layout=True)

    def get_default_screen(self) -> Screen[None]:
        """The main screen is the app's first."""
        return self.chat_screen

    def on_mount(self) -> None:
        """Leave in order when the terminal hangs up or the system asks; come back whole after a pause."""
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        self._signals.start()

    async def on_event(self, event: events.Event) -> None:
        """Make what is pasted harmless, whoever takes it."""
        if isinstance(event, events.Paste):
            event.text = sanitise(event.text)
        await super().on_event(event)

    def action_command_palette(self) -> None:
        """Find a command by its name."""
        self.push_screen(Palette())

    def action_suspend_process(self) -> None:
        """Stop as ctrl+z stops other programs; the shell's `fg` goes on."""
        self._signals.stop()

    async def action_quit(self) -> None:
        """Leave, after asking where that would stop or lose something; asked for twice is an answer."""
        from llmtui.ui.modals.quit import QuitDialog

        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_WITHIN_S):
                await self.chat_screen.save_draft()
        work = in_flight(self.services.chat, len(self.services.transfers().active))
        if not work or isinstance(self.screen, QuitDialog):
            await self.leave()
        else:
            self.push_screen(QuitDialog(work, self.keymap), self._leave_if)

    async def leave(self) -> None:
        """Stop and record what streams, keep the draft, and go."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_WITHIN_S):
                await self.chat_screen.save_draft()
                await self.services.chat.settle()
                await self.services.transfers().settle()
        self.exit()

    @on(TerminalClosed)
    async def leave_without_terminal(self) -> None:
        """Leave as after SIGHUP, which a process without a controlling terminal does not get."""
        await self.leave()

    async def _leave_if(self, wanted: bool | None) -> None:
        if wanted:
            await self.leave()

    def _handle_exception(self, error: Exception) -> None:
        _log.error("the app crashed", exc_info=error)
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        # Textual's own report shows every local variable, and one may hold a key.
        self.panic(Text(scrubbed(traceback.format_exc())))

    def _dress(self) -> Sequence[str]:
        """Register the themes and put one on; returns what is wrong with them."""
        themes, problems = load_themes(self.services.theme_dirs)
        for theme in themes:
            self.register_theme(theme)
        self.theme, problem = choose_theme(self.services.theme, self.available_themes, os.environ)
        return [*map(str, problems), *filter(None, [problem])]
