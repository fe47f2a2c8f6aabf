"""The settings drawer in the app, over a real file and a real server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.screen import Screen
from textual.widgets import Button, Input, Select

from llmtui.core.history import MessageState, Target
from llmtui.testing.exchange import Exchange
from llmtui.testing.wire_server import WireServer
from llmtui.ui.modals.question import Question
from llmtui.ui.modals.settings_drawer import SettingsDrawer
from llmtui.ui.widgets.flash import Flash
from llmtui.ui.widgets.setting_row import SettingRow
from tests.gatekeeper import gatekeeper
from tests.ui.pilots import shown, type_at_once, until
from tests.ui.screens.desk import Desk, running_app

GOOD = "sk-good-canary-0123456789"
CONFIG = """\
providers:
  - id: work
    kind: openai_compat
    base_url: {url}/v1 # the gateway
    api_key: ${{WORK_KEY}}
    model: m-1
  - {{id: fake, kind: scripted, options: {{tokens_per_s: null}}}}
"""


@pytest.fixture
def _good_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORK_KEY", GOOD)


@asynccontextmanager
async def drawn(
    folder: Path, url: str = "http://127.0.0.1:1", size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[Desk, SettingsDrawer]]:
    """An app whose drawer is open and filled."""
    async with running_app(folder, config=CONFIG.format(url=url), size=size) as desk:
        yield desk, await open_drawer(desk)


async def open_drawer(desk: Desk) -> SettingsDrawer:
    await desk.press("ctrl+g", "d")
    drawer = desk.app.screen
    assert isinstance(drawer, SettingsDrawer)
    await until(desk.pilot, lambda: bool(drawer.query(SettingRow)) and drawer.focused is not None)
    return drawer


def on_top(desk: Desk) -> Screen[object]:
    return desk.app.screen


def row(drawer: SettingsDrawer, key: str) -> SettingRow:
    return next(one for one in drawer.query(SettingRow) if one.field.key == key)


async def write(desk: Desk, drawer: SettingsDrawer, key: str, text: str) -> None:
    """Put a text into a field; its last character is typed."""
    editor = row(drawer, key).editor
    assert isinstance(editor, Input)
    editor.focus()
    editor.value = text[:-1]
    await desk.press("end", text[-1])


def by_key(server: WireServer) -> list[Exchange]:
    """What was asked with the key that was typed, unlike a probe's questions."""
    return [one for one in server.exchanges if GOOD in one.request.headers.get("authorization", "")]


def written(folder: Path) -> str:
    return (folder / "config.yaml").read_text()


async def test_it_shows_the_provider_in_use_and_esc_closes_it(tmp_path: Path) -> None:
    async with drawn(tmp_path) as (desk, _):
        screen = shown(desk.app)
        for words in ("Settings of work", "http://127.0.0.1:1/v1", "m-1", "stream options", "config.yaml"):
            assert words in screen
        await desk.press("escape")
        assert on_top(desk) is desk.screen


async def test_the_sidebar_opens_it_for_the_provider_under_the_cursor(tmp_path: Path) -> None:
    async with running_app(tmp_path, config=CONFIG.format(url="http://127.0.0.1:1")) as desk:
        desk.screen.sidebar.focus()
        await desk.press("down", "e")
        await until(desk.pilot, lambda: "Settings of fake" in shown(desk.app))
        assert desk.screen.target.provider == "work"


async def test_what_is_wrong_is_said_while_it_is_typed_and_not_saved(tmp_path: Path) -> None:
    async with drawn(tmp_path) as (desk, drawer):
        await write(desk, drawer, "temperature", "3")
        await until(desk.pilot, lambda: "less than or equal to 2" in shown(desk.app))
        row(drawer, "model").editor.focus()
        await desk.press("f2")
        assert on_top(desk) is drawer
        assert drawer.focused is row(drawer, "temperature").editor
        await desk.press("backspace", "1")
        await until(desk.pilot, lambda: "less than" not in shown(desk.app))
        await desk.press("f2")
        await desk.idle()
        assert "temperature: 1\n" in written(tmp_path)


async def test_a_key_is_never_shown_and_said_where_it_went(tmp_path: Path) -> None:
    async with drawn(tmp_path) as (desk, drawer):
        await write(desk, drawer, "api_key", GOOD)
        await until(desk.pilot, lambda: "goes to the system keyring" in shown(desk.app))
        assert GOOD not in shown(desk.app)
        await desk.press("f2")
        await desk.idle()
        flash = str(desk.screen.query_one(Flash).content)
        assert flash == f"work: saved · key in {tmp_path}/keys/work, readable only by you"
        assert GOOD not in written(tmp_path)
        drawer = await open_drawer(desk)
        await until(desk.pilot, lambda: "readable only" in shown(desk.app))


