"""A person's test of a connection, and the one token that is asked only on demand."""

import asyncio

import pytest

from llmtui.config.schema import ProviderSettings
from llmtui.core.errors import ConnectError
from llmtui.core.events import Finish, FinishReason, ReasoningDelta, Start, Status, StreamEvent, TextDelta
from llmtui.core.models import CheckStage, CheckState, ProviderInfo
from llmtui.providers.registry import Registry
from llmtui.providers.scripted import ScriptedProvider
from llmtui.services.connection import MOST_TOKENS, Progress, ask_one_token, token_effect
from llmtui.services.health import HealthService, HealthState

START = Start("p", "m-1")


def scripted(**settings: object) -> ScriptedProvider:
    full = {"id": "p", "kind": "scripted", "system_prompt": "be long", **settings}
    return ScriptedProvider(ProviderSettings.model_validate(full))


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ((START, TextDelta(" "), TextDelta("Hi"), TextDelta(" there")), "m-1 answers: 'Hi'"),
        ((START, ReasoningDelta("hm")), "m-1 answers: it thinks first"),
        ((START, Finish(FinishReason.LENGTH)), f"m-1 answers: no text within {MOST_TOKENS} tokens"),
        ((START, Finish(FinishReason.STOP)), "m-1 answers: no text, and the end: stop"),
        ((START, TextDelta("A" * 100_000)), f"m-1 answers: '{'A' * 60}…'"),
    ],
)
async def test_one_token_is_asked_for_and_no_more(reply: tuple[StreamEvent, ...], words: str) -> None:
    provider = scripted()
    provider.play(Status("loading", "m-1"), *reply, asyncio.Event())
    told: list[CheckStage] = []
    report = await ask_one_token(provider, told.append)
    assert report.ok
    assert [(stage.name, stage.detail) for stage in report.stages] == [("token", words)]
    assert [(stage.state, stage.detail) for stage in told] == [
        (CheckState.RUNNING, ""),
        (CheckState.RUNNING, "loading"),
        (CheckState.OK, words),
    ]
    (request,) = provider.requests
    assert (request.max_tokens, request.system, len(request.messages)) == (MOST_TOKENS, "", 1)


async def test_a_model_that_does_not_answer_is_told_with_what_helps() -> None:
    provider = scripted()
    provider.play(ConnectError("it fell over", hint="start it"))
    report = await ask_one_token(provider, lambda _: None)
    assert report.failure is not None
    assert (report.failure.detail, report.hint) == ("it fell over", "start it")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("local", "loads m into memory where it is not yet"),
        ("cloud", "asks m for one token, at its price (at most 16)"),
        (
            "hybrid",
            "asks m for one token, at its price (at most 16), or loads m into memory where it is not yet",
        ),
    ],
)
def test_what_a_token_does_is_said_before(kind: str, words: str) -> None:
    assert token_effect(ProviderInfo("p", "p", "k", kind, "m")) == words  # type: ignore[arg-type]


async def test_the_connection_of_a_configured_provider() -> None:
    settings = [
        ProviderSettings(id="up", kind="scripted", options={"context_window": 4096}),
        ProviderSettings(id="down", kind="scripted", options={"down": "out of order"}),
        ProviderSettings(id="keyless", kind="claude"),
    ]
    registry = Registry(settings)
    health = HealthService(registry)
    told: list[CheckStage] = []
    report = await health.connection("up").test(told.append)
    assert [(stage.name, stage.state) for stage in report.stages] == [
        ("script", CheckState.OK),
        ("context", CheckState.OK),
    ]
    assert told == list(report.stages)
    assert "4,096 tokens for echo" in report.stages[-1].detail
    assert (await health.connection("up").ask_token(told.append)).ok
    assert not (await health.connection("down").ask_token(told.append)).ok
    assert not (await health.connection("down").test(told.append)).ok
    assert health.of("down").state is HealthState.DOWN
    keyless = await health.connection("keyless").ask_token(told.append)
    assert (keyless.ok, keyless.stages[0].name) == (False, "settings")
    assert "echo" in health.connection("up").token_effect
    assert health.connection("nobody").token_effect == ""
    await registry.aclose()


def test_progress_shows_what_has_begun_until_it_ends() -> None:
    progress = Progress([CheckStage("name", CheckState.OK)])
    progress.take(CheckStage("tcp", CheckState.RUNNING))
    assert [(stage.name, stage.state) for stage in progress.stages] == [
        ("name", CheckState.OK),
        ("tcp", CheckState.RUNNING),
    ]
    assert progress.stages[-1].duration_s > 0
    progress.take(CheckStage("tcp", CheckState.FAILED, "cut"))
    progress.take(CheckStage("tcp", CheckState.FAILED, "it speaks TLS"))
    progress.take(CheckStage("auth", CheckState.RUNNING))
    progress.take(CheckStage("models", CheckState.OK))
    assert [(stage.name, stage.detail) for stage in progress.ended] == [
        ("name", ""),
        ("tcp", "it speaks TLS"),
        ("models", ""),
    ]
