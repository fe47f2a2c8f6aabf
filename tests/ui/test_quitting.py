from pathlib import Path

import pytest

from llmtui.services.leaving import InFlight
from llmtui.ui.keymap import Keymap
from llmtui.ui.modals.quit import QuitDialog, consequences
from tests.ui.pilots import DialogApp, shown, until
from tests.ui.screens.desk import Desk, running_app
from tests.ui.screens.test_main import HANG


async def begin(desk: Desk) -> None:
    desk.fakes["fake"].play(*HANG)
    await desk.submit("q")
    await desk.grew.get()


async def test_with_nothing_under_way_it_quits_at_once(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await desk.ask("q")
        await desk.press("ctrl+g", "q")
        assert not desk.app.is_running


async def test_with_a_reply_under_way_it_asks_and_esc_stays(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await begin(desk)
        await desk.press("ctrl+g", "q")
        assert "1 reply is being written: stopped and kept" in shown(desk.app)
        for key in ("escape", "n", "ctrl+c"):
            await desk.press(key)
            assert desk.app.screen is desk.screen
            await desk.press("ctrl+g", "q")
        await desk.press("x")
        assert isinstance(desk.app.screen, QuitDialog)
        assert desk.app.services.chat.running(desk.screen.chat_id)


@pytest.mark.parametrize("keys", [("enter",), ("y",), ("ctrl+g", "q")], ids=str)
async def test_it_quits_when_told_so_and_keeps_what_came(tmp_path: Path, keys: tuple[str, ...]) -> None:
    async with running_app(tmp_path) as desk:
        await begin(desk)
        await desk.press("ctrl+g", "q")
        await desk.press(*keys)
        await until(desk.pilot, lambda: not desk.app.is_running)
    async with running_app(tmp_path) as desk:
        assert desk.entries[-1].text == "half "


async def test_the_leader_alone_does_not_quit(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await begin(desk)
        await desk.press("ctrl+g", "q", "ctrl+g", "escape")
        assert isinstance(desk.app.screen, QuitDialog)
        await desk.press("ctrl+g", "n")
        assert isinstance(desk.app.screen, QuitDialog)


async def test_the_persons_own_keys_quit_in_the_dialog_too(tmp_path: Path) -> None:
    async with running_app(tmp_path, keys={"leader": "f2", "quit": "f10, leader z"}) as desk:
        await begin(desk)
        await desk.press("f2", "z")
        assert isinstance(desk.app.screen, QuitDialog)
        await desk.press("escape", "f10")
        assert isinstance(desk.app.screen, QuitDialog)
        await desk.press("f10")
        await until(desk.pilot, lambda: not desk.app.is_running)


async def test_a_private_draft_is_asked_for(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await desk.press("ctrl+g", "p", *"hm", "ctrl+g", "q")
        assert "1 private chat is lost" in shown(desk.app)
        await desk.press("escape", "ctrl+u", "ctrl+g", "q")
        await until(desk.pilot, lambda: not desk.app.is_running)


def test_it_says_what_happens_to_each_kind() -> None:
    assert list(consequences(InFlight(replies=2, queued=3, private=2))) == [
        "2 replies are being written: stopped and kept",
        "3 messages are queued: kept, not sent",
        "2 private chats are lost",
    ]
    assert list(consequences(InFlight(replies=1, queued=1, problem="the disk is full"))) == [
        "1 reply is being written: stopped and lost: the disk is full",
        "1 message is queued: lost: the disk is full",
    ]


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)])
async def test_it_fits(size: tuple[int, int]) -> None:
    app = DialogApp(QuitDialog(InFlight(2, 3, 1), Keymap()))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "1 private chat is lost" in shown(app))
        assert "enter quit · esc stay" in shown(app)
        await pilot.press("escape")
    assert app.results == [None]