async def test_a_key_can_be_removed_or_kept_after_all(tmp_path: Path) -> None:
    async with drawn(tmp_path) as (desk, drawer):
        button = drawer.query_one("#forget", Button)
        button.focus()
        for removed in (True, False, True):
            # A button that was just pressed takes no key.
            await until(desk.pilot, lambda: not button.has_class("-active"))
            await desk.press("enter")
            assert ("removed when saved" in shown(desk.app)) is removed
            assert bool(drawer.edits) is removed
        await desk.press("f2")
        await desk.idle()
        assert "api_key" not in written(tmp_path)


async def test_a_test_shows_each_stage_and_when_it_is_older_than_the_last_change(tmp_path: Path) -> None:
    async with gatekeeper(GOOD) as server, drawn(tmp_path, server.url) as (desk, drawer):
        await write(desk, drawer, "api_key", "sk-wrong")
        await desk.press("ctrl+t")
        await until(desk.pilot, lambda: "✕ auth" in shown(desk.app))
        assert "Incorrect API key provided" in shown(desk.app)
        await write(desk, drawer, "api_key", GOOD)
        assert drawer.report.outdated
        await desk.press("ctrl+t")
        await until(desk.pilot, lambda: "the connection works" in shown(desk.app))
        assert not drawer.report.outdated
        assert "✕" not in str(drawer.report.content)
        assert "m-1" in written(tmp_path)
        assert not (tmp_path / "keys").exists()


async def test_a_test_that_hangs_is_cancelled_before_the_drawer_closes(tmp_path: Path) -> None:
    async with WireServer() as slow, drawn(tmp_path, slow.url) as (desk, drawer):
        slow.reply("/v1/models", before_head=asyncio.Event())
        await write(desk, drawer, "api_key", GOOD)
        await desk.press("ctrl+t")
        await until(desk.pilot, lambda: bool(by_key(slow)))
        await until(desk.pilot, lambda: "… http" in shown(desk.app))
        (exchange,) = by_key(slow)
        await desk.press("escape")
        await asyncio.wait_for(exchange.client_left, 5)
        await until(desk.pilot, lambda: "cancelled" in shown(desk.app))
        assert on_top(desk) is drawer
        await desk.press("escape")
        assert isinstance(on_top(desk), Question)


async def test_one_token_is_asked_of_what_was_typed_and_only_by_its_key(tmp_path: Path) -> None:
    async with gatekeeper(GOOD) as server, drawn(tmp_path, server.url) as (desk, drawer):
        await write(desk, drawer, "api_key", GOOD)
        await desk.press("f3", "ctrl+t")
        await until(desk.pilot, lambda: "f3 asks for one token" in shown(desk.app))
        assert [one.request.path for one in by_key(server)] == ["/v1/models"]
        await desk.press("f3")
        await until(desk.pilot, lambda: "m-1 answers: 'one'" in shown(desk.app))
        assert [one.request.path for one in by_key(server)] == ["/v1/models", "/v1/chat/completions"]
        assert drawer.focused is row(drawer, "api_key").editor


async def test_esc_asks_before_it_drops_what_was_typed(tmp_path: Path) -> None:
    async with drawn(tmp_path) as (desk, drawer):
        before = written(tmp_path)
        await write(desk, drawer, "model", "m-2")
        await desk.press("escape")
        assert isinstance(on_top(desk), Question)
        await desk.press("escape")
        assert on_top(desk) is drawer
        assert row(drawer, "model").text == "m-2"
        await desk.press("escape", "d")
        assert on_top(desk) is desk.screen
        assert written(tmp_path) == before
        drawer = await open_drawer(desk)
        await write(desk, drawer, "model", "m-2")
        await desk.press("escape", "s")
        await desk.idle()
        assert "model: m-2\n" in written(tmp_path)
        assert on_top(desk) is desk.screen


async def test_every_sort_of_field_is_written_as_it_was_meant(tmp_path: Path) -> None:
    async with drawn(tmp_path) as (desk, drawer):
        await write(desk, drawer, "max_tokens", "100")
        row(drawer, "system_prompt").editor.focus()
        await desk.press(*"One.", "ctrl+j", *"Two.")
        await write(desk, drawer, "options.extra_body", "{top_k: 3}")
        chosen = row(drawer, "reasoning_effort").editor
        assert isinstance(chosen, Select)
        chosen.focus()
        await desk.press("enter", "down", "down", "enter")
        await desk.press("f2")
        await desk.idle()
        text = written(tmp_path)
        for line in (
            "max_tokens: 100",
            "system_prompt: |-\n      One.\n      Two.",
            "extra_body:\n        top_k: 3",
        ):
            assert line in text
        assert f"reasoning_effort: {chosen.value}" in text
        assert "base_url: http://127.0.0.1:1/v1 # the gateway\n" in text


