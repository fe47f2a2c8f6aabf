"""The OpenAI provider against a loopback server: what it sends, what it yields, how it fails and stops."""

import asyncio
import importlib
import json
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from types import ModuleType
from typing import Any

import pytest

from llmtui.config.schema import ProviderSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import (
    Message,
    Opaque,
    ReasoningPart,
    Role,
    ToolCallPart,
    ToolDefinition,
    ToolResultPart,
    user,
)
from llmtui.core.errors import (
    BadRequest,
    BillingError,
    ContentFiltered,
    ContextTooLong,
    IncompleteStream,
    ModelNotFound,
    Overloaded,
    ProtocolError,
    ProviderError,
    RateLimited,
    ServerError,
)
from llmtui.core.events import Finish, FinishReason, ReasoningDelta, ReasoningEnd, Start, TextDelta, Warning
from llmtui.core.guard import guard
from llmtui.core.models import ModelInfo
from llmtui.providers.openai import OpenAIProvider
from llmtui.providers.openai_models import DEFAULT_MODELS, chat_models
from llmtui.testing.encoders.chat_completions import ChatCompletionsEncoder
from llmtui.testing.encoders.responses import ResponsesEncoder
from llmtui.testing.laws import Outcome, drain
from llmtui.testing.scenarios import START, TEXT, Scenario, tool_call
from llmtui.testing.wire_server import STALL, WireServer

RESPONSES = "/v1/responses"
CHAT = "/v1/chat/completions"
MODEL = "gpt-5.4-mini"
SSE = "text/event-stream"
WIRE = ResponsesEncoder()
WEATHER = ToolDefinition("weather", "Tells the weather.", {"type": "object", "properties": {}})


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    async with WireServer() as server:
        yield server


def provider_for(url: str, **settings: Any) -> OpenAIProvider:
    known = {"id": "openai", "kind": "openai", "base_url": f"{url}/v1", "api_key": "sk-test", "model": MODEL}
    return OpenAIProvider(ProviderSettings.model_validate(known | settings))


@pytest.fixture
async def provider(server: WireServer) -> AsyncIterator[OpenAIProvider]:
    provider = provider_for(server.url)
    yield provider
    await provider.aclose()


async def ask(provider: OpenAIProvider, *messages: Message, **request: Any) -> Outcome:
    stream = provider.stream_chat(ChatRequest(messages or (user("hi"),), **request))
    return await drain(guard(stream, provider.id, provider.clocks))


def play(server: WireServer, scenario: Scenario = TEXT, **reply: Any) -> None:
    server.reply(RESPONSES, WIRE.encode(scenario), content_type=SSE, **reply)


