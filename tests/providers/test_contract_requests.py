"""What every provider owes on the way out: the whole conversation, and nothing that is not its own."""

import base64
import json
import logging
import re
import traceback
from collections.abc import AsyncGenerator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import (
    JSON,
    ImagePart,
    Message,
    Opaque,
    OpaquePart,
    ReasoningPart,
    Role,
    TextPart,
    ToolCallPart,
    ToolDefinition,
    ToolResultPart,
    assistant,
    user,
)
from llmtui.core.errors import BadRequest, ConnectError, ProviderError
from llmtui.core.events import Finish, FinishReason, ReasoningDelta, ReasoningEnd, StreamEvent
from llmtui.core.guard import Clocks, guard
from llmtui.core.models import Effort
from llmtui.core.ports import Provider
from llmtui.testing.cases import ProviderCase
from llmtui.testing.images import png
from llmtui.testing.laws import drain
from llmtui.testing.scenarios import START, TEXT, TOOL_CALLS, Scenario, tool_call
from llmtui.testing.wire_server import WireServer

HELLO = ChatRequest((user("Hello"),))
CANARY = "sk-canary-0123456789abcdef"
SCHEMA: dict[str, JSON] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "Zürich 🙂"},
        "when": {"anyOf": [{"$ref": "#/$defs/day"}, {"type": "null"}]},
    },
    "required": ["city"],
    "additionalProperties": False,
    "$defs": {"day": {"enum": ["today", "tomorrow"]}},
}
THINKS = {"anthropic": "claude-opus-4-6", "openai": "gpt-5.4", "gemini": "gemini-3.8-flash"}
PNG = png(3, 2, (200, 30, 60))
WEATHER = ToolDefinition("weather", "The weather of a city", SCHEMA)
POISON = {
    name: f"http://poison.invalid/{name}" if name.endswith(("URL", "HOST")) else f"poison-{name}"
    for name in (
        "OPENAI_API_KEY",
        "OPENAI_ADMIN_KEY",
        "OPENAI_ORG_ID",
        "OPENAI_ORGANIZATION",
        "OPENAI_PROJECT_ID",
        "OPENAI_BASE_URL",
        "OPENAI_WEBHOOK_SECRET",
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "ANTHROPIC_BASE_URL",
        "ANTHROPIC_PROFILE",
        "OLLAMA_HOST",
        "OLLAMA_API_KEY",
        "OLLAMA_MODEL",
        "GEMINI_API_KEY",
        "GOOGLE_API_KEY",
        "GOOGLE_GEMINI_BASE_URL",
    )
} | {
    "OPENAI_CUSTOM_HEADERS": "x-poison: poison-openai\nauthorization: Bearer poison",
    "ANTHROPIC_CUSTOM_HEADERS": "x-poison: poison-anthropic\nx-api-key: poison",
}


def stream(provider: Provider, request: ChatRequest = HELLO) -> AsyncGenerator[StreamEvent, None]:
    return guard(provider.stream_chat(request), provider.id, Clocks(30, 30, 30, 60))


async def sent(
    case: ProviderCase, *requests: ChatRequest, reply: Scenario = TEXT, **settings: Any
) -> list[Any]:
    """The bodies that a provider sends for these requests."""
    async with WireServer() as server:
        provider = case.provider(server, **settings)
        case.serve(server, reply)
        for request in requests:
            outcome = await drain(stream(provider, request))
            assert outcome.error is None, repr(outcome.error)
        await provider.aclose()
        return [exchange.request.json() for exchange in case.chats(server)]


# The settings' effort, and images


