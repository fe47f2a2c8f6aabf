import asyncio
from typing import Any

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Button

from llmtui.ui.keymap import validate_keymap
from llmtui.ui.terminal_input import TerminalParser
from llmtui.ui.widgets.prompt import LARGEST_PASTE, Prompt
from tests.ui.pilots import shown, type_at_once, until

QUIET_S = 0.06


class PromptApp(App[None]):
    def __init__(self, prompt: Prompt | None = None) -> None:
        super().__init__()
        self.prompt = prompt or Prompt()
        self.sent: list[str] = []
        self.rejected: list[str] = []
        self.copied: list[str] = []
        self.stops = 0

    BINDINGS = [("ctrl+c", "copy_or_stop")]  # noqa: RUF012

    def compose(self) -> ComposeResult:
        yield self.prompt
        yield Button("next")

    def on_prompt_submitted(self, event: Prompt.Submitted) -> None:
        self.sent.append(event.text)

    def on_prompt_rejected(self, event: Prompt.Rejected) -> None:
        self.rejected.append(event.reason)

    def copy_to_clipboard(self, text: str) -> None:
        self.copied.append(text)

    def action_copy_or_stop(self) -> None:
        self.stops += 1

    def receive(self, text: str) -> None:
        """What the terminal sends, through the parser of the drivers."""
        parser = TerminalParser()
        for event in [*parser.feed(text), *parser.tick()]:
            self.post_message(event)


async def test_enter_sends_and_empties() -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        await pilot.press(*"hello", "enter", *"again", "enter")

    assert app.sent == ["hello", "again"]
    assert app.prompt.text == ""


@pytest.mark.parametrize("key", ["ctrl+j", "shift+enter", "alt+enter"])
async def test_a_new_line_is_not_a_send(key: str) -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        await pilot.press("a", key, "b")

    assert app.sent == []
    assert app.prompt.text == "a\nb"


@pytest.mark.parametrize(
    "sent",
    ["\x1b\r", "\x1b\n", "\n", "\x1b[27;2;13~", "\x1b[27;3;13~", "\x1b[13;2u", "\x1b[13;3u", "\x1b[13;2:1u"],
    ids=["ESC CR", "ESC LF", "LF", "xterm shift", "xterm alt", "kitty shift", "kitty alt", "kitty with type"],
)
async def test_what_terminals_send_for_a_new_line_is_no_send(sent: str) -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        await pilot.press("a")
        await asyncio.sleep(QUIET_S)
        app.receive(sent)
        await until(pilot, lambda: app.prompt.text == "a\n")

    assert app.sent == []


@pytest.mark.parametrize(
    "sent", ["\r", "\x1bOM", "\x1b[13u", "\x1b[13;1u", "\x1b[27;1;13~", "\x1b[57414u"], ids=repr
)
async def test_what_terminals_send_for_enter_sends(sent: str) -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        await pilot.press("a")
        await asyncio.sleep(QUIET_S)
        app.receive(sent)
        await until(pilot, lambda: app.sent == ["a"])


@pytest.mark.parametrize("sent", ["\x1b[27;5;13~", "\x1b[13;5u"], ids=["xterm", "kitty"])
async def test_ctrl_enter_is_free_for_what_a_person_gives_it(sent: str) -> None:
    keymap, _ = validate_keymap({"send": "ctrl+enter"})
    app = PromptApp(Prompt(keymap=keymap))
    async with app.run_test() as pilot:
        await pilot.press("a")
        await asyncio.sleep(QUIET_S)
        app.receive(sent)
        await until(pilot, lambda: app.sent == ["a"])


async def test_blanks_are_not_sent() -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        await pilot.press("space", "ctrl+j", "enter")

    assert app.sent == []
    assert app.prompt.text == " \n"


async def test_a_bracketed_paste_is_text_with_clean_line_ends() -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        app.receive("\x1b[200~one\rtwo\r\nthree\x07[/x]\x1b[201~")
        await until(pilot, lambda: app.prompt.text != "")

    assert app.prompt.text == "one\ntwo\nthree␇[/x]"
    assert app.sent == []


async def test_an_enter_right_after_a_paste_is_a_line_break() -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        app.receive("\x1b[200~one\x1b[201~\r")
        await until(pilot, lambda: app.prompt.text == "one\n")
        await asyncio.sleep(QUIET_S)
        await pilot.press("enter")

    assert app.sent == ["one"]


async def test_a_paste_with_esc_in_it_does_not_send() -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        app.receive("\x1b[200~first\x1bsecond\rthird\r and more than thirty-two characters\rend\x1b[201~")
        await until(pilot, lambda: "end" in app.prompt.text)
        await asyncio.sleep(QUIET_S * 2)
        await pilot.pause()

    assert app.sent == []


async def test_lines_that_come_as_keys_are_lines_of_one_message() -> None:
    """A terminal without bracketed paste."""
    app = PromptApp()
    async with app.run_test() as pilot:
        type_at_once(app, *"one", "enter", *"two", "enter", *"three")
        await until(pilot, lambda: "three" in app.prompt.text)
        await asyncio.sleep(QUIET_S)
        await pilot.press("enter")

    assert app.sent == ["one\ntwo\nthree"]


