"""The real model behind the real library."""

import asyncio
import os
import signal
from contextlib import aclosing
from pathlib import Path

import httpx
import pytest

from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import assistant, user
from llmtui.core.errors import ContextTooLong, ProviderError
from llmtui.core.events import Finish, FinishReason, TextDelta, UsageUpdate
from llmtui.providers.embedded.provider import SYSTEM_PROMPT, EmbeddedProvider
from llmtui.providers.embedded.supervisor import ModelCrashed
from llmtui.routing.retry import RetryingProvider
from tests.providers.embedded.conftest import Build
from tests.providers.embedded.processes import seen_by_others, wait_until_gone

pytest.importorskip("xllamacpp")
pytestmark = pytest.mark.slow

PARIS = ChatRequest((user("What is the capital of France?"),))
ENDLESS = ChatRequest((user("Write a long poem about the sea."),), options={"ignore_eos": True})


@pytest.fixture
def provider(build: Build, embedded_weights: Path) -> EmbeddedProvider:
    return build({"model_path": str(embedded_weights)})


def guarded(provider: EmbeddedProvider) -> RetryingProvider:
    return RetryingProvider(provider, provider.clocks)


async def test_the_model_answers(provider: EmbeddedProvider) -> None:
    response = await guarded(provider).chat(PARIS)
    assert "Paris" in response.message.text
    assert response.finish.reason is FinishReason.STOP
    assert response.usage is not None
    assert response.usage.input
    assert response.usage.output


async def test_it_unloads_after_idling_and_loads_again(build: Build, embedded_weights: Path) -> None:
    provider = build({"model_path": str(embedded_weights), "unload_after_s": 0.01})
    assert "Paris" in (await guarded(provider).chat(PARIS)).message.text
    if (pid := provider._supervisor.pid) is not None:
        await asyncio.to_thread(wait_until_gone, pid)
    assert not provider.running
    assert "Paris" in (await guarded(provider).chat(PARIS)).message.text


async def test_the_reply_streams(provider: EmbeddedProvider) -> None:
    events = [event async for event in guarded(provider).stream_chat(PARIS)]
    deltas = [event.text for event in events if isinstance(event, TextDelta)]
    assert len(deltas) > 3
    assert "Paris" in "".join(deltas)
    assert any(isinstance(event, UsageUpdate) for event in events)
    assert isinstance(events[-1], Finish)


async def test_the_whole_reply_of_the_wire(provider: EmbeddedProvider) -> None:
    """`stream: false`, as other programs may ask."""
    endpoint = await provider._supervisor.endpoint()
    messages = [
        {"role": "system", "content": SYSTEM_PROMPT},
        {"role": "user", "content": PARIS.messages[0].text},
    ]
    body = {"messages": messages, "temperature": 0, "max_tokens": 50}
    async with httpx.AsyncClient(base_url=endpoint.address, trust_env=False) as client:
        headers = {"authorization": f"Bearer {endpoint.key}"}
        answer = (await client.post("/v1/chat/completions", json=body, headers=headers, timeout=60)).json()
    assert answer["object"] == "chat.completion"
    assert "Paris" in answer["choices"][0]["message"]["content"]


async def test_a_poem_ends_by_itself(provider: EmbeddedProvider) -> None:
    """Without the penalty it repeats one line until the context is full."""
    request = ChatRequest((user("Write a long poem about the sea."),), max_tokens=1500)
    assert (await guarded(provider).chat(request)).finish.reason is FinishReason.STOP


async def test_two_requests_at_once(provider: EmbeddedProvider) -> None:
    replies = await asyncio.gather(guarded(provider).chat(PARIS), guarded(provider).chat(PARIS))
    assert all("Paris" in reply.message.text for reply in replies)


