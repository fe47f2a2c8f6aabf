"""The config file, reloaded in the app."""

import asyncio
from pathlib import Path

from llmtui.core.history import MessageState, Target
from llmtui.core.models import ProviderInfo
from llmtui.ui.actions import BY_ID, perform
from llmtui.ui.widgets.flash import Flash
from llmtui.ui.widgets.provider_row import ProviderRow
from tests.gatekeeper import gatekeeper
from tests.ui.pilots import shown, until
from tests.ui.screens.desk import Desk, running_app

GOOD = "sk-good-canary"
FAST = "options: {tokens_per_s: null}"
CONFIG = f"""\
providers:
  - {{id: one, kind: scripted, model: m-1, {FAST}}}
  - {{id: two, kind: scripted, {FAST}}}
"""


def rows(desk: Desk) -> list[ProviderInfo]:
    return [row.info for row in desk.screen.sidebar.query(ProviderRow)]


async def reload(desk: Desk) -> str:
    """Reload, and return what is said of it."""
    await perform(desk.screen, "reload-config")
    await desk.idle()
    return str(desk.screen.query_one(Flash).content)


async def test_the_palette_offers_it_and_no_key_does(tmp_path: Path) -> None:
    assert BY_ID["reload-config"].keys == ()
    async with running_app(tmp_path, config=CONFIG) as desk:
        (tmp_path / "config.yaml").write_text(CONFIG.replace("id: two", "id: three"))
        await desk.press("ctrl+p", *"reload the config", "enter")
        await until(desk.pilot, lambda: "three" in [info.id for info in rows(desk)])
        assert "1 new, 1 gone" in shown(desk.app)


async def test_the_screen_shows_what_there_is_by_now(tmp_path: Path) -> None:
    async with running_app(tmp_path, config=CONFIG) as desk:
        path = tmp_path / "config.yaml"
        path.write_text(CONFIG.replace("m-1", "m-2").replace("id: two", "name: Two, id: two"))
        said = await reload(desk)
        assert said == "config reloaded · providers: 2 changed"
        assert [info.name for info in rows(desk)] == ["one", "Two"]
        assert desk.screen.target == Target("one", "m-2")
        desk.screen.action_pick_model()
        await until(desk.pilot, lambda: "m-2" in shown(desk.app))
        assert "m-1" not in shown(desk.app)


async def test_a_provider_in_use_that_is_gone_makes_way_for_the_default(tmp_path: Path) -> None:
    async with running_app(tmp_path, config=CONFIG) as desk:
        await desk.ask("hello")
        (tmp_path / "config.yaml").write_text(CONFIG.replace("id: one", "id: new"))
        said = await reload(desk)
        assert said.splitlines()[1] == "'one' is gone: from now on new is asked"
        assert desk.screen.target == Target("new", "m-1")
        assert (await desk.ask("again")).message.request is not None
        assert desk.entries[-1].text == "You said: again"


async def test_an_empty_chat_follows_the_default_and_another_stays(tmp_path: Path) -> None:
    async with running_app(tmp_path, config=CONFIG) as desk:
        path = tmp_path / "config.yaml"
        path.write_text(f"default_provider: two\n{CONFIG}")
        await reload(desk)
        assert desk.screen.target.provider == "two"
        await desk.ask("hello")
        path.write_text(f"default_provider: one\n{CONFIG}")
        await reload(desk)
        assert desk.screen.target.provider == "two"


async def test_a_file_that_is_wrong_is_told_with_its_line_and_all_goes_on(tmp_path: Path) -> None:
    async with running_app(tmp_path, config=CONFIG) as desk:
        (tmp_path / "config.yaml").write_text(CONFIG.replace("model:", "modle:"))
        said = await reload(desk)
        assert said.splitlines()[0].startswith(
            f"error: {tmp_path}/config.yaml:2: providers[0].modle: unknown key"
        )
        assert said.splitlines()[1] == "the config is as it was before"
        assert (await desk.ask("hello")).error is None


async def test_what_is_disabled_is_shown_with_its_reason(tmp_path: Path) -> None:
    async with running_app(tmp_path, config=CONFIG) as desk:
        (tmp_path / "config.yaml").write_text(f"{CONFIG}plugins: {{disabled: [scripted]}}\n")
        said = await reload(desk)
        assert "one: the kind 'scripted' is disabled" in said
        assert (await desk.ask("hello")).error is not None


async def test_a_reply_in_flight_ends_on_the_old_provider_which_is_closed_then(tmp_path: Path) -> None:
    gate = asyncio.Event()
    config = f"providers: [{{id: work, kind: openai_compat, base_url: URL/v1, api_key: {GOOD}, model: m}}]"
    async with (
        gatekeeper(GOOD, gate) as old,
        gatekeeper(GOOD) as new,
        running_app(tmp_path, config=config.replace("URL", old.url)) as desk,
    ):
        await desk.submit("q")
        await asyncio.wait_for(desk.grew.get(), 10)
        (tmp_path / "config.yaml").write_text(config.replace("URL", new.url))
        await perform(desk.screen, "reload-config")
        await until(desk.pilot, lambda: "1 changed" in shown(desk.app))
        chat = next(one for one in old.exchanges if one.request.path == "/v1/chat/completions")
        assert not chat.client_left.done()
        gate.set()
        ended = await asyncio.wait_for(desk.ended.get(), 10)
        assert (ended.message.state, ended.message.message.text) == (MessageState.COMPLETE, "one two")
        async with asyncio.timeout(10):
            await chat.client_left
        await desk.ask("again")
        assert [request.path for request in new.requests][-1] == "/v1/chat/completions"