class TestStream:
    async def test_names_the_model_and_the_request_of_the_server(
        self, server: WireServer, provider: OpenAIProvider
    ) -> None:
        play(server, headers={"x-request-id": "req_7"})
        assert (await ask(provider)).events[0] == Start("openai", "test-model", "req_7")

    async def test_the_key_is_sent_and_nothing_is_kept_there(
        self, server: WireServer, provider: OpenAIProvider
    ) -> None:
        play(server)
        assert (await ask(provider)).error is None
        (request,) = server.requests
        assert request.headers["authorization"] == "Bearer sk-test"
        assert not {"openai-organization", "openai-project"} & request.headers.keys()
        assert request.json()["store"] is False
        assert request.json()["include"] == ["reasoning.encrypted_content"]

    async def test_without_a_key_none_is_made_up(self, server: WireServer) -> None:
        provider = provider_for(server.url, api_key=None)
        play(server)
        assert (await ask(provider)).error is None
        await provider.aclose()
        assert "authorization" not in server.requests[0].headers

    async def test_two_turns_with_a_tool_and_encrypted_reasoning(
        self, server: WireServer, provider: OpenAIProvider
    ) -> None:
        first: Scenario = (
            START,
            ReasoningDelta("hm"),
            ReasoningEnd(Opaque("openai", MODEL, "gAAAA==")),
            *tool_call("call_1", "weather", '{"city": ', '"Zürich"}'),
            Finish(FinishReason.TOOL_CALLS),
        )
        play(server, first)
        play(server, TEXT)
        reply = (await ask(provider, tools=(WEATHER,))).reply()
        asked = Message(Role.ASSISTANT, reply.parts)
        assert [type(part) for part in asked.parts] == [ReasoningPart, ToolCallPart]
        result = Message(Role.TOOL, (ToolResultPart("call_1", "weather", "12 °C"),))
        second = await ask(provider, user("hi"), asked, result, tools=(WEATHER,))
        assert second.error is None
        assert server.requests[1].json()["input"][1:] == [
            {
                "type": "reasoning",
                "id": "item_0",
                "summary": [{"type": "summary_text", "text": "hm"}],
                "encrypted_content": "gAAAA==",
            },
            {
                "type": "function_call",
                "call_id": "call_1",
                "name": "weather",
                "arguments": '{"city": "Zürich"}',
            },
            {"type": "function_call_output", "call_id": "call_1", "output": "12 °C"},
        ]
        await ask(provider, user("hi"), asked, result, model="gpt-5.5", tools=(WEATHER,))
        assert "gAAAA" not in json.dumps(server.requests[2].json())

    async def test_a_server_that_keeps_the_stream_open_after_the_end_does_not_delay_it_for_long(
        self, server: WireServer, provider: OpenAIProvider
    ) -> None:
        server.reply(RESPONSES, [*WIRE.encode(TEXT), STALL], content_type=SSE)
        async with asyncio.timeout(10):
            assert (await ask(provider)).error is None

    async def test_the_older_end_of_a_stream_means_nothing(
        self, server: WireServer, provider: OpenAIProvider
    ) -> None:
        server.reply(RESPONSES, [*WIRE.encode(TEXT), b"data: [DONE]\n\n"], content_type=SSE)
        server.reply(
            RESPONSES, [*WIRE.encode((START, TextDelta("half"))), b"data: [DONE]\n\n"], content_type=SSE
        )
        assert (await ask(provider)).error is None
        assert type((await ask(provider)).error) is IncompleteStream

    async def test_what_is_lost_is_told_first(self, server: WireServer) -> None:
        provider = provider_for(server.url, model="o3", temperature=0.3, reasoning_effort="max")
        play(server)
        outcome = await ask(provider)
        await provider.aclose()
        assert [type(event) for event in outcome.events[:3]] == [Warning, Warning, Start]
        sent = server.requests[0].json()
        assert sent["reasoning"] == {"effort": "high", "summary": "auto"}
        assert "temperature" not in sent

    async def test_vendor_parameters_go_over_ours(self, server: WireServer) -> None:
        provider = provider_for(server.url, options={"extra_body": {"store": True, "truncation": "auto"}})
        play(server)
        await ask(provider, options={"truncation": "disabled"})
        await provider.aclose()
        sent = server.requests[0].json()
        assert (sent["store"], sent["truncation"]) == (True, "disabled")


