"""Which key does what: the table's keys, a person's own ones checked against it, and how keys are written."""

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping

from textual.binding import Binding
from textual.keys import Keys, key_to_character
from textual.widgets import TextArea

from llmtui.ui.actions import ACTIONS, BY_ID, LEADER, Action, Scope

_WORDS = {"escape": "esc", "pageup": "pgup", "pagedown": "pgdn"}
_MODIFIERS = {"ctrl", "alt", "shift", "super", "hyper", "meta"}
_EDITING = {binding.key for binding in Binding.make_bindings(TextArea.BINDINGS)}
_KEY_NAMES = {key.value.rpartition("+")[2] for key in Keys} | {f"f{n}" for n in range(1, 25)}

# Why a key does not arrive, over SSH or in a legacy terminal; the first that matches tells.
_UNRELIABLE = {
    r"ctrl\+i": "arrives as tab",
    r"ctrl\+m": "arrives as enter",
    r"ctrl\+h": "arrives as backspace in many terminals",
    r"ctrl\+(\[|left_square_bracket)": "arrives as escape",
    r"ctrl\+[sq]": "is taken by flow control in many terminals",
    r"ctrl\+b": "is taken by tmux",
    r"ctrl\+a": "is taken by screen",
    r"ctrl\+\d": "does not exist in legacy terminals",
    r"alt\+\d": "arrives as another character in many terminals",
    r"(shift|ctrl|alt)\+enter": "arrives as enter in legacy terminals",
    r".*(super|hyper|meta)\+.*": "does not exist in most terminals",
    r"ctrl\+shift\+[a-z]": "arrives without shift in legacy terminals",
}
_PLACES: Mapping[Scope, tuple[str, ...]] = {
    "screen": ("prompt", "transcript"),
    "prompt": ("prompt",),
    "transcript": ("transcript",),
}


def canonical(key: str) -> str:
    """Textual's long name of a key: `question_mark` for `?`."""
    return next(iter(Binding.make_bindings([(key, "")]))).key


def key_label(key: str) -> str:
    """A key as people write it: `ctrl+o`, `?`, `esc`."""
    modifiers, _, base = key.rpartition("+")
    character = key_to_character(base) if _is_typed(base) and base != "space" else None
    word = _WORDS.get(base) or character or base
    return f"{modifiers}+{word}" if modifiers else word


def is_leader(key: str) -> bool:
    """Whether a key counts only after the leader."""
    return key.startswith(LEADER)


class Keymap:
    """The keys that each action has now."""

    def __init__(self, chosen: Mapping[str, tuple[str, ...]] | None = None) -> None:
        chosen = chosen or {}
        self._keys = {action.id: tuple(chosen.get(action.id, action.keys)) for action in ACTIONS}
        self._chosen = tuple(chosen)

    def direct(self, action_id: str) -> tuple[str, ...]:
        """An action's keys that need no leader, as Textual names them."""
        return tuple(canonical(key) for key in self._keys[action_id] if not is_leader(key))

    def after_leader(self, action_id: str) -> tuple[str, ...]:
        """An action's keys after the leader, as Textual names them."""
        return tuple(canonical(key.removeprefix(LEADER)) for key in self._keys[action_id] if is_leader(key))

    def leader(self) -> dict[str, Action]:
        """Key after the leader -> action, in the order of the table."""
        return {key: action for action in ACTIONS for key in self.after_leader(action.id)}

    def of_scope(self, scope: Scope) -> dict[str, str]:
        """Key -> action id, for the widget that acts by itself."""
        return {
            key: action.id for action in ACTIONS if action.scope == scope for key in self.direct(action.id)
        }

    def labels(self, action_id: str) -> tuple[str, ...]:
        """An action's keys as people write them, the leader's own key spelt out."""
        direct = tuple(map(key_label, self.direct(action_id)))
        if not self.after_leader(action_id):
            return direct
        leader = self.labels("leader")[0]
        return direct + tuple(f"{leader} {label}" for label in self.leader_labels(action_id))

    def hint(self, action_id: str) -> str:
        """The one key to name in a sentence; the action's own name where it has no key."""
        return next(iter(self.labels(action_id)), BY_ID[action_id].label)

    def leader_labels(self, action_id: str) -> tuple[str, ...]:
        """An action's keys after the leader, as people write them."""
        return tuple(map(key_label, self.after_leader(action_id)))

    def textual(self) -> dict[str, str]:
        """What `App.set_keymap` takes: only what a person changed."""
        return {id: ",".join(self.direct(id)) or _unbound(id) for id in self._chosen}


def bindings(actions: Iterable[Action] = ACTIONS) -> list[Binding]:
    """The screen's bindings; their ids are the actions', so that `App.set_keymap` finds them."""
    keymap = Keymap()
    return [
        Binding(
            ",".join(keymap.direct(action.id)) or _unbound(action.id),
            action.command,
            action.label,
            show=action.show,
            priority=action.priority,
            tooltip=action.description,
            id=action.id,
        )
        for action in actions
        if action.scope == "screen"
    ]


