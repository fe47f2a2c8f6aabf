import pytest
from textual.app import App, ComposeResult

from llmtui.ui.widgets import flash
from llmtui.ui.widgets.flash import Flash
from tests.ui.pilots import shown, until


class FlashApp(App[None]):
    def compose(self) -> ComposeResult:
        yield Flash()

    @property
    def flash(self) -> Flash:
        return self.query_one(Flash)


async def test_it_takes_no_row_while_it_is_silent() -> None:
    app = FlashApp()
    async with app.run_test():
        assert not app.flash.display


@pytest.mark.parametrize(
    ("severity", "line"),
    [("information", " copied"), ("warning", " warning: copied"), ("error", " error: copied")],
)
async def test_the_severity_is_a_word_too(severity: str, line: str) -> None:
    app = FlashApp()
    async with app.run_test() as pilot:
        app.flash.show("copied", severity)
        await pilot.pause()

        assert shown(app).splitlines()[0] == line


async def test_the_newest_takes_the_place_of_the_one_before() -> None:
    app = FlashApp()
    async with app.run_test() as pilot:
        app.flash.show("first", "error")
        app.flash.show("second [/x]\nline")
        await pilot.pause()

        assert shown(app).splitlines()[:2] == [" second [/x]", " line"]
        assert not app.flash.has_class("-error")


async def test_it_goes_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flash, "_SHOWN_S", 0.05)
    app = FlashApp()
    async with app.run_test() as pilot:
        app.flash.show("gone", "warning")
        await until(pilot, lambda: not app.flash.display)
        await pilot.pause()

        assert "gone" not in shown(app)


async def test_a_newer_text_stays_its_full_time(monkeypatch: pytest.MonkeyPatch) -> None:
    app = FlashApp()
    async with app.run_test() as pilot:
        monkeypatch.setattr(flash, "_SHOWN_S", 0.05)
        app.flash.show("old")
        monkeypatch.setattr(flash, "_SHOWN_S", 60.0)
        app.flash.show("new")
        await pilot.pause(0.15)

        assert app.flash.display


async def test_a_long_text_is_read_whole_on_a_narrow_screen() -> None:
    app = FlashApp()
    async with app.run_test(size=(40, 24)) as pilot:
        app.flash.show("the database was damaged; it is kept as /home/somebody/llmtui/llmtui.db.damaged-1")
        await pilot.pause()

        assert "damaged-1" in "".join(line.strip() for line in shown(app).splitlines())


async def test_no_control_character_reaches_the_terminal() -> None:
    app = FlashApp()
    async with app.run_test() as pilot:
        app.flash.show("an error \x1b[2J of somebody", "error")
        await pilot.pause()

        assert "\x1b" not in shown(app)
