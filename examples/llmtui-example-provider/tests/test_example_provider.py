"""The example keeps the contract: the same events for the same reply, however its bytes arrive."""

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from typing import Any

import pytest
from llmtui_example_provider.provider import ExampleProvider

from llmtui.config.schema import ProviderSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import user
from llmtui.core.errors import (
    AuthError,
    IncompleteStream,
    ProtocolError,
    ProviderError,
    RateLimited,
    ServerError,
)
from llmtui.core.events import Finish, ReasoningDelta, ReasoningEnd, StreamEvent, TextDelta, UsageUpdate
from llmtui.core.guard import Clocks, guard
from llmtui.core.ports import Provider
from llmtui.testing.cases import ProviderCase
from llmtui.testing.chunking import CHUNKINGS, Chunking
from llmtui.testing.encoders.base import dump
from llmtui.testing.laws import drain, normal_form
from llmtui.testing.scenarios import EMPTY, LENGTH, REASONING, TEXT, USAGE, Scenario, StreamFailure
from llmtui.testing.wire_server import STALL, WireServer

HELLO = ChatRequest((user("Hello"),))
SCENARIOS = {"text": TEXT, "reasoning": REASONING, "usage": USAGE, "length": LENGTH, "empty": EMPTY}


class ExampleEncoder:
    """Renders scenarios into the example's wire, which has no tools."""

    content_type = "application/x-ndjson"
    usage_fields = frozenset({"input", "output"})
    blank = b"\n"

    def encode(self, scenario: Scenario) -> list[bytes]:
        return [dump(line) + b"\n" for event in scenario for line in _lines(event)]

    def failure(self, status: int, message: str) -> bytes:
        return dump({"error": message})


def _lines(event: StreamEvent | StreamFailure) -> Iterator[Mapping[str, Any]]:
    match event:
        case TextDelta(text):
            yield {"text": text}
        case ReasoningDelta(text):
            yield {"thought": text}
        case ReasoningEnd():
            yield {"thought": None}
        case UsageUpdate(usage):
            yield {"tokens": [usage.input, usage.output]}
        case Finish(reason):
            yield {"done": reason.value}
        case StreamFailure(message=message):
            yield {"error": message}


def build(settings: Mapping[str, Any]) -> Provider:
    return ExampleProvider(ProviderSettings.model_validate(settings))


CASE = ProviderCase("example", build, ExampleEncoder(), "/chat", {"/models": dump(["a", "b"])})


def stream(provider: Provider) -> AsyncGenerator[StreamEvent, None]:
    return guard(provider.stream_chat(HELLO), provider.id, Clocks())


@pytest.mark.parametrize("chunking", CHUNKINGS.values(), ids=CHUNKINGS.keys())
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
async def test_the_same_reply_is_the_same_events(scenario: Scenario, chunking: Chunking) -> None:
    async with WireServer() as server:
        provider = CASE.provider(server)
        CASE.serve(server, scenario, chunking)
        outcome = await drain(stream(provider))
        await provider.aclose()
    fields = CASE.encoder.usage_fields
    assert outcome.error is None
    assert normal_form(outcome.events, fields) == normal_form(scenario, fields)


@pytest.mark.parametrize(
    ("status", "error"), [(401, AuthError), (429, RateLimited), (500, ServerError), (503, ProviderError)]
)
async def test_a_refusal_is_an_error_in_the_servers_words(status: int, error: type[ProviderError]) -> None:
    async with WireServer() as server:
        provider = CASE.provider(server)
        CASE.serve_raw(server, [CASE.encoder.failure(status, "not today")], status=status)
        outcome = await drain(stream(provider))
        await provider.aclose()
    assert isinstance(outcome.error, error)
    assert "not today" in str(outcome.error)


@pytest.mark.parametrize(
    ("writes", "error"),
    [
        ([b'{"text": "half"}\n'], IncompleteStream),
        ([b'{"text": "half"}\n{"te'], IncompleteStream),
        ([b"nonsense\n"], ProtocolError),
        ([b'{"text": "a"}\n{"error": "the machine fell over"}\n'], ProviderError),
    ],
)
async def test_what_is_not_whole_is_no_reply(writes: list[bytes], error: type[ProviderError]) -> None:
    async with WireServer() as server:
        provider = CASE.provider(server)
        CASE.serve_raw(server, writes)
        outcome = await drain(stream(provider))
        await provider.aclose()
    assert isinstance(outcome.error, error)


async def test_who_leaves_closes_the_socket_at_once() -> None:
    async with WireServer() as server:
        provider = CASE.provider(server)
        CASE.serve_raw(server, [b'{"text": "one"}\n', STALL])
        async with aclosing(stream(provider)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    break
        (exchange,) = CASE.chats(server)
        await exchange.client_left
        await provider.aclose()


async def test_what_the_settings_say_is_sent() -> None:
    async with WireServer() as server:
        provider = CASE.provider(
            server, api_key="sk-1", system_prompt="Be brief.", options={"tone": "friendly"}
        )
        CASE.serve(server, TEXT)
        await drain(stream(provider))
        request = CASE.chats(server)[0].request
        await provider.aclose()
    assert request.headers["authorization"] == "Bearer sk-1"
    assert request.json() == {
        "model": "test-model",
        "system": "Be brief.",
        "said": [{"role": "user", "text": "Hello"}],
        "tone": "friendly",
    }


async def test_the_models_are_listed_and_the_connection_is_checked() -> None:
    async with WireServer() as server:
        provider = CASE.provider(server, api_key="sk-1")
        assert [model.id for model in await provider.list_models()] == ["a", "b"]
        report = await provider.check(with_key=False)
        assert report.ok
        assert report.key_kept_back
        assert "authorization" not in server.exchanges[-1].request.headers
        await provider.aclose()
    assert not (await provider.check()).ok


def test_wrong_settings_are_told_without_building_anything() -> None:
    wrong = {"id": "x", "kind": "example", "options": {"tone": "rude"}}
    assert [issue.key for issue in ExampleProvider.validate_config(wrong)] == ["options.tone"]
