import pytest

from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import user
from llmtui.core.errors import UnknownProvider
from llmtui.core.events import TextDelta
from llmtui.core.history import Target
from llmtui.core.models import AgentInfo
from llmtui.providers.registry import Registry
from llmtui.providers.script import Fault
from llmtui.routing.retry import RetryingProvider
from llmtui.services.agents import Agents, instructed
from llmtui.services.chat import ChatService
from tests.services.desk import TARGET, Desk, make_fake

REVIEWER = AgentInfo(
    "Reviewer",
    "fake",
    "strict",
    temperature=0.2,
    max_tokens=64,
    system_prompt="Name bugs.",
    reasoning_effort="high",
)
BRIEF = AgentInfo("brief", system_prompt="Be brief.")


def agents(*providers: str, default: str | None = None) -> Agents:
    fakes = [make_fake(name).settings for name in providers]
    return Agents(Registry(fakes, default_provider=default), [REVIEWER, BRIEF])


def instructions(request: ChatRequest) -> tuple[object, ...]:
    return request.system, request.temperature, request.max_tokens, request.reasoning_effort


def with_agents(desk: Desk, *known: AgentInfo) -> Desk:
    """The same database and provider under a program that knows these agents."""
    registry = Registry([desk.fake.settings], wrap=lambda _: RetryingProvider(desk.fake, desk.fake.clocks))
    return Desk(ChatService(desk.chat.recorder, registry, known), desk.fake, desk.store)


def test_agents_are_found_by_name_whatever_the_case() -> None:
    found = agents("fake")
    assert found.all == [REVIEWER, BRIEF]
    assert found.find("reVIEWER") == REVIEWER
    assert found.find("nobody") is None
    assert found.find(None) is None


def test_an_agent_without_a_model_asks_for_the_one_configured() -> None:
    registry = Registry([make_fake("box").settings.model_copy(update={"model": "own"})])
    assert Agents(registry).target(AgentInfo("a", "BOX")) == Target("box", "own")
    assert Agents(registry).target(AgentInfo("a", "box", "other")) == Target("box", "other")


@pytest.mark.parametrize(
    ("providers", "default", "expected"),
    [(("a", "b"), "b", "b"), (("a", "openai"), None, "openai"), (("openai", "b"), "B", "b")],
)
def test_an_agent_without_a_provider_asks_the_default_one_and_then_openai(
    providers: tuple[str, ...], default: str | None, expected: str
) -> None:
    assert agents(*providers, default=default).target(BRIEF) == Target(expected, "echo")


def test_a_provider_that_is_not_there_is_named_with_the_agent() -> None:
    with pytest.raises(UnknownProvider, match="agent 'brief': no provider 'openai'; configured: a") as caught:
        agents("a").target(BRIEF)
    assert "default_provider" in caught.value.hint


def test_what_a_request_says_itself_goes_over_the_agent() -> None:
    request = ChatRequest((user("q"),), "m", system="", temperature=0.0, reasoning_effort="off")
    assert instructions(instructed(request, REVIEWER)) == ("", 0.0, 64, "off")
    assert instructed(request, None) is request
    assert instructed(request, REVIEWER).model == "m"


async def test_an_agents_instructions_go_into_every_request_of_its_chat(desk: Desk) -> None:
    desk = with_agents(desk, REVIEWER)
    thread = desk.chat.new(TARGET)
    await desk.chat.appoint(thread.conversation.id, "reviewer")
    desk.fake.play(TextDelta("half "), Fault.CUT)
    thread = await desk.ask("one", thread)
    await desk.run(await desk.chat.resume(thread.conversation.id, TARGET))
    await desk.run(await desk.chat.regenerate(thread.conversation.id, TARGET))
    await desk.ask("two", thread)

    expected = ("Name bugs.", 0.2, 64, "high")
    assert [instructions(request) for request in desk.fake.requests] == [expected] * 4
    await desk.ask("no agent here")
    assert instructions(desk.fake.requests[-1]) == (None,) * 4


async def test_the_agent_is_remembered_with_the_chat_and_its_forks(desk: Desk) -> None:
    first = with_agents(desk, REVIEWER)
    thread = await first.ask("q")
    await first.chat.appoint(thread.conversation.id, "Reviewer")
    fork = await first.chat.fork(thread.conversation.id)

    later = with_agents(desk, REVIEWER)
    for conversation_id in (thread.conversation.id, fork.conversation.id):
        opened = await later.chat.load(conversation_id)
        assert opened.conversation.agent == "Reviewer"
        await later.ask("and now?", opened)
        assert instructions(desk.fake.requests[-1])[0] == "Name bugs."


async def test_the_agent_of_a_chat_that_is_only_a_draft_is_remembered(desk: Desk) -> None:
    thread = desk.chat.new(TARGET)
    await desk.chat.save_draft(thread.conversation.id, "half a thought")
    await desk.chat.appoint(thread.conversation.id, "Reviewer")
    stored = await desk.store.conversation(thread.conversation.id)
    assert stored is not None
    assert (stored.agent, stored.draft) == ("Reviewer", "half a thought")


async def test_a_chat_goes_on_without_an_agent_that_is_gone(desk: Desk) -> None:
    first = with_agents(desk, REVIEWER)
    thread = await first.ask("q")
    await first.chat.appoint(thread.conversation.id, "Reviewer")

    later = with_agents(desk)
    opened = await later.chat.load(thread.conversation.id)
    await later.ask("still there?", opened)
    assert instructions(desk.fake.requests[-1]) == (None,) * 4
    assert later.chat.thread(thread.conversation.id).conversation.agent == "Reviewer"


async def test_an_agent_is_dismissed(desk: Desk) -> None:
    desk = with_agents(desk, REVIEWER)
    thread = await desk.ask("q")
    await desk.chat.appoint(thread.conversation.id, "Reviewer")
    await desk.chat.appoint(thread.conversation.id, None)
    await desk.ask("and now?", thread)
    assert instructions(desk.fake.requests[-1]) == (None,) * 4
    stored = await desk.store.conversation(thread.conversation.id)
    assert stored is not None
    assert stored.agent is None
