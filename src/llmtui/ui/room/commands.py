"""The room's actions in the command palette: in the room they act, elsewhere they open it where they do."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.types import IgnoreReturnCallbackType

from llmtui.ui.fuzzy import match
from llmtui.ui.room.actions import ROOM_ACTIONS, RoomAction, refusal
from llmtui.ui.room.base import RoomBase


@runtime_checkable
class OpensRoom(Protocol):
    """A screen that leads to the room."""

    def open_room_for(self, action: RoomAction) -> None:
        """Open it where an action of its own has a key."""


class RoomCommands(Provider):
    """Offers the actions on models and transfers; one that the server cannot do is dim, and says why."""

    async def discover(self) -> Hits:
        """All of them in the room, for an empty query; none elsewhere."""
        if isinstance(self.screen, RoomBase):
            for action, why_not in self._offered():
                yield DiscoveryHit(self._display(action, why_not), self._run(action), text=action.description)

    async def search(self, query: str) -> Hits:
        """Those whose description or label fits."""
        for action, why_not in self._offered():
            found = match(query, action.description) or match(query, action.label)
            if found is not None:
                # Elsewhere, what can be done there comes first.
                score = found.score if isinstance(self.screen, RoomBase) else found.score / 2
                yield Hit(score, self._display(action, why_not), self._run(action), text=action.description)

    def _offered(self) -> Iterator[tuple[RoomAction, str]]:
        room = self.screen if isinstance(self.screen, RoomBase) else None
        for action in ROOM_ACTIONS:
            if action.id == "room-commands" or (room is None and action.place == "room"):
                continue
            can = room.shelf.actions or None if room else None
            yield action, refusal(action, can, room.host.name if room else "")

    def _run(self, action: RoomAction) -> IgnoreReturnCallbackType:
        async def run() -> None:
            if isinstance(self.screen, RoomBase):
                await self.screen.app.run_action(action.command, self.screen)
            elif isinstance(self.screen, OpensRoom):
                self.screen.open_room_for(action)

        return run

    def _display(self, action: RoomAction, why_not: str) -> Content:
        if why_not:
            return Content.styled(f"{action.description}  {why_not}", "dim")
        where = "" if isinstance(self.screen, RoomBase) else "in the Ollama room: "
        return Content.assemble(action.description, "  ", (where, "dim"), (action.key, "$accent not bold"))
