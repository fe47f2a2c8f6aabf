from datetime import UTC, datetime, timedelta
from pathlib import Path

from llmtui.core.history import Target
from llmtui.core.models import ModelInfo, ModelList
from llmtui.providers.scripted import ScriptedProvider
from llmtui.storage.conversations import SQLiteStore
from llmtui.ui.modals.model_picker import ModelPicker
from tests.ui.pilots import shown, until
from tests.ui.screens.desk import Desk, fake, running_app


def fakes(**options: object) -> dict[str, ScriptedProvider]:
    other = fake("other", kind="scripted", models=["parrot", "myna"], **options)
    return {"fake": fake("fake"), "other": other}


async def open_picker(desk: Desk, *texts: str) -> None:
    await desk.press("ctrl+o")
    await until(desk.pilot, lambda: isinstance(desk.app.screen, ModelPicker))
    await until(desk.pilot, lambda: all(text in shown(desk.app) for text in texts))


async def test_a_favourite_is_there_after_a_restart_and_takes_the_chat_along(tmp_path: Path) -> None:
    async with running_app(tmp_path, fakes=fakes()) as desk:
        await open_picker(desk, "myna")
        await desk.press(*"myna", "f2")
        await until(desk.pilot, lambda: "myna ★" in shown(desk.app))
        await desk.press("escape")
        assert desk.screen.target == Target("fake", "echo")
    async with running_app(tmp_path, fakes=fakes()) as desk:
        await open_picker(desk, "Favourites", "Recent")
        await desk.press("up", "enter")
        await until(desk.pilot, lambda: desk.app.screen is desk.screen)
        await desk.settle()
        assert desk.screen.target == Target("other", "myna")
        await desk.ask("q")
        assert desk.fakes["other"].requests[0].model == "myna"


async def test_what_answered_is_recent_and_what_failed_is_not(tmp_path: Path) -> None:
    async with running_app(tmp_path, fakes=fakes()) as desk:
        await desk.ask("one")
        await desk.press("ctrl+g", "2")
        await desk.ask("two")
        await desk.press("ctrl+g", "1")
    async with running_app(tmp_path, fakes=fakes(down="connection refused")) as desk:
        await desk.press("ctrl+o")
        await until(desk.pilot, lambda: "Recent" in shown(desk.app))
        lines = [line.strip(" │▁▂▃▄▅▆▇") for line in shown(desk.app).splitlines()]

    at = lines.index("Recent")
    assert lines[at + 1].startswith("● echo  Fake")
    assert lines[at + 2].startswith("echo  Other")


async def test_a_server_that_is_down_shows_its_last_list_with_its_age(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "llmtui.db")
    await store.open()
    when = datetime.now(UTC) - timedelta(days=3, hours=1)
    await store.save_model_list("other", ModelList((ModelInfo("kept", detail="7B"),), when))
    await store.close()
    async with running_app(tmp_path, fakes=fakes(down="connection refused")) as desk:
        await open_picker(desk, "list of 3 d ago", "connection refused", "kept  7B", "parrot")
        await desk.press(*"kept", "enter")
        await until(desk.pilot, lambda: desk.app.screen is desk.screen)
        await desk.settle()
        assert desk.screen.target == Target("other", "kept")


async def test_a_list_that_came_is_kept_for_the_next_time(tmp_path: Path) -> None:
    async with running_app(tmp_path, fakes=fakes()) as desk:
        await open_picker(desk, "parrot")
        await desk.idle()
    store = SQLiteStore(tmp_path / "llmtui.db")
    await store.open()
    kept = await store.model_lists()
    await store.close()
    assert [model.id for model in kept["other"].models] == ["parrot", "myna"]


async def test_a_full_disk_leaves_the_picker_whole(tmp_path: Path) -> None:
    async with running_app(tmp_path, fakes=fakes()) as desk:
        await desk.screen.services.chat.recorder.store.close()
        await open_picker(desk, "myna")
        await desk.press(*"myna", "f2")
        await until(desk.pilot, lambda: "myna ★" in shown(desk.app))
        await desk.press("enter")
        await until(desk.pilot, lambda: desk.app.screen is desk.screen)
        await desk.settle()
        assert desk.screen.target == Target("other", "myna")
