import pytest

from llmtui.core.errors import UnknownProvider
from llmtui.core.history import Target
from llmtui.core.models import AgentInfo
from llmtui.ui.modals.agent_list import AgentChoice, AgentList
from tests.ui.pilots import DialogApp, shown, until

AGENTS = [
    AgentInfo("reviewer", "claude", "sonnet", system_prompt="\nYou review [/x].\nName bugs."),
    AgentInfo("lost", "gone"),
]


def target_of(agent: AgentInfo) -> Target:
    if agent.provider == "gone":
        raise UnknownProvider("no provider 'gone'")
    return Target(agent.provider or "openai", agent.model)


def agent_list(current: str | None = None, agents: list[AgentInfo] = AGENTS) -> DialogApp:
    return DialogApp(AgentList(agents, target_of, current=current))


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)])
async def test_it_shows_where_an_agent_asks_and_how_it_begins(size: tuple[int, int]) -> None:
    app = agent_list("reviewer")
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "no agent" in shown(app))
        screen = shown(app)

    first = next(line for line in screen.splitlines() if "● reviewer" in line)
    assert "sonnet · claude" in first
    assert "You review [/x]." in screen
    assert "Name bugs" not in screen
    assert "no provider 'gone'" in screen
    assert "esc close" in screen


@pytest.mark.parametrize(
    ("keys", "choice"),
    [
        (["enter"], AgentChoice("reviewer")),
        (["down", "down", "enter"], AgentChoice(None)),
        ([*"no agent", "enter"], AgentChoice(None)),
        ([*"sonn", "enter"], AgentChoice("reviewer")),
        (["escape"], None),
    ],
    ids=["first", "walked", "none-by-name", "by-model", "escape"],
)
async def test_what_the_keys_give(keys: list[str], choice: AgentChoice | None) -> None:
    app = agent_list("reviewer")
    async with app.run_test() as pilot:
        await until(pilot, lambda: "reviewer" in shown(app))
        await pilot.press(*keys)

    assert app.results == [choice]


async def test_the_highlight_begins_at_what_is_chosen_now() -> None:
    app = agent_list(None)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "● no agent" in shown(app))
        await pilot.press("enter")

    assert app.results == [AgentChoice(None)]


async def test_without_any_agent_it_says_how_to_have_some() -> None:
    app = agent_list(agents=[])
    async with app.run_test() as pilot:
        await until(pilot, lambda: "in the config file" in shown(app))
