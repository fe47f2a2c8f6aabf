from typing import Any

import pytest
from textual.app import App
from textual.binding import Binding
from textual.screen import Screen

from llmtui.ui.actions import ACTIONS, BY_ID, perform
from llmtui.ui.keymap import Keymap, bindings, key_label, rows, validate_keymap
from llmtui.ui.transcript.view import Transcript

TAKEN_ELSEWHERE = {"ctrl+a", "ctrl+b", "ctrl+s", "ctrl+q", "ctrl+i", "ctrl+m", "ctrl+h", "ctrl+["}


def test_every_action_has_an_id_of_its_own() -> None:
    assert len(BY_ID) == len(ACTIONS)


def test_the_table_itself_has_no_clash_and_no_key_that_never_arrives() -> None:
    keymap, problems = validate_keymap({action.id: ",".join(action.keys) for action in ACTIONS})

    assert problems == []
    assert keymap.textual() == {}


def test_no_key_is_one_that_tmux_screen_or_flow_control_take() -> None:
    used = {key.removeprefix("leader ") for action in ACTIONS for key in action.keys}

    assert not used & TAKEN_ELSEWHERE


def test_the_keys_are_those_of_the_manual() -> None:
    direct = {"pick-model": "ctrl+o", "previous-model": "ctrl+t", "new-chat": "ctrl+n", "palette": "ctrl+p"}
    direct |= {"search": "ctrl+r", "copy-or-stop": "ctrl+c", "stop": "escape", "repaint": "ctrl+l"}
    direct |= {"leader": "ctrl+g", "focus-next": "tab", "focus-previous": "shift+tab", "help": "f1"}
    after_leader = {"provider-1": "1", "provider-9": "9", "next-provider": "tab", "sidebar": "s"}
    after_leader |= {"edit-prompt": "e", "regenerate": "r", "fork": "f", "quit": "q", "continue": "n"}
    keymap = Keymap()

    assert {id: keymap.direct(id)[0] for id in direct} == direct
    assert {id: keymap.after_leader(id)[0] for id in after_leader} == after_leader
    assert keymap.leader()["question_mark"] is BY_ID["help"]


def test_the_table_tells_the_transcripts_keys_as_they_are() -> None:
    real = {
        binding.id: tuple(binding.key.split(","))
        for binding in Transcript.BINDINGS
        if isinstance(binding, Binding) and binding.id
    }

    assert {action.id: action.keys for action in ACTIONS if action.scope == "transcript"} == real


@pytest.mark.parametrize(
    ("key", "label"),
    [("escape", "esc"), ("question_mark", "?"), ("ctrl+o", "ctrl+o"), ("tab", "tab"), ("space", "space")],
)
def test_keys_are_written_as_people_write_them(key: str, label: str) -> None:
    assert key_label(key) == label


def test_a_family_takes_one_row() -> None:
    by_label = {action.family: keys for keys, action in rows(ACTIONS, Keymap().labels)}

    assert by_label["Provider"] == "ctrl+g 1…9"


class Recorder(Screen[None]):
    BINDINGS = [*bindings()]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.done: list[object] = []

    def action_pick_model(self) -> None:
        self.done.append("pick-model")

    def action_previous_model(self) -> None:
        self.done.append("previous-model")

    def action_fork(self) -> None:
        self.done.append("fork")

    def action_select_provider(self, place: int) -> None:
        self.done.append(place)


class RecorderApp(App[None]):
    def __init__(self, keys: dict[str, str]) -> None:
        super().__init__()
        self.main = Recorder()
        self.set_keymap(validate_keymap(keys)[0].textual())

    def get_default_screen(self) -> Screen[Any]:
        return self.main


async def test_an_action_is_performed_by_its_id() -> None:
    app = RecorderApp({})
    async with app.run_test():
        await perform(app.screen, "provider-7")
        await perform(app.screen, "fork")
        await perform(app.screen, "quit")

    assert app.main.done == [7, "fork"]
    assert not app.is_running


async def test_chosen_keys_take_the_place_of_the_tables() -> None:
    app = RecorderApp({"pick-model": "ctrl+t", "previous-model": "ctrl+o", "fork": "f4, leader f"})
    async with app.run_test() as pilot:
        await pilot.press("ctrl+t", "ctrl+o", "f4")

    assert app.main.done == ["pick-model", "previous-model", "fork"]


async def test_an_action_moved_behind_the_leader_leaves_its_key() -> None:
    app = RecorderApp({"pick-model": "leader o"})
    async with app.run_test() as pilot:
        await pilot.press("ctrl+o")

    assert app.main.done == []
