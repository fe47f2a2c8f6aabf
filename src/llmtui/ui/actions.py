"""Everything a key can do, as one table: it feeds the bindings, the leader panel, the help and the palette."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding
from textual.keys import key_to_character
from textual.screen import Screen

Scope = Literal["screen", "prompt", "transcript"]

LEADER = "leader "
"""What a key that is pressed after the leader begins with, in the table and in a person's config."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a person can do with a key."""

    id: str
    keys: tuple[str, ...]
    """Textual's key names; `leader x` is x after the leader."""
    command: str
    """Textual's action string; empty when the widget of the scope acts by itself."""
    label: str
    description: str
    group: str
    scope: Scope = "screen"
    family: str = ""
    """The one label that a row of similar actions shares, as provider 1 to 9 do."""
    priority: bool = False
    """Handled before the focused widget sees the key, so that keys typed quickly after it are not lost to it."""
    show: bool = False
    """Whether a footer shows it."""


def _leader(id: str, key: str, command: str, label: str, description: str, group: str) -> Action:
    return Action(id, tuple(LEADER + one for one in key.split()), command, label, description, group)


def _provider(n: int) -> Action:
    return Action(
        f"provider-{n}",
        (f"{LEADER}{n}",),
        f"select_provider({n})",
        f"Provider {n}",
        f"Use provider {n} of the sidebar",
        "Models",
        family="Provider",
    )


ACTIONS: tuple[Action, ...] = (
    Action("send", ("enter",), "", "Send", "Send what is typed", "Prompt", "prompt"),
    Action(
        "new-line",
        ("ctrl+j", "shift+enter", "alt+enter"),
        "",
        "New line",
        "Begin a new line",
        "Prompt",
        "prompt",
    ),
    Action("earlier-prompt", ("up",), "", "Earlier", "Earlier prompt (at the first line)", "Prompt", "prompt"),
    Action("later-prompt", ("down",), "", "Later", "Later prompt (at the last line)", "Prompt", "prompt"),
    _leader("edit-prompt", "e", "edit_prompt", "Editor", "Write the prompt in $EDITOR", "Prompt"),
    Action(
        "copy-or-stop",
        ("ctrl+c",),
        "copy_or_stop",
        "Copy / stop",
        "Copy what is selected; with nothing selected, stop the reply",
        "Reply",
    ),
    Action(
        "stop",
        ("escape",),
        "stop",
        "Stop",
        "Close what is open, else stop the reply, else go to the prompt",
        "Reply",
    ),
    _leader("regenerate", "r", "regenerate", "Regenerate", "Ask for another reply; this one is kept", "Reply"),
    _leader("continue", "n", "continue_reply", "Continue", "Carry on a reply that was cut", "Reply"),
    _leader("previous-variant", "v", "show_variant(-1)", "Previous variant", "Previous variant", "Reply"),
    _leader("next-variant", "b", "show_variant(1)", "Next variant", "Next variant", "Reply"),
    Action(
        "pick-model",
        ("ctrl+o",),
        "pick_model",
        "Model",
        "Pick a model of any provider, or type its name",
        "Models",
        priority=True,
        show=True,
    ),
    Action(
        "previous-model",
        ("ctrl+t",),
        "previous_model",
        "Model before",
        "Back to the provider and model used before",
        "Models",
    ),
    *(_provider(n) for n in range(1, 10)),
    _leader("next-provider", "tab", "next_provider", "Next provider", "Use the next provider", "Models"),
    Action("new-chat", ("ctrl+n",), "new_chat", "New", "Begin a new chat", "Chats", show=True),
    Action(
        "search",
        ("ctrl+r",),
        "search_history",
        "Search",
        "Search all chats",
        "Chats",
        priority=True,
        show=True,
    ),
    _leader("chats", "l", "show_chats", "Chats", "List the chats", "Chats"),
    _leader("rename-chat", "t", "rename_chat", "Title", "Give the chat a title", "Chats"),
    _leader("fork", "f", "fork", "Fork", "Go on in a copy of the chat", "Chats"),
    _leader("delete-chat", "x", "delete_chat", "Delete", "Delete the chat", "Chats"),
    _leader("restore-chat", "u", "restore_chat", "Undo delete", "Bring the deleted chat back", "Chats"),
    Action(
        "palette",
        ("ctrl+p",),
        "app.command_palette",
        "Commands",
        "Find a command by its name",
        "Screen",
        priority=True,
        show=True,
    ),
    Action(
        "leader",
        ("ctrl+g",),
        "leader",
        "More",
        "The keys of a second level",
        "Screen",
        priority=True,
        show=True,
    ),
    Action("focus-next", ("tab",), "app.focus_next", "Next part", "Prompt, transcript, sidebar", "Screen"),
    Action("focus-previous", ("shift+tab",), "app.focus_previous", "Part before", "The other way", "Screen"),
    _leader("sidebar", "s", "toggle_sidebar", "Sidebar", "Show or fold the sidebar", "Screen"),
    Action("repaint", ("ctrl+l",), "repaint", "Repaint", "Draw the whole screen again", "Screen"),
    Action("help", ("f1", f"{LEADER}?", f"{LEADER}f1"), "show_help", "Help", "Keys and help", "Screen"),
    _leader("quit", "q", "app.quit", "Quit", "Leave; replies in progress are kept", "Screen"),
    Action("transcript.previous", ("up", "k", "alt+up"), "", "Up", "Previous message", "Transcript", "transcript"),
    Action("transcript.next", ("down", "j", "alt+down"), "", "Down", "Next message", "Transcript", "transcript"),
    Action(
        "transcript.fold", ("enter", "space"), "", "Reasoning", "Fold reasoning", "Transcript", "transcript"
    ),
    Action("transcript.copy", ("c",), "", "Copy", "Copy the message", "Transcript", "transcript"),
    Action("transcript.copy-code", ("y",), "", "Copy code", "Copy its code", "Transcript", "transcript"),
    Action("transcript.page-up", ("pageup",), "", "Page up", "A page up", "Transcript", "transcript"),
    Action("transcript.page-down", ("pagedown",), "", "Page down", "A page down", "Transcript", "transcript"),
    Action("transcript.start", ("home",), "", "Start", "To the first message", "Transcript", "transcript"),
    Action("transcript.end", ("end",), "", "End", "Follow the end", "Transcript", "transcript"),
)
"""All actions, in the order in which they are shown."""

