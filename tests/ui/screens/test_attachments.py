from pathlib import Path

from textual.widgets import Input

from llmtui.core.conversation import ImagePart
from llmtui.testing.images import png
from llmtui.ui.modals.ask_text import AskText
from llmtui.ui.widgets.attachments import Attachments
from llmtui.ui.widgets.flash import Flash
from tests.ui.pilots import shown, until
from tests.ui.screens.desk import Desk, running_app


def line(desk: Desk) -> str:
    attachments = desk.screen.query_one(Attachments)
    return str(attachments.content) if attachments.display else ""


async def attach(desk: Desk, path: Path) -> None:
    await desk.press("ctrl+g", "i")
    await until(desk.pilot, lambda: isinstance(desk.app.screen, AskText))
    desk.app.screen.query_one(Input).value = str(path)
    await desk.press("enter")
    await desk.idle()


async def test_an_image_goes_with_the_next_message_and_only_with_it(tmp_path: Path) -> None:
    picture = tmp_path / "dot[red].png"
    picture.write_bytes(png(9, 9))
    async with running_app(tmp_path) as desk:
        await attach(desk, picture)
        assert line(desk).startswith(f"attached: dot[red].png ({len(png(9, 9))} bytes)")
        await desk.ask("what is this?")
        assert line(desk) == ""
        assert desk.entries[0].text == "[image: dot[red].png]\nwhat is this?"
        assert "[image: dot[red].png]" in shown(desk.app)
        await desk.ask("and now?")
        first, second = desk.fakes["fake"].requests
        assert first.messages[0].parts[0] == ImagePart(png(9, 9), "image/png", picture.name)
        assert [part for part in second.messages[-1].parts if isinstance(part, ImagePart)] == []


async def test_an_image_can_be_dropped_and_waits_in_its_own_chat(tmp_path: Path) -> None:
    picture = tmp_path / "dot.png"
    picture.write_bytes(png())
    async with running_app(tmp_path) as desk:
        await desk.ask("begin")
        chat = desk.screen.chat_id
        await attach(desk, picture)
        await desk.press("ctrl+n")
        assert line(desk) == ""
        await desk.screen.open_chat(chat)
        assert "dot.png" in line(desk)
        await desk.press("ctrl+g", "z")
        assert line(desk) == ""
        await desk.ask("no image")
        (message,) = [m for m in desk.fakes["fake"].requests[-1].messages if m.text == "no image"]
        assert len(message.parts) == 1


async def test_what_is_no_image_is_not_attached(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await attach(desk, tmp_path / "gone.png")
        assert line(desk) == ""
        assert "is no file" in str(desk.screen.query_one(Flash).content)


async def test_the_effort_cycles_per_chat_and_is_shown_while_it_is_not_the_providers(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        status = desk.screen.status
        seen = []
        for _ in range(6):
            await desk.press("ctrl+g", "k")
            seen.append(status.effort)
        assert seen == ["off", "low", "medium", "high", "max", ""]
        await desk.press("ctrl+g", "k")
        await desk.ask("q")
        assert desk.fakes["fake"].requests[0].reasoning_effort == "off"
        assert "effort off" in str(status.render())
        chat = desk.screen.chat_id
        await desk.press("ctrl+n")
        assert "effort" not in str(status.render())
        await desk.screen.open_chat(chat)
        assert "effort off" in str(status.render())