@pytest.mark.parametrize("asked", [None, "high"], ids=["of-the-settings", "of-the-request"])
async def test_the_effort_goes_where_the_wire_wants_it(case: ProviderCase, asked: Effort | None) -> None:
    own = replace(HELLO, reasoning_effort=asked)
    (body,) = await sent(case, own, reasoning_effort="low", model=THINKS.get(case.kind, "test-model"))
    field = {
        "anthropic": "output_config",
        "gemini": "generationConfig",
        "openai": "reasoning",
        "ollama": "think",
    }
    said = body.get(field.get(case.kind, "reasoning_effort"))
    # These two know no effort between off and high.
    assert (asked or ("high" if case.kind in ("mistral", "cohere") else "low")) in str(said)


async def test_an_image_arrives_as_it_was(case: ProviderCase) -> None:
    """Each wire has its own words for an image; its bytes are the same in all."""
    seen = Message(Role.USER, (ImagePart(PNG, "image/png", "dot.png"), TextPart("What is this?")))
    (body,) = await sent(case, ChatRequest((seen,)))
    found = re.findall(r"[A-Za-z0-9+/=]{60,}", json.dumps(conversation_of(body)))
    assert [base64.b64decode(text) for text in found] == [PNG]
    assert "What is this?" in json.dumps(body)
    assert case.kind == "ollama" or "image/png" in json.dumps(body)


# Secrets


@pytest.mark.parametrize("api_key", [None, CANARY], ids=["no-key", "own-key"])
async def test_nothing_of_the_environment_reaches_the_wire(
    case: ProviderCase, api_key: str | None, monkeypatch: pytest.MonkeyPatch, isolated: Path
) -> None:
    for name, value in POISON.items():
        monkeypatch.setenv(name, value)
    (isolated / ".netrc").write_text("machine 127.0.0.1 login poison password poison\n")
    async with WireServer() as server:
        provider = case.provider(server, api_key=api_key)
        case.serve(server, TEXT)
        assert (await drain(stream(provider))).error is None
        await provider.check()
        await provider.aclose()
        assert len(case.chats(server)) == 1
        for request in server.requests:
            assert b"poison" not in request.raw().lower()
            assert (CANARY.encode() in request.raw()) is (api_key is not None)


async def test_own_headers_are_sent_with_every_request(case: ProviderCase) -> None:
    async with WireServer() as server:
        provider = case.provider(server, headers={"X-Team": "blue", "User-Agent": "mine/1"})
        case.serve(server, TEXT)
        await drain(stream(provider))
        await provider.check()
        await provider.aclose()
        assert {request.headers.get("x-team") for request in server.requests} == {"blue"}
        assert {request.headers.get("user-agent") for request in server.requests} == {"mine/1"}


