import pytest

from llmtui.ui.actions import ACTIONS
from llmtui.ui.keymap import Keymap, validate_keymap
from llmtui.ui.modals.help import Help
from llmtui.ui.room.actions import ROOM_ACTIONS
from tests.ui.pilots import DialogApp, shown, until


async def test_it_lists_every_action_with_its_keys() -> None:
    app = DialogApp(Help(Keymap()))
    async with app.run_test(size=(120, 140)) as pilot:
        await until(pilot, lambda: "Ask the server for its models" in shown(app))
        screen = " ".join(shown(app).split())

    for action in ACTIONS:
        if not action.family:
            assert action.description[:25] in screen
    for room_action in ROOM_ACTIONS:
        assert f"{room_action.key} {room_action.description[:25]}" in screen
    assert "ctrl+g 1…9" in screen
    assert "ctrl+j · shift+enter ·" in screen


async def test_it_shows_the_keys_that_a_person_chose() -> None:
    app = DialogApp(Help(validate_keymap({"fork": "f4", "leader": "f2"})[0]))
    async with app.run_test(size=(120, 140)) as pilot:
        await until(pilot, lambda: "Follow the end" in shown(app))
        lines = shown(app).splitlines()

    assert any("f4" in line and "copy of the chat" in line for line in lines)
    assert any("f2 q" in line and "Leave" in line for line in lines)


async def test_typing_narrows_and_nothing_is_said() -> None:
    app = DialogApp(Help(Keymap()))
    async with app.run_test() as pilot:
        await pilot.press(*"regen")
        await until(pilot, lambda: "no key fits" in shown(app))
        await pilot.press("ctrl+u", *"another reply")
        await until(pilot, lambda: "Ask for another reply" in shown(app))

        assert "Fork" not in shown(app)


@pytest.mark.parametrize("size", [(80, 24), (40, 10)])
async def test_it_scrolls_where_it_does_not_fit(size: tuple[int, int]) -> None:
    app = DialogApp(Help(Keymap()))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "Send what is typed" in shown(app))
        await pilot.press("pagedown")
        await until(pilot, lambda: "Send what is typed" not in shown(app))
        await pilot.press("pageup")
        await until(pilot, lambda: "Send what is typed" in shown(app))
        await pilot.press("escape")

    assert app.results == [None]