class TestFailures:
    @pytest.mark.parametrize(
        ("code", "expected"),
        [
            ("server_error", ServerError),
            ("rate_limit_exceeded", RateLimited),
            ("server_is_overloaded", Overloaded),
            ("slow_down", Overloaded),
            ("insufficient_quota", BillingError),
            ("context_length_exceeded", ContextTooLong),
            ("invalid_prompt", BadRequest),
            ("image_parse_error", BadRequest),
            ("image_content_policy_violation", ContentFiltered),
            ("never_heard_of", ServerError),
        ],
    )
    @pytest.mark.parametrize("kind", ["error", "nested-error", "response.failed"])
    async def test_the_sdk_yields_failures_and_we_raise_them(
        self,
        server: WireServer,
        provider: OpenAIProvider,
        kind: str,
        code: str,
        expected: type[ProviderError],
    ) -> None:
        error = {"code": code, "message": "so it is"}
        event = {
            "error": {"type": "error", **error},
            "nested-error": {"type": "error", "error": error},
            "response.failed": {"type": "response.failed", "response": {"error": error}},
        }[kind]
        half = WIRE.encode((START, TextDelta("half")))
        server.reply(RESPONSES, [*half, f"data: {json.dumps(event)}\n\n".encode()], content_type=SSE)
        outcome = await ask(provider)
        assert type(outcome.error) is expected
        assert str(outcome.error) == "so it is"
        assert (outcome.error.partial, outcome.text) == (True, "half")

    async def test_a_refused_model_is_told_by_its_name(
        self, server: WireServer, provider: OpenAIProvider
    ) -> None:
        words = {"message": "The model 'gpt-9' does not exist", "code": "model_not_found"}
        server.reply(
            RESPONSES,
            [json.dumps({"error": words}).encode()],
            status=404,
            headers={"x-request-id": "req_9", "retry-after": "7"},
        )
        error = (await ask(provider)).error
        assert type(error) is ModelNotFound
        assert (error.context.status, error.context.request_id) == (404, "req_9")
        assert (error.context.provider, error.context.model) == ("openai", MODEL)
        assert len(server.requests) == 1

    async def test_a_server_without_this_api_says_what_to_do(
        self, server: WireServer, provider: OpenAIProvider
    ) -> None:
        server.reply(RESPONSES, [b"404 page not found"], status=404, content_type="text/plain")
        error = (await ask(provider)).error
        assert type(error) is BadRequest
        assert "api: chat" in error.hint

    @pytest.mark.parametrize(
        ("content_type", "body", "words"),
        [
            ("text/html", b"<!doctype html><title>Log in</title>", "Log in"),
            ("application/json", b'{"id": "resp_1", "output": []}', "resp_1"),
            (SSE, b"event: response.created\ndata: {broken\n\n", "{broken"),
        ],
    )
    async def test_what_is_not_this_wire(
        self, server: WireServer, provider: OpenAIProvider, content_type: str, body: bytes, words: str
    ) -> None:
        server.reply(RESPONSES, [body], content_type=content_type)
        error = (await ask(provider)).error
        assert type(error) is ProtocolError
        assert words in str(error)


class TestChat:
    async def test_the_older_wire(self, server: WireServer) -> None:
        provider = provider_for(server.url, options={"api": "chat", "extra_body": {"seed": 1}}, max_tokens=9)
        server.reply(CHAT, ChatCompletionsEncoder().encode(TEXT), content_type=SSE)
        outcome = await ask(provider, reasoning_effort="low", temperature=0.5)
        await provider.aclose()
        assert outcome.error is None
        assert outcome.text.startswith("Café")
        assert isinstance(outcome.events[0], Warning)
        assert server.requests[0].json() == {
            "model": MODEL,
            "messages": [{"role": "user", "content": "hi"}],
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_completion_tokens": 9,
            "reasoning_effort": "low",
            "seed": 1,
        }

    async def test_it_needs_no_sdk(self, server: WireServer) -> None:
        server.reply("/v1/models", [b'{"data": [{"id": "m"}]}'])
        server.reply(CHAT, ChatCompletionsEncoder().encode(TEXT), content_type=SSE)
        program = f"""
import asyncio, sys
from llmtui.config.schema import ProviderSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import user
from llmtui.providers.openai import OpenAIProvider

async def main():
    url = {server.url!r} + "/v1"
    provider = OpenAIProvider(
        ProviderSettings(id="o", kind="openai", base_url=url, options={{"api": "chat"}})
    )
    assert (await provider.check()).ok
    assert (await provider.chat(ChatRequest((user("hi"),)))).message.text
    await provider.aclose()

asyncio.run(main())
assert not {{"openai", "httpx2"}} & sys.modules.keys()
"""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        _, complaint = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, complaint.decode()