def rows(actions: Iterable[Action], labels: Callable[[str], tuple[str, ...]]) -> Iterator[tuple[str, Action]]:
    """(keys, action) for a list of keys; a family takes one row, from its first to its last key."""
    families: dict[str, list[Action]] = {}
    for action in actions:
        families.setdefault(action.family or action.id, []).append(action)
    for members in families.values():
        keys = " · ".join(labels(members[0].id))
        if len(members) > 1:
            keys += "…" + labels(members[-1].id)[0].rpartition(" ")[2]
        yield keys, members[0]


def validate_keymap(chosen: Mapping[str, str]) -> tuple[Keymap, list[str]]:
    """The keymap with a person's own keys (`{"fork": "f4, leader f"}`), and what is wrong with them.

    What cannot be used is left out and the table's keys stay; what may not arrive is used all the same.
    """
    problems: list[str] = []
    usable: dict[str, tuple[str, ...]] = {}
    for action_id, text in chosen.items():
        if action_id not in BY_ID:
            problems.append(f"keys: there is no action {action_id!r}{_did_you_mean(action_id)}")
        elif keys := _usable(BY_ID[action_id], _split(text), problems):
            usable[action_id] = keys
    if all(map(is_leader, usable.get("leader", ("",)))):
        problems.append("keys: leader needs a key that is not behind the leader")
        del usable["leader"]
    taken: dict[tuple[str, str], str] = {}
    claimed: dict[str, tuple[str, ...]] = {}
    for action_id in dict.fromkeys(("leader", *usable, *BY_ID)):
        action = BY_ID[action_id]
        keys = _claim(action, usable.get(action_id, action.keys), taken, problems)
        claimed[action_id] = keys or _claim(
            action, action.keys if action_id in usable else (), taken, problems
        )
    return Keymap({id: keys for id, keys in claimed.items() if keys != BY_ID[id].keys}), problems


def _split(text: str) -> list[str]:
    return [" ".join(key.split()) for key in text.split(",") if key.strip()]


def _usable(action: Action, keys: list[str], problems: list[str]) -> tuple[str, ...]:
    """The keys that can be pressed for this action; the others become problems."""
    usable: list[str] = []
    for key in keys:
        bare = key.removeprefix(LEADER)
        if not _exists(bare):
            problems.append(f"keys: {action.id}: there is no key {key!r}")
        elif action.scope != "screen" and is_leader(key):
            problems.append(f"keys: {action.id}: cannot stand behind the leader")
        elif action.scope != "transcript" and not is_leader(key) and _is_typed(canonical(key)):
            problems.append(f"keys: {action.id}: {key!r} is a character that people type")
        else:
            usable.append(key)
    reasons = [_unreliable(action, key) for key in usable]
    if all(reasons):
        problems.extend(f"keys: {action.id}: {key} {why}" for key, why in zip(usable, reasons, strict=True))
    return tuple(usable)


def _claim(
    action: Action, keys: Iterable[str], taken: dict[tuple[str, str], str], problems: list[str]
) -> tuple[str, ...]:
    """Take the keys that no other action has taken where this one works."""
    free: list[str] = []
    for key in keys:
        places = ("leader",) if is_leader(key) else _PLACES[action.scope]
        name = canonical(key.removeprefix(LEADER))
        owners = {taken[place, name] for place in places if (place, name) in taken} - {action.id}
        if owners:
            problems.append(
                f"keys: {key} is taken by {', '.join(sorted(owners))}, so {action.id} goes without"
            )
        else:
            taken.update({(place, name): action.id for place in places})
            free.append(key)
    return tuple(free)


def _exists(key: str) -> bool:
    *modifiers, base = key.split("+") if key != "+" else ["+"]
    if not set(modifiers) <= _MODIFIERS or not base:
        return False
    return len(base) == 1 or base in _KEY_NAMES or key_to_character(base) is not None or _is_name(base)


def _is_typed(key: str) -> bool:
    character = key_to_character(key)
    return character is not None and character.isprintable()


def _is_name(base: str) -> bool:
    try:
        return bool(unicodedata.lookup(base.replace("_", " ")))
    except KeyError:
        return False


def _unreliable(action: Action, key: str) -> str:
    """Why a key may not do what is asked of it; empty when nothing is known against it."""
    if action.scope == "screen" and canonical(key) in _EDITING and key not in action.keys:
        return "edits text while the prompt has the focus"
    bare = key.removeprefix(LEADER)
    return next((why for pattern, why in _UNRELIABLE.items() if re.fullmatch(pattern, bare)), "")


def _did_you_mean(action_id: str) -> str:
    close = difflib.get_close_matches(action_id, BY_ID, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _unbound(action_id: str) -> str:
    return f"unbound-{action_id}"