async def test_what_a_script_types_with_an_enter_is_sent_after_a_moment_of_quiet() -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        type_at_once(app, *"hello", "enter")
        await until(pilot, lambda: app.sent == ["hello"])


async def test_a_huge_paste_is_refused_in_words() -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        app.prompt.post_message(events.Paste("x" * (LARGEST_PASTE + 1)))
        await until(pilot, lambda: bool(app.rejected))

    assert app.prompt.text == ""
    assert app.rejected == ["not pasted: 100,001 characters are more than 100,000"]


async def test_up_and_down_walk_the_history_and_keep_the_draft() -> None:
    app = PromptApp()
    app.prompt.set_history(["newest", "two\nlines", "oldest"])
    seen = []
    async with app.run_test() as pilot:
        await pilot.press(*"draft")
        for key in ("up", "up", "up", "up", "down", "down", "down", "down", "down"):
            await pilot.press(key)
            seen.append(app.prompt.text)

    # Down goes through both lines of the middle one before it leaves it.
    assert seen[:4] == ["newest", "two\nlines", "oldest", "oldest"]
    assert seen[4:] == ["two\nlines", "newest", "draft", "draft", "draft"]


async def test_up_inside_a_text_moves_the_cursor() -> None:
    app = PromptApp(Prompt("one\ntwo"))
    app.prompt.set_history(["earlier"])
    async with app.run_test() as pilot:
        app.prompt.move_cursor((1, 0))
        await pilot.press("up")
        assert app.prompt.text == "one\ntwo"
        await pilot.press("up")
        assert app.prompt.text == "earlier"


async def test_what_was_sent_is_the_newest_of_the_history() -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        await pilot.press(*"one", "enter", "up")

    assert app.prompt.text == "one"


async def test_an_earlier_prompt_that_was_changed_is_not_lost() -> None:
    app = PromptApp()
    app.prompt.set_history(["one", "two"])
    async with app.run_test() as pilot:
        await pilot.press("up", "!", "up")
        assert app.prompt.text == "one"
        await pilot.press("down")

    assert app.prompt.text == "one!"


@pytest.mark.parametrize(("height", "most"), [(40, 10), (24, 8), (10, 3)])
async def test_it_grows_to_ten_rows_or_a_third_of_the_screen_and_shrinks(height: int, most: int) -> None:
    app = PromptApp()
    async with app.run_test(size=(40, height)) as pilot:
        heights = []
        for text in ("one", "one\ntwo", "x\n" * 30, "word " * 90, ""):
            app.prompt.text = text
            await pilot.pause()
            heights.append(app.prompt.size.height)

    assert heights == [1, min(2, most), most, most, 1]


async def test_a_text_given_back_stands_above_what_was_typed_since() -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        await pilot.press(*"new")
        app.prompt.put_back("old")

    assert app.prompt.text == "old\nnew"


async def test_tab_leaves_it() -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        await pilot.press("tab")

        assert isinstance(app.focused, Button)


async def test_ctrl_c_is_the_apps_with_a_selection_and_without_one() -> None:
    app = PromptApp(Prompt("text"))
    async with app.run_test() as pilot:
        await pilot.press("ctrl+c")
        app.prompt.select_all()
        await pilot.press("ctrl+c")

    assert app.stops == 2
    assert app.copied == []


async def test_a_disabled_prompt_lets_keys_through() -> None:
    keys: list[str] = []

    class Listening(PromptApp):
        def on_key(self, event: events.Key) -> None:
            keys.append(event.key)

    app = Listening(Prompt(disabled=True))
    async with app.run_test() as pilot:
        app.set_focus(None)
        await pilot.press("a", "enter")

    assert keys == ["a", "enter"]
    assert app.sent == []


async def test_chosen_keys_send_and_break_lines() -> None:
    keymap, _ = validate_keymap({"send": "ctrl+j", "new-line": "enter"})
    app = PromptApp(Prompt(keymap=keymap))
    async with app.run_test() as pilot:
        await pilot.press("a", "enter", "b")
        assert app.prompt.text == "a\nb"
        await pilot.press("ctrl+j")

    assert app.sent == ["a\nb"]


async def test_enter_does_nothing_when_neither_key_is_enter() -> None:
    keymap, _ = validate_keymap({"send": "ctrl+x"})
    app = PromptApp(Prompt(keymap=keymap))
    async with app.run_test() as pilot:
        await pilot.press("a", "enter", "b")

    assert app.prompt.text == "ab"


async def test_it_says_what_it_is_for_and_holds_still() -> None:
    app = PromptApp(Prompt(placeholder="Message"))
    async with app.run_test() as pilot:
        await pilot.pause()
        assert "Message" in shown(app)
        blinking: Any = app.prompt.blink_timer
        assert not app.prompt.cursor_blink
        assert not blinking._active.is_set()


async def test_hostile_text_is_text() -> None:
    app = PromptApp(Prompt("[/x] [red]no[/red]"))
    async with app.run_test() as pilot:
        await pilot.pause()

        assert "[/x] [red]no[/red]" in shown(app)
