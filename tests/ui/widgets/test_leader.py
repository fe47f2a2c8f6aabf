from collections.abc import Sequence

import pytest
from textual.app import App, ComposeResult
from textual.screen import Screen

from llmtui.ui.actions import BY_ID, Action
from llmtui.ui.keymap import Keymap, bindings, validate_keymap
from llmtui.ui.widgets.leader import LeaderPanel
from llmtui.ui.widgets.prompt import Prompt
from tests.ui.pilots import shown, type_at_once, until


class Main(Screen[None]):
    BINDINGS = [*bindings()]  # noqa: RUF012

    def compose(self) -> ComposeResult:
        yield Prompt()

    def action_leader(self) -> None:
        app = self.app
        assert isinstance(app, LeaderApp)
        app.push_screen(LeaderPanel(app.keymap, app.offered), app.results.append)


class LeaderApp(App[None]):
    def __init__(self, keymap: Keymap | None = None, offered: Sequence[Action] | None = None) -> None:
        super().__init__()
        self.keymap = keymap or Keymap()
        self.offered = offered
        self.results: list[str | None] = []

    def get_default_screen(self) -> Screen[None]:
        return Main()


async def test_the_next_key_gives_its_action() -> None:
    app = LeaderApp()
    async with app.run_test() as pilot:
        await pilot.press("ctrl+g", "r", "ctrl+g", "7", "ctrl+g", "question_mark", "ctrl+g", "tab")

    assert app.results == ["regenerate", "provider-7", "help", "next-provider"]


@pytest.mark.parametrize("key", ["escape", "ctrl+c", "ctrl+g", "y", "enter"])
async def test_any_other_key_closes_it(key: str) -> None:
    app = LeaderApp()
    async with app.run_test() as pilot:
        await pilot.press("ctrl+g", key)
        await until(pilot, lambda: isinstance(app.screen, Main))

    assert app.results == [None]


async def test_a_chord_typed_at_once_is_a_chord_and_what_follows_is_text() -> None:
    app = LeaderApp()
    async with app.run_test() as pilot:
        prompt = app.screen.query_one(Prompt)
        prompt.focus()
        await pilot.pause()
        type_at_once(app, "ctrl+g", "f", "h", "e", "y")
        await until(pilot, lambda: prompt.text == "hey")

    assert app.results == ["fork"]


@pytest.mark.parametrize("size", [(200, 50), (120, 40), (80, 24), (40, 10)])
async def test_every_key_fits_the_screen(size: tuple[int, int]) -> None:
    app = LeaderApp()
    async with app.run_test(size=size) as pilot:
        await pilot.press("ctrl+g")
        await until(pilot, lambda: "esc closes" in shown(app))
        lines = shown(app)
        await pilot.press("down")
        if "more" in lines:
            lines += shown(app)
            assert app.results == []

    for key, action in Keymap().leader().items():
        if not action.family and key != "f1":
            assert (action.label[:6]) in lines, action.id
    assert "1…9" in lines
    assert "ctrl+g" in lines


async def test_it_shows_and_takes_only_what_works_now() -> None:
    app = LeaderApp(offered=[BY_ID["fork"]])
    async with app.run_test() as pilot:
        await pilot.press("ctrl+g")
        await until(pilot, lambda: "Fork" in shown(app))
        assert "Regenerate" not in shown(app)
        await pilot.press("r")

    assert app.results == [None]


async def test_it_shows_the_keys_that_a_person_chose() -> None:
    app = LeaderApp(validate_keymap({"fork": "leader z"})[0])
    async with app.run_test() as pilot:
        await pilot.press("ctrl+g")
        await until(pilot, lambda: "z  Fork" in shown(app))
        await pilot.press("z")

    assert app.results == ["fork"]


async def test_it_opens_with_nothing_to_offer() -> None:
    app = LeaderApp(offered=[])
    async with app.run_test() as pilot:
        await pilot.press("ctrl+g")
        await until(pilot, lambda: "no keys here now" in shown(app))
