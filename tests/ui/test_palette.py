from textual.app import App
from textual.command import DiscoveryHit, Hit
from textual.screen import Screen
from textual.widgets import Input

from llmtui.ui.actions import ACTIONS
from llmtui.ui.keymap import Keymap, bindings, validate_keymap
from llmtui.ui.palette import ActionCommands, Palette
from tests.ui.pilots import shown, until


class Main(Screen[None]):
    BINDINGS = [*bindings()]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.forked = False

    def action_fork(self) -> None:
        self.forked = True


class PaletteApp(App[None]):
    COMMANDS = {ActionCommands}  # noqa: RUF012

    def __init__(self, keymap: Keymap | None = None) -> None:
        super().__init__()
        self.keymap = keymap or Keymap()
        self.main = Main()

    def get_default_screen(self) -> Screen[None]:
        return self.main

    def action_command_palette(self) -> None:
        self.push_screen(Palette())


async def test_it_offers_every_action_of_the_screen_with_its_key() -> None:
    app = PaletteApp()
    async with app.run_test():
        hits = [hit async for hit in ActionCommands(app.screen).discover()]

    offered = {hit.text: str(hit.display) for hit in hits if isinstance(hit, DiscoveryHit)}
    wanted = [action for action in ACTIONS if action.scope == "screen" and action.id != "palette"]
    assert set(offered) == {action.description for action in wanted}
    for action in wanted:
        assert "".join(app.keymap.labels(action.id)[:1]) in offered[action.description]


async def test_it_shows_the_keys_that_a_person_chose() -> None:
    app = PaletteApp(validate_keymap({"fork": "f4"})[0])
    async with app.run_test():
        hits = [hit async for hit in ActionCommands(app.screen).search("copy of the chat")]

    assert [str(hit.match_display) for hit in hits if isinstance(hit, Hit)] == [
        "Go on in a copy of the chat  f4"
    ]


async def test_a_chosen_command_runs() -> None:
    app = PaletteApp()
    async with app.run_test() as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, Palette))
        await pilot.press(*"copy of")
        await until(pilot, lambda: "Go on in a copy" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.main.forked)


async def test_any_query_is_text_and_no_markup() -> None:
    app = PaletteApp()
    async with app.run_test() as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, Palette))
        await pilot.press("[", "/", "x", "]")
        await until(pilot, lambda: "[/x]" in shown(app))


async def test_its_cursor_stands_still() -> None:
    app = PaletteApp()
    async with app.run_test() as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, Palette))

        assert not app.screen.query_one(Input).cursor_blink