class TestModels:
    @pytest.mark.parametrize(
        ("model", "offered"),
        [
            ("gpt-5.4-mini", True),
            ("gpt-4o", True),
            ("o3", True),
            ("gpt-5.1-codex-max", True),
            ("chatgpt-4o-latest", True),
            ("ft:gpt-4.1:me::1", True),
            ("gpt-never-heard-of", True),
            ("text-embedding-3-large", False),
            ("whisper-1", False),
            ("gpt-4o-mini-tts", False),
            ("gpt-4o-transcribe", False),
            ("gpt-realtime", False),
            ("gpt-audio-mini", False),
            ("gpt-image-1", False),
            ("dall-e-3", False),
            ("sora-2", False),
            ("omni-moderation-latest", False),
            ("babbage-002", False),
            ("gpt-3.5-turbo-instruct", False),
        ],
    )
    def test_what_cannot_chat_is_not_offered(self, model: str, offered: bool) -> None:
        assert bool(chat_models([ModelInfo(model)])) is offered

    async def test_another_servers_models_are_all_offered(
        self, server: WireServer, provider: OpenAIProvider
    ) -> None:
        server.reply("/v1/models", [b'{"data": [{"id": "my-image-reader", "max_model_len": 4096}]}'])
        (model,) = await provider.list_models()
        assert (model.id, model.capabilities.context_window.tokens) == ("my-image-reader", 4096)
        assert provider.default_models() == [ModelInfo(MODEL)]

    def test_the_vendors_own_come_without_asking(self) -> None:
        provider = OpenAIProvider(ProviderSettings(id="o", kind="openai", model="gpt-4.1"))
        assert [model.id for model in provider.default_models()] == list(
            dict.fromkeys(["gpt-4.1", *DEFAULT_MODELS])
        )

    @pytest.mark.parametrize(
        ("model", "reasoning", "temperature", "image"),
        [
            ("gpt-5.5", True, False, True),
            ("gpt-5.4", True, True, True),
            ("gpt-4.1", False, True, True),
            ("gpt-3.5-turbo", False, True, False),
            ("some-llama", None, None, None),
        ],
    )
    def test_what_a_name_tells(
        self, model: str, reasoning: bool | None, temperature: bool | None, image: bool | None
    ) -> None:
        provider = OpenAIProvider(ProviderSettings(id="o", kind="chatgpt", model=model))
        can = provider.capabilities()
        facts = (can.reasoning.value, can.temperature.value, can.image.value)
        assert facts == (reasoning, temperature, image)

    async def test_a_local_server_is_asked_for_what_it_serves(self, server: WireServer) -> None:
        provider = OpenAIProvider(ProviderSettings(id="o", kind="openai", base_url=f"{server.url}/v1"))
        server.reply("/v1/models", [b'{"data": [{"id": "smol"}]}'])
        play(server)
        await ask(provider)
        await provider.aclose()
        assert server.requests[1].json()["model"] == "smol"

    def test_the_cloud_needs_a_key(self) -> None:
        settings = ProviderSettings(id="o", kind="openai")
        assert OpenAIProvider.type_of(settings) == "cloud"
        assert OpenAIProvider.missing_key_of(settings) == "OPENAI_API_KEY"
        assert OpenAIProvider.model_of(settings) == "gpt-5.4-mini"


async def test_looking_does_not_import_the_sdk_and_asking_does_on_a_thread(
    server: WireServer, provider: OpenAIProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    importing: list[tuple[str, bool]] = []
    import_module = importlib.import_module

    def recorded(name: str, package: str | None = None) -> ModuleType:
        importing.append((name, threading.current_thread() is threading.main_thread()))
        return import_module(name, package)

    monkeypatch.setattr(importlib, "import_module", recorded)
    server.reply("/v1/models", [b'{"data": [{"id": "m"}]}'])
    play(server)
    assert (await provider.check()).ok
    assert ("openai", False) not in importing
    await ask(provider)
    assert importing[0] == ("openai", False)
