"""The Claude provider against a loopback server: what it sends, what it yields, how it fails and stops."""

import asyncio
import importlib
import json
import logging
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, get_args

import pytest

from llmtui.config.schema import ProviderSettings
from llmtui.core.chat import ChatRequest, fold
from llmtui.core.conversation import (
    Message,
    Opaque,
    ReasoningPart,
    Role,
    TextPart,
    ToolDefinition,
    ToolResultPart,
    user,
)
from llmtui.core.errors import (
    AuthError,
    BadRequest,
    BillingError,
    ConnectError,
    ContextTooLong,
    IncompleteStream,
    ModelNotFound,
    Overloaded,
    ProtocolError,
    ProviderError,
    RateLimited,
    ServerError,
    Timeout,
)
from llmtui.core.events import Finish, FinishReason, ReasoningDelta, ReasoningEnd, Start, TextDelta, Warning
from llmtui.core.guard import guard
from llmtui.core.models import Fact, Limit
from llmtui.providers.anthropic import AnthropicProvider
from llmtui.testing.encoders.messages import MessagesEncoder
from llmtui.testing.laws import Outcome, drain
from llmtui.testing.scenarios import START, TEXT, TOOL_CALLS, Scenario, StreamFailure
from llmtui.testing.wire_server import CUT, STALL, WireServer

MESSAGES = "/v1/messages"
CANARY = "sk-ant-canary-0123456789"
MODEL = "test-model"
SSE = "text/event-stream"
WIRE = MessagesEncoder()


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    async with WireServer() as server:
        yield server


def provider_for(url: str, **settings: Any) -> AnthropicProvider:
    known = {"id": "claude", "kind": "anthropic", "base_url": url, "api_key": CANARY, "model": MODEL}
    return AnthropicProvider(ProviderSettings.model_validate(known | settings))


@pytest.fixture
async def provider(server: WireServer) -> AsyncIterator[AnthropicProvider]:
    provider = provider_for(server.url)
    yield provider
    await provider.aclose()


async def ask(provider: AnthropicProvider, *messages: Message, **request: Any) -> Outcome:
    stream = provider.stream_chat(ChatRequest(messages or (user("hi"),), **request))
    return await drain(guard(stream, provider.id, provider.clocks))


def play(server: WireServer, scenario: Scenario = TEXT, **reply: Any) -> None:
    server.reply(MESSAGES, WIRE.encode(scenario), content_type=SSE, **reply)


class TestStream:
    async def test_names_the_model_and_the_request_of_the_server(
        self, server: WireServer, provider: AnthropicProvider
    ) -> None:
        play(server, headers={"request-id": "req_7"})
        outcome = await ask(provider)
        assert outcome.events[0] == Start("claude", "test-model", "req_7")

    async def test_signed_thinking_goes_back_to_the_same_model_only(
        self, server: WireServer, provider: AnthropicProvider
    ) -> None:
        signed = Opaque("claude", MODEL, "sig-1")
        thought: Scenario = (
            START,
            ReasoningDelta("hm"),
            ReasoningEnd(signed),
            TextDelta("yes"),
            Finish(FinishReason.STOP),
        )
        play(server, thought)
        reply = (await ask(provider)).reply()
        message = Message(Role.ASSISTANT, reply.parts)
        assert [type(part) for part in message.parts] == [ReasoningPart, TextPart]

        await ask(provider, user("hi"), message, user("sure?"))
        sent = server.requests[1].json()["messages"][1]["content"]
        assert sent == [
            {"type": "thinking", "thinking": "hm", "signature": "sig-1"},
            {"type": "text", "text": "yes"},
        ]
        await ask(provider, user("hi"), message, user("sure?"), model="another")
        assert server.requests[2].json()["messages"][1]["content"] == [{"type": "text", "text": "yes"}]

    async def test_a_connection_is_used_again(self, server: WireServer, provider: AnthropicProvider) -> None:
        play(server)
        await ask(provider)
        await ask(provider)
        assert len({id(exchange.client_left) for exchange in server.exchanges}) == 1

    async def test_a_server_that_keeps_the_stream_open_after_the_end_does_not_delay_it_for_long(
        self, server: WireServer, provider: AnthropicProvider
    ) -> None:
        server.reply(MESSAGES, [*WIRE.encode(TEXT), STALL], content_type=SSE)
        async with asyncio.timeout(10):
            assert (await ask(provider)).error is None

    async def test_chat_is_the_folded_stream(self, server: WireServer, provider: AnthropicProvider) -> None:
        play(server)
        whole = await provider.chat(ChatRequest((user("hi"),)))
        folded = await fold(
            guard(provider.stream_chat(ChatRequest((user("hi"),))), "claude", provider.clocks)
        )
        assert whole.finish == folded.finish
        assert whole.usage == folded.usage
        assert whole.model == "test-model"

    async def test_warnings_of_the_request_come_first(self, server: WireServer) -> None:
        provider = provider_for(server.url, model="claude-sonnet-5-5")
        play(server)
        outcome = await ask(provider, temperature=0.3)
        await provider.aclose()
        assert isinstance(outcome.events[0], Warning)
        assert "temperature" not in server.requests[0].json()