@pytest.mark.parametrize("status", [200, 400, 401, 500])
async def test_a_key_is_in_no_repr_log_or_error(
    case: ProviderCase, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with WireServer() as server:
        provider = case.provider(server, api_key=CANARY, headers={"x-token": CANARY[::-1]})
        words = f"Incorrect API key provided: {CANARY} ({CANARY[::-1]})"
        case.serve_raw(server, [case.encoder.failure(status, words)], status=status)
        outcome = await drain(stream(provider))
        report = await provider.check()
        await provider.aclose()
        assert any(CANARY.encode() in request.raw() for request in server.requests)
    assert isinstance(outcome.error, ProviderError)
    told = [
        repr(provider),
        repr(vars(provider)),
        repr(report),
        repr(outcome.error),
        repr(vars(outcome.error)),
        "".join(traceback.format_exception(outcome.error)),
        caplog.text,
    ]
    for text in told:
        assert CANARY not in text
        assert CANARY[::-1] not in text


async def test_a_password_in_the_address_is_sent_and_never_shown(
    case: ProviderCase, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = base64.b64encode(f"user:{CANARY}".encode()).decode()
    async with WireServer() as server:
        case.provider(server)
        provider = case.at(server.url.replace("http://", f"http://user:{CANARY}@"))
        case.serve_raw(server, [case.encoder.failure(401, f"not {CANARY}, not {token}")], status=401)
        outcome = await drain(stream(provider))
        report = await provider.check()
        await provider.aclose()
        assert {request.headers["authorization"] for request in server.requests} == {f"Basic {token}"}
    assert isinstance(outcome.error, ProviderError)
    error = "".join(traceback.format_exception(outcome.error))
    for text in (repr(vars(provider)), repr(report), error, caplog.text):
        assert CANARY not in text
        assert token not in text


async def test_this_machine_is_asked_without_the_proxies_of_the_environment(
    case: ProviderCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with WireServer() as proxy, WireServer() as server:
        for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(variable, proxy.url)
        provider = case.provider(server, api_key=CANARY)
        case.serve(server, TEXT)
        outcome = await drain(stream(provider))
        await provider.check()
        await provider.aclose()
        assert outcome.error is None
        assert not proxy.exchanges


async def test_a_port_out_of_range_is_our_own_mistake(case: ProviderCase) -> None:
    provider = case.at("http://127.0.0.1:99999")
    outcome = await drain(stream(provider))
    report = await provider.check()
    await provider.aclose()
    assert isinstance(outcome.error, BadRequest | ConnectError)
    assert "TaskGroup" not in str(outcome.error)
    assert not report.ok


async def test_a_key_that_is_no_header_is_an_error_that_does_not_show_it(case: ProviderCase) -> None:
    odd = f"{CANARY}\nx-evil: 1"
    async with WireServer() as server:
        provider = case.provider(server, api_key=odd, headers={"x-token": f"{CANARY}é\r\n"})
        case.serve(server, TEXT)
        outcome = await drain(stream(provider))
        await provider.aclose()
        assert not any("x-evil" in request.headers for request in server.requests)
    if outcome.error is not None:
        assert CANARY not in "".join(traceback.format_exception(outcome.error))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_does_not_take_the_key_elsewhere(case: ProviderCase, status: int) -> None:
    async with WireServer() as elsewhere, WireServer() as server:
        provider = case.provider(server, api_key=CANARY, headers={"x-token": CANARY})
        location = {"location": f"{elsewhere.url}{case.chat_path.replace('*', 'test-model')}"}
        case.serve_raw(server, [], status=status, headers=location)
        case.serve(elsewhere, TEXT)
        outcome = await drain(stream(provider))
        await provider.aclose()
        assert not any(CANARY.encode() in request.raw() for request in elsewhere.requests)
        assert isinstance(outcome.error, ProviderError)


# The conversation

CONVERSATION: dict[str, list[Any]] = {
    "openai_compat": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather? é🙂"},
        {
            "role": "assistant",
            "content": "I look it up.",
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {
                        "name": "weather",
                        "arguments": '{"city": "Zürich 🙂", "days": [1, {"deep": true}]}',
                    },
                },
                {"id": "call_2", "type": "function", "function": {"name": "clock", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "12 °C"},
        {"role": "tool", "tool_call_id": "call_2", "content": "no clock"},
    ],
    "anthropic": [
        {"role": "user", "content": [{"type": "text", "text": "Weather? é🙂"}]},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "I look it up."},
                {
                    "type": "tool_use",
                    "id": "call_1",
                    "name": "weather",
                    "input": {"city": "Zürich 🙂", "days": [1, {"deep": True}]},
                },
                {"type": "tool_use", "id": "call_2", "name": "clock", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "call_1", "content": "12 °C"},
                {"type": "tool_result", "tool_use_id": "call_2", "content": "no clock", "is_error": True},
            ],
        },
    ],
    "gemini": [
        {"role": "user", "parts": [{"text": "Weather? é🙂"}]},
        {
            "role": "model",
            "parts": [
                {"text": "I look it up."},
                {
                    "functionCall": {
                        "id": "call_1",
                        "name": "weather",
                        "args": {"city": "Zürich 🙂", "days": [1, {"deep": True}]},
                    }
                },
                {"functionCall": {"id": "call_2", "name": "clock", "args": {}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"id": "call_1", "name": "weather", "response": {"output": "12 °C"}}},
                {"functionResponse": {"id": "call_2", "name": "clock", "response": {"error": "no clock"}}},
            ],
        },
    ],
    "openai": [
        {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "Weather? é🙂"}],
        },
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "I look it up."}],
        },
        {
            "type": "function_call",
            "call_id": "call_1",
            "name": "weather",
            "arguments": '{"city": "Zürich 🙂", "days": [1, {"deep": true}]}',
        },
        {"type": "function_call", "call_id": "call_2", "name": "clock", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "12 °C"},
        {"type": "function_call_output", "call_id": "call_2", "output": "no clock"},
    ],
    "ollama": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather? é🙂"},
        {
            "role": "assistant",
            "content": "I look it up.",
            "tool_calls": [
                {
                    "id": "call_1",
                    "function": {
                        "name": "weather",
                        "arguments": {"city": "Zürich 🙂", "days": [1, {"deep": True}]},
                    },
                },
                {"id": "call_2", "function": {"name": "clock", "arguments": {}}},
            ],
        },
        {"role": "tool", "content": "12 °C", "tool_name": "weather", "tool_call_id": "call_1"},
        {"role": "tool", "content": "no clock", "tool_name": "clock", "tool_call_id": "call_2"},
    ],
}