BY_ID: Mapping[str, Action] = {action.id: action for action in ACTIONS}

_KEY_WORDS = {"escape": "esc", "pageup": "pgup", "pagedown": "pgdn"}


def canonical(key: str) -> str:
    """Textual's long name of a key: `question_mark` for `?`."""
    return next(iter(Binding.make_bindings([(key, "")]))).key


def key_label(key: str) -> str:
    """A key as people write it: `ctrl+o`, `?`, `esc`."""
    modifiers, _, base = key.rpartition("+")
    base = base or "+"
    word = _KEY_WORDS.get(base) or (base if base == "space" else key_to_character(base)) or base
    return f"{modifiers}+{word}" if modifiers else word


def is_leader(key: str) -> bool:
    """Whether a key counts only after the leader."""
    return key.startswith(LEADER)


class Keymap:
    """Which keys each action has now: the table's, or those that a person chose."""

    def __init__(self, chosen: Mapping[str, tuple[str, ...]] | None = None) -> None:
        chosen = chosen or {}
        self._keys = {action.id: tuple(chosen.get(action.id, action.keys)) for action in ACTIONS}
        self._chosen = frozenset(chosen)

    def direct(self, action_id: str) -> tuple[str, ...]:
        """An action's keys that need no leader, as Textual names them."""
        return tuple(canonical(key) for key in self._keys[action_id] if not is_leader(key))

    def leader(self) -> dict[str, Action]:
        """Key after the leader -> action, in the order of the table."""
        return {
            canonical(key.removeprefix(LEADER)): action
            for action in ACTIONS
            for key in self._keys[action.id]
            if is_leader(key)
        }

    def of_scope(self, scope: Scope) -> dict[str, str]:
        """Key -> action id, for the widget that acts by itself."""
        return {key: action.id for action in ACTIONS if action.scope == scope for key in self.direct(action.id)}

    def labels(self, action_id: str) -> tuple[str, ...]:
        """An action's keys as people write them, the leader's own key spelt out."""
        return tuple(self._label(key) for key in self._keys[action_id])

    def textual(self) -> dict[str, str]:
        """What `App.set_keymap` takes: only what a person changed."""
        return {
            action_id: ",".join(self.direct(action_id)) or _unbound(action_id) for action_id in self._chosen
        }

    def _label(self, key: str) -> str:
        if not is_leader(key):
            return key_label(canonical(key))
        return f"{self.labels('leader')[0]} {key_label(canonical(key.removeprefix(LEADER)))}"


def bindings(actions: Iterable[Action] = ACTIONS) -> list[Binding]:
    """The screen's bindings; their ids are the actions', so that `App.set_keymap` finds them."""
    keymap = Keymap()
    return [
        Binding(
            ",".join(keymap.direct(action.id)) or _unbound(action.id),
            action.command,
            action.label,
            show=action.show,
            key_display=", ".join(keymap.labels(action.id)),
            priority=action.priority,
            tooltip=action.description,
            id=action.id,
        )
        for action in actions
        if action.scope == "screen"
    ]


def rows(actions: Iterable[Action], keymap: Keymap) -> Iterator[tuple[str, Action]]:
    """(keys, action) as a list of keys shows them: a family takes one row, from its first to its last key."""
    families: dict[str, list[Action]] = {}
    for action in actions:
        families.setdefault(action.family or action.id, []).append(action)
    for members in families.values():
        keys = keymap.labels(members[0].id)
        if len(members) > 1 and keys:
            keys = (f"{keys[0]}…{keymap.labels(members[-1].id)[0].rpartition(' ')[2]}",)
        yield " · ".join(keys), members[0]


async def perform(screen: Screen[object], action_id: str) -> None:
    """Run an action by its id on the screen, or on the app if the screen does not have it."""
    command = BY_ID[action_id].command
    namespace = screen if hasattr(screen, f"action_{command.partition('(')[0]}") else screen.app
    await screen.app.run_action(command, namespace)


def _unbound(action_id: str) -> str:
    return f"unbound-{action_id}"
