"""Everything a key can do in the room of a server's models, as one table: it feeds bindings and palette."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding

from llmtui.core.model_admin import ModelAction
from llmtui.ui.actions import Action

Tab = Literal["test", "pull", "models"]
Place = Literal["room", "jobs", "models"]


@dataclass(frozen=True, slots=True)
class RoomAction:
    """One thing that a person can do in the room; `id` with underscores is the room's action."""

    id: str
    keys: str
    """Textual's names, with commas."""
    label: str
    description: str
    place: Place = "room"
    """Where its keys work; the palette has it everywhere."""
    needs: ModelAction | None = None
    """What the server must be able to do."""

    @property
    def command(self) -> str:
        """Textual's action string."""
        return f"screen.{self.id.replace('-', '_')}"

    @property
    def key(self) -> str:
        """Its first key, as people write it."""
        first = self.keys.partition(",")[0]
        return {"slash": "/"}.get(first, first)


ROOM_ACTIONS: tuple[RoomAction, ...] = (
    RoomAction("show-test", "f2", "test", "Test the connection"),
    RoomAction("show-pull", "f3", "pull", "Pull a model, and see what is on the way"),
    RoomAction("show-models", "f4", "models", "See the models of this server"),
    RoomAction("next-host", "ctrl+n", "host", "Go on to the next server that keeps models"),
    RoomAction("room-commands", "ctrl+p", "commands", "Find a command of this room by its name"),
    RoomAction("stop-transfer", "x", "stop", "Stop the marked transfer", "jobs"),
    RoomAction("resume-transfer", "r", "resume", "Resume or retry the marked transfer", "jobs"),
    RoomAction("talk-to-pulled", "t", "talk", "Talk to the model that was pulled", "jobs"),
    RoomAction("clear-ended", "c", "clear", "Clear the transfers that have ended", "jobs"),
    RoomAction(
        "show-model", "i,enter", "info", "Show template, parameters, licence", "models", ModelAction.SHOW
    ),
    RoomAction("talk-to-model", "t", "talk", "Talk to the marked model", "models"),
    RoomAction("load-model", "l", "load", "Load the marked model into memory", "models", ModelAction.LOAD),
    RoomAction(
        "unload-model", "u", "unload", "Unload the marked model from memory", "models", ModelAction.UNLOAD
    ),
    RoomAction(
        "keep-model", "k", "keep", "Say how long the marked model stays loaded", "models", ModelAction.LOAD
    ),
    RoomAction(
        "copy-model", "c", "copy", "Copy the marked model to another name", "models", ModelAction.COPY
    ),
    RoomAction("delete-model", "d", "delete", "Delete the marked model", "models", ModelAction.DELETE),
    RoomAction("create-model", "n", "new", "Create a model from a Modelfile", "models", ModelAction.CREATE),
    RoomAction(
        "push-model", "p", "push", "Push the marked model to its registry", "models", ModelAction.PUSH
    ),
    RoomAction("update-model", "g", "update", "Pull the marked model again", "models", ModelAction.PULL),
    RoomAction("sort-models", "s", "sort", "Sort the models by something else", "models"),
    RoomAction("filter-models", "slash", "filter", "Narrow the models by their names", "models"),
    RoomAction("look-again", "r", "refresh", "Ask the server for its models again", "models"),
)
"""All, in the order in which they are shown."""

_GROUPS = {"room": "Ollama room", "jobs": "Ollama room: on the way", "models": "Ollama room: models"}

ROOM_BY_ID = {action.id: action for action in ROOM_ACTIONS}


def room_bindings(place: Place, *, priority: bool = False) -> list[Binding]:
    """The bindings of the actions of a place."""
    return [
        Binding(action.keys, action.command, action.label, show=False, priority=priority)
        for action in ROOM_ACTIONS
        if action.place == place
    ]


def refusal(action: RoomAction, can: Iterable[ModelAction] | None, host: str) -> str:
    """Why a server cannot do this; empty when it can, or when nobody knows yet."""
    if action.needs is None or can is None or action.needs in can:
        return ""
    return f"{host} cannot {action.needs}"


def help_rows() -> Iterator[tuple[str, Action]]:
    """(keys, action) for the help: the room's own keys, by where in it they work."""
    for action in ROOM_ACTIONS:
        group = _GROUPS[action.place]
        yield action.key, Action(action.id, (), "", action.label, action.description, group)


def of_place(place: Place) -> Iterator[RoomAction]:
    """The actions of a place."""
    return (action for action in ROOM_ACTIONS if action.place == place)
