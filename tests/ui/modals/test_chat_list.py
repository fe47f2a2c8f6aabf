import pytest

from llmtui.core.history import Conversation, Target
from llmtui.ui.modals.chat_list import ChatChoice, ChatList
from tests.ui.pilots import DialogApp, shown, until


def chat_list() -> DialogApp:
    chats = [
        Conversation("1", "How trees drink [/x]", target=Target("ollama", "llama3.2")),
        Conversation("2", "", target=Target("openai"), draft="half a thought"),
        Conversation("3", "Window functions"),
    ]
    return DialogApp(ChatList(chats, current="3", streaming={"1"}))


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)])
async def test_it_shows_title_model_and_age(size: tuple[int, int]) -> None:
    app = chat_list()
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "draft: half" in shown(app))
        lines = shown(app).splitlines()

    def line(text: str) -> str:
        return next(line for line in lines if text in line)

    assert "llama3.2" in line("How")
    assert "now" in line("How")
    assert "writing …" in line("How")
    assert "openai" in line("draft: half")
    assert "● Window" in line("Window")


async def test_enter_opens_the_newest_or_the_one_walked_to() -> None:
    app = chat_list()
    async with app.run_test() as pilot:
        await pilot.press("down", "enter")

    assert app.results == [ChatChoice("2")]


async def test_typing_narrows_by_title_or_model() -> None:
    app = chat_list()
    async with app.run_test() as pilot:
        await pilot.press(*"wind")
        await until(pilot, lambda: "draft: half" not in shown(app))
        await pilot.press("enter")

    assert app.results == [ChatChoice("3")]


async def test_ctrl_x_deletes_the_highlighted_one() -> None:
    app = chat_list()
    async with app.run_test() as pilot:
        await pilot.press("down", "ctrl+x")

    assert app.results == [ChatChoice("2", delete=True)]


async def test_nothing_that_fits_is_nothing_to_take() -> None:
    app = chat_list()
    async with app.run_test() as pilot:
        await pilot.press(*"zzz")
        await until(pilot, lambda: "no chat fits" in shown(app))
        await pilot.press("enter", "ctrl+x", "escape")

    assert app.results == [None]


async def test_it_opens_without_any_chat() -> None:
    app = DialogApp(ChatList([]))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "no chats yet" in shown(app))
