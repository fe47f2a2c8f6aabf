"""The command palette: every action of the screen by its name, with its key."""

from collections.abc import Iterator

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.types import IgnoreReturnCallbackType
from textual.widgets import Input, LoadingIndicator

from llmtui.ui.actions import ACTIONS, Action, perform
from llmtui.ui.fuzzy import match
from llmtui.ui.keymap import Keymap


class Palette(CommandPalette):
    """Textual's palette without what writes while nothing happens, and without an emoji's width."""

    DEFAULT_CSS = """
    Palette {
        background: transparent;
        & SearchIcon { display: none; }
        & > Vertical { background: $panel; &:dark { background: $panel; } }
        & #--input { border: none; padding: 0 1; margin-bottom: 1; }
        & CommandInput, & CommandInput:focus { height: 1; border: none; }
        & LoadingIndicator { display: none; }
        &:nocolor CommandList > .option-list--option-highlighted { text-style: bold underline; }
    }
    """

    def on_mount(self) -> None:
        """Let the cursor stand still, and what is not shown rest."""
        self.query_one(Input).cursor_blink = False
        self.query_one(LoadingIndicator).auto_refresh = None


class ActionCommands(Provider):
    """Offers the actions; the app's `keymap` says which keys they have."""

    async def discover(self) -> Hits:
        """All actions, for an empty query."""
        for action, keys in self._offered():
            yield DiscoveryHit(_display(action, keys), self._run(action), text=action.description)

    async def search(self, query: str) -> Hits:
        """The actions whose description or label fits."""
        for action, keys in self._offered():
            found = match(query, action.description) or match(query, f"{action.label} {action.id}")
            if found is not None:
                yield Hit(
                    found.score,
                    _display(action, keys),
                    self._run(action),
                    text=action.description,
                )

    def _offered(self) -> Iterator[tuple[Action, str]]:
        keymap: Keymap = getattr(self.app, "keymap", None) or Keymap()
        for action in ACTIONS:
            if action.scope == "screen" and action.id != "palette":
                yield action, " · ".join(keymap.labels(action.id)[:1])

    def _run(self, action: Action) -> IgnoreReturnCallbackType:
        async def run() -> None:
            await perform(self.screen, action.id)

        return run


def _display(action: Action, keys: str) -> Content:
    return Content.assemble(action.description, "  ", (keys, "$accent not bold"))
