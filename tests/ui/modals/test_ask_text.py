from llmtui.ui.modals.ask_text import AskText
from tests.ui.pilots import DialogApp, shown, type_at_once, until


async def test_a_text_begins_with_what_it_is_now() -> None:
    app = DialogApp(AskText("Title [/x]", "now [/x]"))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "now [/x]" in shown(app))
        assert "Title [/x]" in shown(app)
        await pilot.press(*"!", "enter")

    assert app.results == ["now [/x]!"]


async def test_an_empty_text_is_not_taken() -> None:
    app = DialogApp(AskText("Title"))
    async with app.run_test() as pilot:
        await pilot.press("space", "enter")
        assert app.results == []
        await pilot.press("escape")

    assert app.results == [None]


async def test_what_is_typed_before_it_is_ready_is_not_lost() -> None:
    app = DialogApp(AskText("Title"))
    async with app.run_test() as pilot:
        type_at_once(app, *"early")
        await until(pilot, lambda: "early" in shown(app))