class TestToolExchange:
    TOOL = ToolDefinition(
        "weather",
        "Tells the weather.",
        {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    )
    WIRE_TOOL: ClassVar[dict[str, Any]] = {
        "name": "weather",
        "description": "Tells the weather.",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        "cache_control": {"type": "ephemeral"},
    }

    async def test_two_turns(self, server: WireServer, provider: AnthropicProvider) -> None:
        play(server, TOOL_CALLS)
        play(server, TEXT)
        first = (await ask(provider, tools=(self.TOOL,), system="Be brief.", max_tokens=100)).reply()
        asked = Message(Role.ASSISTANT, first.parts)
        answers = tuple(
            ToolResultPart(call.id, call.name, f"result of {call.name}", is_error=call.name == "clock")
            for call in asked.tool_calls
        )
        conversation = (user("hi"), asked, Message(Role.TOOL, answers))
        second = await ask(provider, *conversation, tools=(self.TOOL,), system="Be brief.", max_tokens=100)
        assert second.error is None
        assert second.text.startswith("Café")

        marked = {"cache_control": {"type": "ephemeral"}}
        common = {
            "model": MODEL,
            "max_tokens": 100,
            "stream": True,
            "system": [{"type": "text", "text": "Be brief."} | marked],
            "tools": [self.WIRE_TOOL],
        }
        question = {"type": "text", "text": "hi"}
        assert server.requests[0].json() == common | {
            "messages": [{"role": "user", "content": [question | marked]}]
        }
        weather = {"city": "Zürich 🙂", "days": [1, {"deep": True}]}
        assert server.requests[1].json() == common | {
            "messages": [
                {"role": "user", "content": [question]},
                {
                    "role": "assistant",
                    "content": [
                        {"type": "text", "text": "I look it up."},
                        {"type": "tool_use", "id": "call_1", "name": "weather", "input": weather},
                        {"type": "tool_use", "id": "call_2", "name": "clock", "input": {}},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": "call_1", "content": "result of weather"},
                        {
                            "type": "tool_result",
                            "tool_use_id": "call_2",
                            "content": "result of clock",
                            "is_error": True,
                        }
                        | marked,
                    ],
                },
            ]
        }


class TestFailures:
    @pytest.mark.parametrize(
        ("status", "kind", "message", "expected"),
        [
            (400, "invalid_request_error", "messages: at least one is required", BadRequest),
            (
                400,
                "invalid_request_error",
                "prompt is too long: 210000 tokens > 200000 maximum",
                ContextTooLong,
            ),
            (400, "invalid_request_error", "Your credit balance is too low", BillingError),
            (401, "authentication_error", "invalid x-api-key", AuthError),
            (402, "billing_error", "no credit", BillingError),
            (403, "permission_error", "not for you", AuthError),
            (404, "not_found_error", "model: claude-9", ModelNotFound),
            (413, "request_too_large", "too large", ContextTooLong),
            (429, "rate_limit_error", "slow down", RateLimited),
            (500, "api_error", "oops", ServerError),
            (529, "overloaded_error", "Overloaded", Overloaded),
        ],
    )
    async def test_refusals(
        self,
        server: WireServer,
        provider: AnthropicProvider,
        status: int,
        kind: str,
        message: str,
        expected: type[ProviderError],
    ) -> None:
        body = json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()
        headers = {"request-id": "req_9", "retry-after": "7"}
        server.reply(MESSAGES, [body], status=status, headers=headers)
        error = (await ask(provider)).error
        assert type(error) is expected
        assert message in str(error)
        assert (error.context.status, error.context.request_id) == (status, "req_9")
        assert (error.context.provider, error.context.model) == ("claude", MODEL)
        assert error.context.retry_after_s == 7
        assert len(server.requests) == 1

    @pytest.mark.parametrize(
        ("failure", "expected"),
        [
            (StreamFailure("overloaded", "Overloaded"), Overloaded),
            (StreamFailure("rate_limited", "slow down"), RateLimited),
            (StreamFailure("server", "oops"), ServerError),
        ],
    )
    @pytest.mark.parametrize("shown", [True, False])
    async def test_errors_inside_a_stream(
        self,
        server: WireServer,
        provider: AnthropicProvider,
        failure: StreamFailure,
        expected: type[ProviderError],
        shown: bool,
    ) -> None:
        play(server, (START, TextDelta("half"), failure) if shown else (START, failure))
        error = (await ask(provider)).error
        assert type(error) is expected
        assert failure.message in str(error)
        assert error.partial is shown

    async def test_an_end_without_message_stop_is_incomplete(
        self, server: WireServer, provider: AnthropicProvider
    ) -> None:
        play(server, (START, TextDelta("half")))
        outcome = await ask(provider)
        assert type(outcome.error) is IncompleteStream
        assert outcome.text == "half"
        assert outcome.error.partial

    async def test_a_cut_connection_is_incomplete(
        self, server: WireServer, provider: AnthropicProvider
    ) -> None:
        server.reply(MESSAGES, [*WIRE.encode((START, TextDelta("half"))), CUT], content_type=SSE)
        outcome = await ask(provider)
        assert type(outcome.error) is IncompleteStream
        assert outcome.text == "half"

    @pytest.mark.parametrize(
        ("content_type", "body", "words"),
        [
            ("text/html", b"<!doctype html><title>Log in</title>", "Log in"),
            (SSE, b"<html><title>Log in</title>", "Log in"),
            ("application/json", b'{"id": "msg_1", "content": []}', "msg_1"),
            (SSE, b"event: message_start\ndata: {broken\n\n", "{broken"),
            (SSE, b"event: message_start\ndata: [1]\n\n", "[1]"),
            (SSE, b"data: " + b"[" * 100_000 + b"\n\n", "no JSON object"),
        ],
    )
    async def test_what_is_not_this_wire(
        self, server: WireServer, provider: AnthropicProvider, content_type: str, body: bytes, words: str
    ) -> None:
        server.reply(MESSAGES, [body], content_type=content_type)
        error = (await ask(provider)).error
        assert type(error) is ProtocolError
        assert words in str(error)

    async def test_a_redirect_is_not_followed(self, server: WireServer, provider: AnthropicProvider) -> None:
        async with WireServer() as other:
            server.reply(MESSAGES, status=307, headers={"location": f"{other.url}{MESSAGES}"})
            error = (await ask(provider)).error
            assert not other.requests
        assert type(error) is ProtocolError
        assert other.url in str(error)

    async def test_a_refusal_whose_body_stalls_is_still_that_refusal(
        self, server: WireServer, provider: AnthropicProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("llmtui.providers.http.ERROR_BODY_CLOCK_S", 0.05)
        server.reply(MESSAGES, [b'{"type": "error"', STALL], status=401)
        assert type((await ask(provider)).error) is AuthError

    async def test_nobody_answers(self, server: WireServer) -> None:
        async with WireServer() as gone:
            url = gone.url
        provider = provider_for(url)
        error = (await ask(provider)).error
        await provider.aclose()
        assert type(error) is ConnectError
        assert url in str(error)
        assert error.context.model == MODEL

    async def test_an_address_that_is_none(self) -> None:
        provider = provider_for("http://[::1")
        error = (await ask(provider)).error
        await provider.aclose()
        assert type(error) is BadRequest

    async def test_a_stall_is_the_guards_timeout(self, server: WireServer) -> None:
        provider = provider_for(server.url, timeouts={"idle": 0.1})
        half = WIRE.encode((START, TextDelta("half")))
        server.reply(MESSAGES, [*half, WIRE.blank, STALL], content_type=SSE)
        error = (await ask(provider)).error
        await provider.aclose()
        assert isinstance(error, Timeout)
        assert error.phase == "idle"


class TestStopping:
    async def left_within(self, server: WireServer, began: float) -> float:
        left = await asyncio.wait_for((await server.exchange(0)).client_left, 5)
        return left - began

    async def test_closing_the_generator_closes_the_socket(
        self, server: WireServer, provider: AnthropicProvider
    ) -> None:
        server.reply(MESSAGES, [*WIRE.encode((START, TextDelta("half"))), STALL], content_type=SSE)
        async with aclosing(provider.stream_chat(ChatRequest((user("hi"),)))) as events:
            while not isinstance(await anext(events), TextDelta):
                pass
            began = asyncio.get_running_loop().time()
        assert await self.left_within(server, began) < 0.1

    @pytest.mark.parametrize("headers_came", [True, False])
    async def test_cancelling_a_waiting_request_closes_the_socket(
        self, server: WireServer, provider: AnthropicProvider, headers_came: bool
    ) -> None:
        never = None if headers_came else asyncio.Event()
        server.reply(MESSAGES, [STALL], content_type=SSE, before_head=never)
        task = asyncio.create_task(ask(provider))
        await server.exchange(0)
        began = asyncio.get_running_loop().time()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await self.left_within(server, began) < 0.1
        if never:
            never.set()


class TestEnvironment:
    POISON: ClassVar = {
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:9/poison",
        "ANTHROPIC_API_KEY": "poison-key",
        "ANTHROPIC_AUTH_TOKEN": "poison-token",
        "ANTHROPIC_CUSTOM_HEADERS": "x-poison: poison-header\nuser-agent: poison-agent",
        "ANTHROPIC_PROFILE": "poison-profile",
        "ANTHROPIC_WEBHOOK_SIGNING_KEY": "poison-hook",
        "ANTHROPIC_IDENTITY_TOKEN": "poison-identity",
        "ANTHROPIC_FEDERATION_RULE_ID": "poison-rule",
        "ANTHROPIC_ORGANIZATION_ID": "poison-organisation",
        "ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE": "content",
    }

    @pytest.mark.parametrize("key", [CANARY, None])
    async def test_nothing_of_it_reaches_the_wire(
        self, server: WireServer, monkeypatch: pytest.MonkeyPatch, isolated: Path, key: str | None
    ) -> None:
        for variable, value in self.POISON.items():
            monkeypatch.setenv(variable, value)
        profiles = isolated / "config" / "anthropic" / "configs"
        profiles.mkdir(parents=True)
        (profiles / "poison-profile.json").write_text('{"api_key": "poison-profile-key"}')
        monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(profiles.parent))
        provider = provider_for(server.url, api_key=key)
        play(server)
        server.reply("/v1/models", [b'{"data": []}'])
        outcome = await ask(provider)
        await provider.list_models()
        await provider.aclose()
        assert outcome.error is None
        assert len(server.requests) == 2
        for request in server.requests:
            assert b"poison" not in request.raw().lower()

    async def test_headers_of_the_settings_win(self, server: WireServer) -> None:
        provider = provider_for(
            server.url,
            headers={"Anthropic-Version": "2026-10-21", "X-Team": "blue", "Authorization": "Bearer mine"},
            options={"beta_headers": ["one", "two"]},
        )
        play(server)
        server.reply("/v1/models", [b'{"data": []}'])
        await ask(provider)
        await provider.list_models()
        await provider.aclose()
        for request in server.requests:
            assert request.headers["anthropic-version"] == "2026-10-21"
            assert request.headers["anthropic-beta"] == "one,two"
            assert request.headers["x-team"] == "blue"
            assert request.headers["authorization"] == "Bearer mine"
            assert request.headers["x-api-key"] == CANARY
            assert request.raw().lower().count(b"authorization:") == 1

    async def test_the_key_is_never_shown(
        self, server: WireServer, provider: AnthropicProvider, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        body = json.dumps(
            {"error": {"type": "authentication_error", "message": f"bad key {CANARY}"}}
        ).encode()
        server.reply(MESSAGES, [body], status=401)
        server.reply("/v1/models", [body], status=401)
        error = (await ask(provider)).error
        report = await provider.check()
        assert server.requests[0].headers["x-api-key"] == CANARY
        shown = [repr(provider), repr(provider.settings), repr(vars(provider)), repr(error), str(error)]
        shown += [repr(report), caplog.text, repr(error.__cause__ if error else None)]
        assert all(CANARY not in text for text in shown)

    @pytest.mark.parametrize("key", ["naïve", "two\nlines"])
    async def test_a_key_that_no_header_can_carry(
        self, server: WireServer, key: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        provider = provider_for(server.url, api_key=key)
        error = (await ask(provider)).error
        await provider.aclose()
        assert type(error) is BadRequest
        assert key not in f"{error}{caplog.text}"
        assert not server.requests


LIVE_MODELS = {
    "data": [
        {
            "type": "model",
            "id": "claude-sonnet-5-5",
            "display_name": "Claude Sonnet 5.5",
            "max_input_tokens": 1_000_000,
            "max_tokens": 64_000,
            "lifecycle": "active",
            "capabilities": {
                "image_input": {"supported": True},
                "pdf_input": {"supported": False},
                "thinking": {"supported": True, "types": {}},
                "structured_outputs": {"supported": True},
            },
        },
        {"type": "model", "id": "claude-haiku-4-5", "display_name": "Haiku", "lifecycle": "deprecated"},
    ],
    "has_more": False,
}


class TestModels:
    async def test_live_facts_go_over_known_ones(
        self, server: WireServer, provider: AnthropicProvider
    ) -> None:
        server.reply("/v1/models", [json.dumps(LIVE_MODELS).encode()])
        sonnet, haiku = await provider.list_models()
        assert (sonnet.id, sonnet.name, haiku.detail) == (
            "claude-sonnet-5-5",
            "Claude Sonnet 5.5",
            "deprecated",
        )
        capabilities = provider.capabilities("claude-sonnet-5-5")
        assert sonnet.capabilities == capabilities
        assert capabilities.context_window == Limit(1_000_000, "live")
        assert capabilities.documents == Fact(False, "live")
        assert capabilities.temperature == Fact(False, "provider")
        assert haiku.capabilities.context_window == Limit(200_000, "provider")
        assert provider.capabilities("claude-haiku-4-5").prefill.value is None
        assert server.requests[0].headers["authorization"] == f"Bearer {CANARY}"
        assert server.requests[0].target == "/v1/models?limit=1000"

    async def test_the_models_own_limit_becomes_max_tokens(
        self, server: WireServer, provider: AnthropicProvider
    ) -> None:
        server.reply("/v1/models", [json.dumps(LIVE_MODELS).encode()])
        play(server)
        await ask(provider, model="claude-sonnet-5-5")
        await provider.list_models()
        await ask(provider, model="claude-sonnet-5-5")
        await ask(provider, model="claude-sonnet-5-5", max_tokens=9)
        sent = [request.json()["max_tokens"] for request in server.requests if request.path == MESSAGES]
        assert sent == [8192, 64_000, 9]

    async def test_a_check_passes_all_stages(self, server: WireServer, provider: AnthropicProvider) -> None:
        server.reply("/v1/models", [json.dumps(LIVE_MODELS).encode()])
        report = await provider.check()
        assert report.ok, report
        assert [model.id for model in report.models] == ["claude-sonnet-5-5", "claude-haiku-4-5"]

    async def test_a_check_names_a_refused_key(self, server: WireServer, provider: AnthropicProvider) -> None:
        server.reply("/v1/models", [WIRE.failure(401, "invalid x-api-key")], status=401)
        report = await provider.check()
        assert report.failure is not None
        assert report.failure.name == "auth"
        assert "invalid x-api-key" in report.failure.detail

    def test_the_static_list_is_the_sdks(self) -> None:
        from anthropic.types import Model

        provider = AnthropicProvider(ProviderSettings(id="claude", kind="anthropic"))
        known = set(get_args(get_args(Model)[0]))
        ids = [model.id for model in provider.default_models()]
        assert ids[0] == provider.default_model
        assert len(ids) > 3
        assert set(ids) <= known

    async def test_a_local_server_needs_no_key_and_its_first_model_is_taken(self, server: WireServer) -> None:
        settings = ProviderSettings(id="llama", kind="anthropic", base_url=f"{server.url}/v1/")
        provider = AnthropicProvider(settings)
        server.reply("/v1/models", [b'{"object": "list", "data": [{"id": "smol", "object": "model"}]}'])
        play(server)
        assert AnthropicProvider.missing_key_of(settings) is None
        assert provider.type == "local"
        assert provider.default_models() == []
        await ask(provider)
        await ask(provider, temperature=0.5)
        await provider.aclose()
        assert [request.path for request in server.requests] == ["/v1/models", MESSAGES, MESSAGES]
        assert server.requests[2].json()["model"] == "smol"
        assert server.requests[2].json()["temperature"] == 0.5

    async def test_a_local_server_without_models_says_so(self, server: WireServer) -> None:
        provider = AnthropicProvider(ProviderSettings(id="llama", kind="anthropic", base_url=server.url))
        server.reply("/v1/models", [b'{"data": []}'])
        error = (await ask(provider)).error
        await provider.aclose()
        assert type(error) is ModelNotFound

    def test_the_cloud_needs_a_key(self) -> None:
        settings = ProviderSettings(id="claude", kind="claude")
        assert AnthropicProvider.type_of(settings) == "cloud"
        assert AnthropicProvider.missing_key_of(settings) == "ANTHROPIC_API_KEY"


class TestConfig:
    @pytest.mark.parametrize(
        ("config", "keys"),
        [
            ({}, []),
            ({"options": {"thinking": 2048}, "max_tokens": 4096}, []),
            ({"options": {"thinking": 4096}, "max_tokens": 4096}, ["options.thinking"]),
            ({"options": {"surprise": 1}}, ["options.surprise"]),
        ],
    )
    def test_problems_are_found_offline(self, config: dict[str, Any], keys: list[str]) -> None:
        issues = AnthropicProvider.validate_config({"id": "claude", "kind": "anthropic"} | config)
        assert [issue.key for issue in issues] == keys

    @pytest.mark.parametrize("thinking", [1023, "maybe", True])
    def test_thinking_is_checked(self, thinking: object) -> None:
        config = {"id": "claude", "kind": "anthropic", "options": {"thinking": thinking}}
        assert AnthropicProvider.validate_config(config)


async def test_looking_does_not_import_the_sdk(server: WireServer) -> None:
    server.reply("/v1/models", [json.dumps(LIVE_MODELS).encode()])
    program = f"""
import asyncio, sys
from llmtui.config.schema import ProviderSettings
from llmtui.providers.anthropic import AnthropicProvider

async def main():
    provider = AnthropicProvider(ProviderSettings(id="c", kind="anthropic", base_url={server.url!r}))
    report = await provider.check()
    assert report.ok, report
    await provider.aclose()

asyncio.run(main())
assert not {{"anthropic", "httpx2"}} & sys.modules.keys()
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    _, complaint = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, complaint.decode()


async def test_the_sdk_is_imported_on_a_thread(
    server: WireServer, provider: AnthropicProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    importing: list[tuple[str, bool]] = []
    import_module = importlib.import_module

    def recorded(name: str, package: str | None = None) -> ModuleType:
        importing.append((name, threading.current_thread() is threading.main_thread()))
        return import_module(name, package)

    monkeypatch.setattr(importlib, "import_module", recorded)
    play(server)
    await ask(provider)
    assert importing[0] == ("anthropic", False)
