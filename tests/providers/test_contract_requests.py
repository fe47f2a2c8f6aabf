"""What each wire makes of a conversation and of the settings, word for word."""

import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import ImagePart, Message, Opaque, Role, ToolResultPart, user
from llmtui.core.events import Finish, FinishReason, ReasoningDelta, ReasoningEnd
from llmtui.core.models import Effort
from llmtui.testing.cases import ProviderCase
from llmtui.testing.conformance.asking import HELLO, asked, sent, stream
from llmtui.testing.conformance.requests import PNG, WEATHER
from llmtui.testing.laws import drain
from llmtui.testing.scenarios import START, TEXT, TOOL_CALLS, tool_call

THINKS = {"anthropic": "claude-opus-4-6", "openai": "gpt-5.4", "gemini": "gemini-3.8-flash"}


# The settings


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


@pytest.mark.parametrize("case", ["openai_compat", "anthropic", "openai", "gemini"], indirect=True)
async def test_an_image_goes_with_its_media_type(case: ProviderCase) -> None:
    image = ImagePart(PNG, "image/png", "dot.png")
    (body,) = await sent(case, ChatRequest((Message(Role.USER, (image,)),)))
    assert "image/png" in str(conversation_of(body))


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
    async with asked(case) as (provider, server):
        case.serve(server, TOOL_CALLS)
        case.serve(server, TEXT)
        question = ChatRequest((user("Weather? é🙂"),), system="Be brief.", tools=(WEATHER,))
        first = (await drain(stream(provider, question))).reply().response()
        results = Message(
            Role.TOOL,
            (
                ToolResultPart("call_1", "weather", "12 °C"),
                ToolResultPart("call_2", "clock", "no clock", is_error=True),
            ),
        )
        answered = replace(question, messages=(*question.messages, first.message, results))
        second = (await drain(stream(provider, answered))).reply().response()
        one, two = (exchange.request.json() for exchange in case.chats(server))
    assert first.finish.reason is FinishReason.TOOL_CALLS
    assert second.finish.reason is FinishReason.STOP
    assert plain(conversation_of(two)) == conversation_at(case.kind)
    assert plain(two["tools"]) == plain(one["tools"])


async def test_the_settings_go_where_the_wire_wants_them(case: ProviderCase) -> None:
    settings: dict[str, Any] = {"system_prompt": "From the file.", "temperature": 0.25, "max_tokens": 77}
    own = replace(HELLO, system="My own.", temperature=0.75, max_tokens=33, model="other-model")
    async with asked(case, **settings) as (provider, server):
        case.serve(server, TEXT)
        for request in (HELLO, own):
            assert (await drain(stream(provider, request))).error is None
        configured, chosen = (exchange.request for exchange in case.chats(server))
    for seen, model, system, temperature, max_tokens in (
        (configured, "test-model", "From the file.", 0.25, 77),
        (chosen, "other-model", "My own.", 0.75, 33),
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


@pytest.mark.parametrize("case", ["anthropic"], indirect=True)
async def test_a_signed_thought_is_replayed_as_it_came(case: ProviderCase) -> None:
    signed = ReasoningEnd(Opaque("", "", "EqQBCgIYAhIM=="))
    call = tool_call("call_1", "clock", "{}")
    scenario = (START, ReasoningDelta("Hm é."), signed, *call, Finish(FinishReason.TOOL_CALLS))
    async with asked(case) as (provider, server):
        case.serve(server, scenario)
        first = (await drain(stream(provider))).reply().response().message
        result = Message(Role.TOOL, (ToolResultPart("call_1", "clock", "noon"),))
        await drain(stream(provider, ChatRequest((*HELLO.messages, first, result))))
        body = case.chats(server)[1].request.json()
    assert plain(body["messages"][1]["content"])[0] == {
        "type": "thinking",
        "thinking": "Hm é.",
        "signature": "EqQBCgIYAhIM==",
    }
