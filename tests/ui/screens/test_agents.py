from pathlib import Path

import pytest
from textual.command import DiscoveryHit, Hit
from textual.widgets import Static

from llmtui.core.history import Target
from llmtui.core.models import AgentInfo
from llmtui.ui.agent_commands import AgentCommands
from llmtui.ui.modals.agent_list import AgentList
from llmtui.ui.palette import Palette
from llmtui.ui.widgets.flash import Flash
from tests.ui.pilots import shown, until
from tests.ui.screens.desk import Desk, running_app

AGENTS = [
    AgentInfo(
        "reviewer",
        "other",
        "strict",
        temperature=0.2,
        max_tokens=64,
        system_prompt="Name bugs.",
        reasoning_effort="high",
    ),
    AgentInfo("lost"),
]


def title(desk: Desk) -> str:
    return str(desk.screen.query_one("#title", Static).content)


def flashed(desk: Desk) -> str:
    return str(desk.screen.query_one(Flash).content)


async def pick(desk: Desk, *keys: str) -> None:
    await desk.press("ctrl+g", "g")
    await until(desk.pilot, lambda: isinstance(desk.app.screen, AgentList))
    await until(desk.pilot, lambda: "no agent" in shown(desk.app))
    await desk.press(*keys, "enter")
    await until(desk.pilot, lambda: desk.app.screen is desk.screen)
    await desk.settle()


async def test_a_picked_agent_answers_with_its_instructions(tmp_path: Path) -> None:
    async with running_app(tmp_path, agents=AGENTS) as desk:
        await desk.ask("before")
        await pick(desk, *"review")
        assert desk.screen.target == Target("other", "strict")
        assert title(desk) == "agent reviewer · before"
        await desk.ask("now")
        (request,) = desk.fakes["other"].requests
        assert (request.model, request.system, request.temperature) == ("strict", "Name bugs.", 0.2)
        assert (request.max_tokens, request.reasoning_effort) == (64, "high")


async def test_the_agent_is_there_after_a_restart(tmp_path: Path) -> None:
    async with running_app(tmp_path, agents=AGENTS) as desk:
        await desk.ask("q")
        await pick(desk, *"review")
    async with running_app(tmp_path, agents=AGENTS) as desk:
        assert title(desk) == "agent reviewer · q"
        assert desk.screen.target == Target("other", "strict")
        await desk.ask("again")
        assert desk.fakes["other"].requests[0].system == "Name bugs."


async def test_a_target_switched_by_hand_keeps_the_instructions(tmp_path: Path) -> None:
    async with running_app(tmp_path, agents=AGENTS) as desk:
        await pick(desk, *"review")
        await desk.press("ctrl+g", "1")
        await desk.ask("q")
        (request,) = desk.fakes["fake"].requests
        assert (request.model, request.system) == ("echo", "Name bugs.")
        assert title(desk) == "agent reviewer · q"


async def test_a_new_chat_begins_without_an_agent_where_the_last_one_asked(tmp_path: Path) -> None:
    async with running_app(tmp_path, agents=AGENTS) as desk:
        await pick(desk, *"review")
        await desk.press("ctrl+n")
        assert title(desk) == "new chat"
        assert desk.screen.target == Target("other", "strict")
        await desk.ask("plain")
        assert desk.fakes["other"].requests[0].system is None


async def test_no_agent_goes_on_at_the_same_model_without_instructions(tmp_path: Path) -> None:
    async with running_app(tmp_path, agents=AGENTS) as desk:
        await pick(desk, *"review")
        await pick(desk, *"no agent")
        assert title(desk) == "new chat"
        assert desk.screen.target == Target("other", "strict")
        await desk.ask("plain")
        assert desk.fakes["other"].requests[0].system is None


async def test_an_agent_that_is_gone_is_said_and_the_chat_goes_on(tmp_path: Path) -> None:
    async with running_app(tmp_path, agents=AGENTS) as desk:
        await desk.ask("q")
        await pick(desk, *"review")
    async with running_app(tmp_path) as desk:
        assert "agent 'reviewer' is not in the config" in flashed(desk)
        assert title(desk) == "agent reviewer, not in the config · q"
        await desk.ask("still there?")
        assert desk.fakes["other"].requests[0].system is None


async def test_an_agent_without_a_provider_says_what_is_missing(tmp_path: Path) -> None:
    async with running_app(tmp_path, agents=AGENTS) as desk:
        await pick(desk, *"lost")
        assert "agent 'lost': no provider 'openai'; configured: fake, other" in flashed(desk)
        assert title(desk) == "new chat"
        assert desk.screen.target == Target("fake", "echo")


@pytest.mark.parametrize(("query", "found"), [("agent review", ["reviewer"]), ("nothing of it", [])])
async def test_the_palette_offers_agents_by_name(tmp_path: Path, query: str, found: list[str]) -> None:
    async with running_app(tmp_path, agents=AGENTS) as desk:
        commands = AgentCommands(desk.screen)
        hits = [hit.text async for hit in commands.search(query) if isinstance(hit, Hit)]
        offered = [hit.text async for hit in commands.discover() if isinstance(hit, DiscoveryHit)]

    assert hits == [f"Let agent {name} answer in this chat" for name in found]
    assert len(offered) == len(AGENTS)


async def test_an_agent_chosen_in_the_palette_answers(tmp_path: Path) -> None:
    async with running_app(tmp_path, agents=AGENTS) as desk:
        await desk.press("ctrl+p")
        await until(desk.pilot, lambda: isinstance(desk.app.screen, Palette))
        await desk.press(*"agent reviewer")
        await until(desk.pilot, lambda: "Let agent reviewer answer" in shown(desk.app))
        await desk.press("enter")
        await until(desk.pilot, lambda: title(desk) == "agent reviewer · new chat")
        assert desk.screen.target == Target("other", "strict")