async def test_a_choice_that_is_written_is_shown(tmp_path: Path) -> None:
    config = CONFIG.format(url="http://127.0.0.1:1").replace("m-1", "m-1\n    reasoning_effort: low")
    async with running_app(tmp_path, config=config) as desk:
        drawer = await open_drawer(desk)
        assert row(drawer, "reasoning_effort").text == "low"
        line = next(line for line in shown(desk.app).splitlines() if "reasoning effort" in line)
        assert "low" in line.split()


async def test_the_model_in_use_follows_unless_another_one_was_chosen(tmp_path: Path) -> None:
    async with drawn(tmp_path) as (desk, drawer):
        assert desk.screen.target == Target("work", "m-1")
        await write(desk, drawer, "model", "m-2")
        await desk.press("f2")
        await desk.idle()
        assert desk.screen.target == Target("work", "m-2")
        await desk.screen.switch(Target("work", "chosen"))
        drawer = await open_drawer(desk)
        await write(desk, drawer, "model", "m-3")
        await desk.press("f2")
        await desk.idle()
        assert desk.screen.target == Target("work", "chosen")


@pytest.mark.usefixtures("_good_key")
async def test_a_reply_in_flight_ends_on_the_old_server_and_the_next_one_asks_the_new(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with (
        gatekeeper(GOOD, gate) as old,
        gatekeeper(GOOD) as new,
        running_app(tmp_path, config=CONFIG.format(url=old.url)) as desk,
    ):
        await desk.submit("q")
        await asyncio.wait_for(desk.grew.get(), 10)
        drawer = await open_drawer(desk)
        await write(desk, drawer, "base_url", f"{new.url}/v1")
        await desk.press("f2")
        await until(desk.pilot, lambda: desk.app.screen is desk.screen)
        await until(desk.pilot, lambda: f"base_url: {new.url}/v1 # the gateway\n" in written(tmp_path))
        gate.set()
        ended = await asyncio.wait_for(desk.ended.get(), 10)
        assert ended.message.state is MessageState.COMPLETE
        assert ended.message.message.text == "one two"
        asked = len(new.requests)
        await desk.ask("again")
        assert [request.path for request in new.requests[asked:]][-1] == "/v1/chat/completions"
        assert desk.entries[-1].text == "one two"


async def test_a_file_that_is_wrong_by_now_is_told_and_left_alone(tmp_path: Path) -> None:
    async with drawn(tmp_path) as (desk, drawer):
        await write(desk, drawer, "model", "m-2")
        path = tmp_path / "config.yaml"
        path.write_text(written(tmp_path) + "colour: red\n")
        await desk.press("f2")
        await until(desk.pilot, lambda: "colour" in shown(desk.app))
        assert on_top(desk) is drawer
        assert "m-2" not in written(tmp_path)


async def test_a_file_that_cannot_be_read_is_told_in_an_empty_drawer(tmp_path: Path) -> None:
    async with running_app(tmp_path, config=CONFIG.format(url="http://127.0.0.1:1")) as desk:
        (tmp_path / "config.yaml").write_text("providers: [")
        await desk.press("ctrl+g", "d")
        await until(desk.pilot, lambda: "config.yaml" in shown(desk.app))
        await desk.press("ctrl+t", "f2", "escape")
        assert on_top(desk) is desk.screen


async def test_keys_typed_at_once_arrive_in_order(tmp_path: Path) -> None:
    async with drawn(tmp_path) as (desk, drawer):
        row(drawer, "model").editor.focus()
        await desk.settle()
        type_at_once(desk.app, "end", "ctrl+u", *"new", "left", "X", "tab", "end", "backspace", "2")
        await until(desk.pilot, lambda: row(drawer, "base_url").text.endswith("v2"))
        assert row(drawer, "model").text == "neXw"


async def test_text_from_the_file_is_no_markup(tmp_path: Path) -> None:
    config = CONFIG.format(url="http://127.0.0.1:1").replace("m-1", '"[/x] [bold]m"')
    async with running_app(tmp_path, config=config) as desk:
        drawer = await open_drawer(desk)
        assert "[/x] [bold]m" in shown(desk.app)
        await write(desk, drawer, "temperature", "[/x]")
        await until(desk.pilot, lambda: "should be a number" in shown(desk.app))


@pytest.mark.parametrize("size", [(80, 24), (40, 10)])
async def test_every_field_can_be_reached_on_small_screens(tmp_path: Path, size: tuple[int, int]) -> None:
    async with drawn(tmp_path, size=size) as (desk, drawer):
        seen: set[str] = set()
        for _ in drawer.focus_chain:
            assert drawer.focused is not None
            around = [one for one in drawer.focused.ancestors_with_self if isinstance(one, SettingRow)]
            for one in around:
                seen.add(one.field.key)
                if isinstance(one.editor, Input):
                    assert drawer.query_one("VerticalScroll").region.contains_region(one.editor.region)
            await desk.press("tab")
        assert seen == {one.field.key for one in drawer.query(SettingRow)}
        assert "ctrl+t test · f2 save" in shown(desk.app)