async def test_a_stopped_reply_frees_its_slot(build: Build, embedded_weights: Path) -> None:
    """There is one slot: the second reply can only come once the first one's is free."""
    provider = build({"model_path": str(embedded_weights), "parallel": 1})
    async with aclosing(provider.stream_chat(ENDLESS)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                break
    # The first would go on for the 8,000 tokens of the context, which take minutes.
    async with asyncio.timeout(60):
        assert "Paris" in (await guarded(provider).chat(PARIS)).message.text


async def test_a_child_killed_in_mid_stream_is_told_and_the_next_request_works(
    provider: EmbeddedProvider,
) -> None:
    error = await _killed_in_mid_stream(provider)
    assert isinstance(error, ModelCrashed)
    assert error.partial
    assert "Paris" in (await guarded(provider).chat(PARIS)).message.text


async def _killed_in_mid_stream(provider: EmbeddedProvider) -> ProviderError:
    try:
        async for event in guarded(provider).stream_chat(ENDLESS):
            if isinstance(event, TextDelta) and provider._supervisor.pid:
                os.kill(provider._supervisor.pid, signal.SIGKILL)
    except ProviderError as error:
        return error
    pytest.fail("the reply did not fail")


async def test_a_last_assistant_message_is_continued(provider: EmbeddedProvider) -> None:
    messages = (user("Count from one to ten in words."), assistant("One, two, three,"))
    text = (await guarded(provider).chat(ChatRequest(messages, max_tokens=12))).message.text
    assert text.strip().startswith("four")


async def test_one_conversation_may_fill_the_context_and_no_more(
    build: Build, embedded_weights: Path
) -> None:
    provider = build({"model_path": str(embedded_weights), "n_ctx": 1024, "parallel": 2})
    usage = (await guarded(provider).chat(ChatRequest((user("sea " * 900),), max_tokens=1))).usage
    assert usage is not None
    assert 900 < (usage.input or 0) < 1024
    with pytest.raises(ContextTooLong, match="1024"):
        await guarded(provider).chat(ChatRequest((user("sea " * 1100),)))


async def test_a_damaged_model_file_is_told(build: Build, embedded_weights: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    with embedded_weights.open("rb") as whole:
        cut.write_bytes(whole.read(20_000_000))
    with pytest.raises(ProviderError, match=r"cannot load .*cut\.gguf: .*corrupted or incomplete") as caught:
        await guarded(build({"model_path": str(cut)})).chat(PARIS)
    assert "model_path" in caught.value.hint


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/completion", "/tokenize"])
async def test_without_the_key_nothing_is_answered(provider: EmbeddedProvider, path: str) -> None:
    endpoint = await provider._supervisor.endpoint()
    body = {"messages": [{"role": "user", "content": "hi"}], "prompt": "hi", "content": "hi"}
    async with httpx.AsyncClient(base_url=endpoint.address, trust_env=False) as client:
        for headers in ({}, {"authorization": "Bearer wrong"}):
            assert (await client.post(path, json=body, headers=headers)).status_code == 401


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:3000", "null"])
async def test_no_web_page_may_read_an_answer(provider: EmbeddedProvider, origin: str) -> None:
    endpoint = await provider._supervisor.endpoint()
    asked = {"origin": origin, "access-control-request-method": "POST"}
    key = {"authorization": f"Bearer {endpoint.key}", "origin": origin}
    async with httpx.AsyncClient(base_url=endpoint.address, trust_env=False) as client:
        preflight = await client.options("/v1/chat/completions", headers=asked)
        answer = await client.get("/v1/models", headers=key)
    for response in (preflight, answer):
        assert response.headers.get("access-control-allow-origin") not in (origin, "*")


async def test_it_listens_on_loopback_only_and_hides_its_key(provider: EmbeddedProvider) -> None:
    endpoint = await provider._supervisor.endpoint()
    assert endpoint.address.startswith("http://127.0.0.1:")
    pid = provider._supervisor.pid
    assert pid is not None
    assert endpoint.key.encode() not in seen_by_others(pid)


async def test_closing_ends_the_child(provider: EmbeddedProvider) -> None:
    await guarded(provider).chat(PARIS)
    pid = provider._supervisor.pid
    assert pid is not None
    await provider.aclose()
    wait_until_gone(pid, 0)
