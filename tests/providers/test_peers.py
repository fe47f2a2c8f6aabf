"""Our adapters against servers of others, over real HTTP: what both sides read in the vendors' docs."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from llmtui.core.chat import ChatRequest, ChatResponse
from llmtui.core.conversation import Message, Role, TextPart, ToolCallPart, ToolResultPart, assistant, user
from llmtui.core.errors import (
    AuthError,
    ContextTooLong,
    IncompleteStream,
    ProviderError,
    RateLimited,
    ServerError,
)
from llmtui.core.events import FinishReason, ReasoningDelta, TextDelta
from llmtui.core.ports import Provider
from llmtui.providers.embedded.provider import SYSTEM_PROMPT
from llmtui.testing.conformance.asking import failed, stream
from llmtui.testing.conformance.requests import ARGUMENTS, WEATHER, told
from llmtui.testing.laws import drain
from tests.providers.peers import ROOTS, CannotStart, Peer, aimock, xllamacpp

pytestmark = pytest.mark.slow

LONG = "This text goes on and on, é🙂, until somebody cuts it or stops it. " * 4
CALL = {"name": "weather", "arguments": json.dumps(ARGUMENTS)}
FIXTURES: list[dict[str, Any]] = [
    {"match": {"userMessage": "think"}, "response": {"content": "Paris.", "reasoning": "Let me think é."}},
    {"match": {"userMessage": "weather"}, "response": {"toolCalls": [CALL]}},
    {"match": {"userMessage": "halves"}, "response": {"content": "a 🙂 b 🤔 c"}, "chunkSize": 1},
    # Without a latency the connection is cut before the first byte.
    {
        "match": {"userMessage": "cut"},
        "response": {"content": LONG},
        "chunkSize": 8,
        "latency": 20,
        "truncateAfterChunks": 8,
    },
    {"match": {"userMessage": "slow"}, "response": {"content": LONG}, "chunkSize": 4, "latency": 200},
    *(
        {
            "match": {"userMessage": f"status {status}"},
            "response": {"error": {"message": "not today", "type": "some_error"}, "status": status},
        }
        for status in (401, 429, 500)
    ),
    {"match": {}, "response": {"content": "Café 🙂 naïve."}},
]
LLAMA_WIRES = ("openai_compat", "openai", "anthropic")
PARIS = ChatRequest(
    (user("What is the capital of France?"),), system=SYSTEM_PROMPT, temperature=0, max_tokens=50
)


@contextmanager
def or_skipped() -> Iterator[None]:
    try:
        yield
    except CannotStart as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with or_skipped(), aimock(tmp_path_factory.mktemp("aimock"), FIXTURES) as peer:
        yield peer


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory, embedded_weights: Path) -> Iterator[Peer]:
    with or_skipped(), xllamacpp(tmp_path_factory.mktemp("xllamacpp"), embedded_weights) as peer:
        yield peer


Asked = tuple[Peer, str]


@pytest.fixture(
    params=[*(("mock", kind) for kind in ROOTS), *(("llama", kind) for kind in LLAMA_WIRES)], ids="-".join
)
def asked(request: pytest.FixtureRequest) -> Asked:
    """Each peer, by each adapter whose wire it speaks."""
    name, kind = request.param
    return request.getfixturevalue(name), kind


@pytest.fixture(params=ROOTS)
async def mocked(request: pytest.FixtureRequest, mock: Peer) -> AsyncIterator[Provider]:
    """Each adapter at aimock."""
    async with aclosing(mock.provider(request.param)) as provider:
        yield provider


@pytest.fixture(params=LLAMA_WIRES)
async def real(request: pytest.FixtureRequest, llama: Peer) -> AsyncIterator[Provider]:
    """Each adapter at a real model, which it has to find by itself."""
    async with aclosing(llama.provider(request.param, model=None)) as provider:
        yield provider


def says(*words: str) -> ChatRequest:
    return ChatRequest(tuple(map(user, words)))


async def answer(provider: Provider, request: ChatRequest) -> ChatResponse:
    outcome = await drain(stream(provider, request))
    assert outcome.error is None, repr(outcome.error)
    return outcome.reply().response()


# All peers


async def test_a_reply_can_be_stopped_and_the_next_one_comes(asked: Asked) -> None:
    peer, kind = asked
    async with aclosing(peer.provider(kind)) as provider:
        texts = []
        async with aclosing(stream(provider, says("slow: a long poem about the sea, please"))) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    texts.append(event.text)
                if len(texts) == 2:
                    break
        assert len(texts) == 2
        assert (await answer(provider, PARIS)).finish.reason is FinishReason.STOP


async def test_another_key_is_refused(asked: Asked) -> None:
    peer, kind = asked
    async with aclosing(peer.provider(kind, api_key="wrong")) as stranger:
        failed(await drain(stream(stranger, PARIS)), AuthError)
        report = await stranger.check()
    assert report.failure is not None
    assert report.failure.name == "auth"


# A mock, which says exactly what it was told


@pytest.mark.parametrize(("said", "text"), [("Hello", "Café 🙂 naïve."), ("halves", "a 🙂 b 🤔 c")])
async def test_text_arrives(mocked: Provider, said: str, text: str) -> None:
    response = await answer(mocked, says(said))
    assert (response.message.text, response.finish.reason) == (text, FinishReason.STOP)


# It has no thoughts on Ollama's wire that Ollama would know: it calls the field `reasoning_content`.
@pytest.mark.parametrize("mocked", [kind for kind in ROOTS if kind != "ollama"], indirect=True)
async def test_thoughts_arrive(mocked: Provider) -> None:
    outcome = await drain(stream(mocked, says("think")))
    thoughts = "".join(event.text for event in outcome.events if isinstance(event, ReasoningDelta))
    assert (outcome.error, thoughts, outcome.text) == (None, "Let me think é.", "Paris.")


async def test_a_tool_is_called_and_its_result_goes_back(mocked: Provider, mock: Peer) -> None:
    request = replace(says("weather"), tools=(WEATHER,))
    called = await answer(mocked, request)
    (call,) = called.message.tool_calls
    assert called.finish.reason is FinishReason.TOOL_CALLS
    assert (call.name, json.loads(call.arguments)) == ("weather", ARGUMENTS)
    result = Message(Role.TOOL, (ToolResultPart(call.id, call.name, "12 °C"),))
    messages = (*request.messages, called.message, result, user("And now?"))
    assert (await answer(mocked, replace(request, messages=messages))).message.text == "Café 🙂 naïve."
    assert "12 °C" in told(mock.last_request())


async def test_a_conversation_goes_on_at_any_other_provider(mock: Peer) -> None:
    """What one wire has signed, the next does not get to see; all that was said, it does."""
    for first in ROOTS:
        for second in set(ROOTS) - {first}:
            async with aclosing(mock.provider(first, id="first")) as before:
                reply = await answer(before, says("think"))
            async with aclosing(mock.provider(second)) as after:
                messages = (user("think"), reply.message, user("Go on."))
                assert (await answer(after, ChatRequest(messages))).message.text == "Café 🙂 naïve."
            body = told(mock.last_request())
            assert "Paris." in body
            assert "Let me think" not in body
            assert 'encrypted_content": "' not in body


@pytest.mark.parametrize(
    ("status", "kind"), [(401, AuthError), (429, RateLimited), (500, ServerError)], ids=str
)
async def test_a_refusal_is_its_error(mocked: Provider, status: int, kind: type[ProviderError]) -> None:
    error = failed(await drain(stream(mocked, says(f"status {status}"))), kind)
    assert error.context.status == status
    assert "not today" in str(error)


async def test_a_cut_reply_is_incomplete(mocked: Provider) -> None:
    outcome = await drain(stream(mocked, says("cut")))
    assert LONG.startswith(outcome.text)
    assert failed(outcome, IncompleteStream).partial is bool(outcome.text)


# It has no list on Gemini's wire.
@pytest.mark.parametrize("mocked", [kind for kind in ROOTS if kind != "gemini"], indirect=True)
async def test_models_are_listed(mocked: Provider) -> None:
    assert "gpt-4o" in [model.id for model in await mocked.list_models()]


# A real model


async def test_a_real_model_answers(real: Provider) -> None:
    outcome = await drain(stream(real, PARIS))
    assert outcome.error is None, repr(outcome.error)
    response = outcome.reply().response()
    assert "Paris" in response.message.text
    assert response.finish.reason is FinishReason.STOP
    assert len([event for event in outcome.events if isinstance(event, TextDelta)]) > 3
    assert response.model == "m"
    assert response.usage is not None
    assert response.usage.input
    assert response.usage.output


# Its Responses call a reply that ran into its limit completed.
@pytest.mark.parametrize("real", [wire for wire in LLAMA_WIRES if wire != "openai"], indirect=True)
async def test_a_reply_ends_at_its_limit(real: Provider) -> None:
    response = await answer(real, replace(says("Write a long poem."), max_tokens=8))
    assert response.finish.reason is FinishReason.LENGTH


async def test_a_conversation_that_is_too_long_is_refused(real: Provider) -> None:
    failed(await drain(stream(real, says("long " * 20_000))), ContextTooLong)


async def test_a_tools_result_reaches_a_real_model(real: Provider) -> None:
    call = ToolCallPart("call_1", "weather", '{"city": "Paris"}')
    messages = (
        user("Weather in Paris?"),
        Message(Role.ASSISTANT, (TextPart("I look."), call)),
        Message(Role.TOOL, (ToolResultPart("call_1", "weather", "12 degrees and rain"),)),
        assistant("It rains."),
        user("Thank you."),
    )
    request = ChatRequest(messages, tools=(WEATHER,), max_tokens=20)
    usage = (await answer(real, request)).usage
    assert usage is not None
    # A bare "Thank you." is half of it.
    assert (usage.input or 0) > 50


async def test_a_check_finds_the_real_model(real: Provider) -> None:
    report = await real.check()
    assert report.ok, report
    assert [model.id for model in report.models] == ["m"]
