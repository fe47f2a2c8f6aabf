from pathlib import Path

import pytest
from textual.widgets import Static

from llmtui.ui.widgets.chat_row import ChatRow
from tests.services.test_private import CANARY, bytes_below
from tests.ui.pilots import shown
from tests.ui.screens.desk import Desk, running_app
from tests.ui.screens.test_main import flashed


def titles(desk: Desk) -> list[str]:
    return [row.title for row in desk.screen.sidebar.query(ChatRow) if row.display]


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)])
async def test_it_is_shown_as_private(tmp_path: Path, size: tuple[int, int]) -> None:
    async with running_app(tmp_path, size=size) as desk:
        await desk.press("ctrl+g", "p")
        assert "◇ private · new chat" in shown(desk.app)
        assert "Nothing of this chat is stored" in shown(desk.app)
        await desk.ask("a secret")
        assert "◇ private · a secret" in shown(desk.app)
        assert titles(desk) == ["private: a secret"]
        await desk.press("ctrl+n")
        assert "◇ private" not in shown(desk.app)
        assert "Ask anything" in str(desk.screen.query_one("#welcome", Static).content)


async def test_it_is_kept_until_the_end_and_then_gone(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await desk.ask("stored-9152")
        await desk.press("ctrl+g", "p")
        chat = desk.screen.chat_id
        await desk.ask(CANARY)
        desk.screen.prompt.text = f"draft {CANARY}"
        await desk.press("ctrl+n")
        await desk.screen.open_chat(chat)
        assert [entry.text for entry in desk.entries] == [CANARY, f"You said: {CANARY}"]
        assert desk.screen.prompt.text == f"draft {CANARY}"
        await desk.press("ctrl+g", "f")
        assert "◇ private" in shown(desk.app)
        await desk.ask(f"forked {CANARY}")
        await desk.app.leave()
    found = bytes_below(tmp_path)
    assert b"stored-9152" in found
    assert CANARY.encode() not in found
    async with running_app(tmp_path) as desk:
        assert titles(desk) == ["stored-9152"]


async def test_its_prompts_are_offered_in_it_alone(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await desk.ask("public")
        public = desk.screen.chat_id
        await desk.press("ctrl+g", "p")
        await desk.press("up")
        assert desk.screen.prompt.text == ""
        await desk.ask("secret")
        await desk.press("up")
        assert desk.screen.prompt.text == "secret"
        private = desk.screen.chat_id
        desk.screen.prompt.text = ""
        await desk.screen.open_chat(public)
        await desk.press("up")
        assert desk.screen.prompt.text == "public"
        desk.screen.prompt.text = ""
        await desk.screen.open_chat(private)
        await desk.press("up")
        assert desk.screen.prompt.text == "secret"


async def test_no_editor_gets_a_file_of_it(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await desk.press("ctrl+g", "p")
        await desk.press(*"hm", "ctrl+g", "e")
        assert "not in a private chat" in flashed(desk)
        assert desk.screen.prompt.text == "hm"


async def test_variants_are_walked_in_memory(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await desk.press("ctrl+g", "p")
        await desk.ask("q")
        await desk.press("ctrl+g", "r")
        await desk.ended.get()
        await desk.settle()
        assert desk.entries[-1].variants == "‹2/2›"
        await desk.press("ctrl+g", "v")
        assert desk.entries[-1].variants == "‹1/2›"


async def test_one_begun_before_the_database_is_open_is_not_replaced(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await desk.ask("stored")
    async with running_app(tmp_path, settled=False) as desk:
        await desk.screen.action_private_chat()
        await desk.idle()
        assert "◇ private" in shown(desk.app)
        await desk.ask("secret")
        assert [entry.text for entry in desk.entries] == ["secret", "You said: secret"]