def conversation_at(kind: str) -> Any:
    """The conversation as a kind of server wants it; vendors differ little from the wire that they speak."""
    conversation = deepcopy(CONVERSATION.get(kind) or CONVERSATION["openai_compat"])
    if kind == "mistral":
        text = json.dumps(conversation)
        return json.loads(text.replace("call_1", "74196fe72").replace("call_2", "1b68f83fa"))
    if kind == "deepseek":
        conversation[2]["reasoning_content"] = ""
    return conversation


def plain(value: Any) -> Any:
    """A body without the marks of the prompt cache."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key != "cache_control"}
    return value


def conversation_of(body: Any) -> Any:
    """The conversation, by the name that its wire has for it."""
    return body.get("messages") or body.get("contents") or body["input"]


async def test_a_tool_is_called_and_its_result_goes_back(case: ProviderCase) -> None:
    async with WireServer() as server:
        provider = case.provider(server)
        case.serve(server, TOOL_CALLS)
        case.serve(server, TEXT)
        asked = ChatRequest((user("Weather? é🙂"),), system="Be brief.", tools=(WEATHER,))
        first = (await drain(stream(provider, asked))).reply().response()
        results = Message(
            Role.TOOL,
            (
                ToolResultPart("call_1", "weather", "12 °C"),
                ToolResultPart("call_2", "clock", "no clock", is_error=True),
            ),
        )
        answered = replace(asked, messages=(*asked.messages, first.message, results))
        second = (await drain(stream(provider, answered))).reply().response()
        await provider.aclose()
        one, two = (exchange.request.json() for exchange in case.chats(server))
    assert first.finish.reason is FinishReason.TOOL_CALLS
    assert second.finish.reason is FinishReason.STOP
    assert plain(conversation_of(two)) == conversation_at(case.kind)
    assert plain(two["tools"]) == plain(one["tools"])


async def test_a_tools_schema_reaches_the_wire_unchanged(case: ProviderCase) -> None:
    (body,) = await sent(case, replace(HELLO, tools=(WEATHER,)))
    (tool,) = plain(body["tools"])
    (described,) = tool.get("functionDeclarations") or [tool.get("function", tool)]
    assert (described["name"], described["description"]) == ("weather", "The weather of a city")
    names = ("parameters", "input_schema", "parametersJsonSchema")
    assert next(filter(None, map(described.get, names))) == SCHEMA


async def test_the_settings_go_where_the_wire_wants_them(case: ProviderCase) -> None:
    settings: dict[str, Any] = {"system_prompt": "From the file.", "temperature": 0.25, "max_tokens": 77}
    own = replace(HELLO, system="My own.", temperature=0.75, max_tokens=33, model="other-model")
    async with WireServer() as server:
        provider = case.provider(server, **settings)
        case.serve(server, TEXT)
        for request in (HELLO, own):
            assert (await drain(stream(provider, request))).error is None
        await provider.aclose()
        configured, asked = (exchange.request for exchange in case.chats(server))
    for seen, model, system, temperature, max_tokens in (
        (configured, "test-model", "From the file.", 0.25, 77),
        (asked, "other-model", "My own.", 0.75, 33),
    ):
        body = seen.json()
        options = body.get("options") or body.get("generationConfig") or {}
        # Gemini's requests name the model, and that it streams, in the path.
        assert body.get("model") == model or f"/{model}:" in seen.path
        assert body.get("stream") is True or seen.path.endswith(":streamGenerateContent")
        places = map(body.get, ("system", "instructions", "systemInstruction"))
        assert system in str(next(filter(None, places), None) or body["messages"][0])
        assert body.get("temperature", options.get("temperature")) == temperature
        names = ("max_tokens", "max_completion_tokens", "max_output_tokens")
        assert max_tokens in [*map(body.get, names), *map(options.get, ("num_predict", "maxOutputTokens"))]


async def test_a_request_leaves_the_providers_settings_alone(case: ProviderCase) -> None:
    first, _, third = await sent(case, HELLO, replace(HELLO, temperature=0.5, system="x"), HELLO)
    assert first == third


async def test_vendor_data_goes_back_to_its_own_model_and_to_no_other(case: ProviderCase) -> None:
    """Switching the provider in mid-conversation works: what another model signed stays at home."""
    foreign = Opaque("another", "its-model", {"type": "thinking", "signature": "foreign-sig", "field": "x"})
    thought = Message(
        Role.ASSISTANT,
        (ReasoningPart("secret thought", foreign), OpaquePart(foreign), TextPart("Paris.")),
    )
    (body,) = await sent(case, ChatRequest((user("a"), thought, user("b"))))
    assert "foreign-sig" not in json.dumps(body)
    assert "secret thought" not in json.dumps(body)
    assert "Paris." in json.dumps(body)


@pytest.mark.parametrize("case", ["anthropic"], indirect=True)
async def test_a_signed_thought_is_replayed_as_it_came(case: ProviderCase) -> None:
    signed = ReasoningEnd(Opaque("", "", "EqQBCgIYAhIM=="))
    call = tool_call("call_1", "clock", "{}")
    scenario = (START, ReasoningDelta("Hm é."), signed, *call, Finish(FinishReason.TOOL_CALLS))
    async with WireServer() as server:
        provider = case.provider(server)
        case.serve(server, scenario)
        first = (await drain(stream(provider))).reply().response().message
        result = Message(Role.TOOL, (ToolResultPart("call_1", "clock", "noon"),))
        await drain(stream(provider, ChatRequest((*HELLO.messages, first, result))))
        await provider.aclose()
        body = case.chats(server)[1].request.json()
    assert plain(body["messages"][1]["content"])[0] == {
        "type": "thinking",
        "thinking": "Hm é.",
        "signature": "EqQBCgIYAhIM==",
    }


@pytest.mark.parametrize(
    "messages",
    [
        (user("a"), user("b")),
        (user("a"), Message(Role.ASSISTANT, ()), user("b")),
        (user("a"), assistant(""), user("b")),
        (user("a"), Message(Role.ASSISTANT, (ToolCallPart("call_1", "t", "{oops"),)), user("b")),
        (user("\ud83d lone"), assistant("\udc00"), user("b")),
    ],
    ids=["two-users", "no-parts", "empty-text", "unanswered-call", "lone-surrogates"],
)
async def test_an_odd_conversation_still_is_a_request(case: ProviderCase, messages: Any) -> None:
    (body,) = await sent(case, ChatRequest(messages))
    assert "b" in json.dumps(conversation_of(body)[-1], ensure_ascii=False)
