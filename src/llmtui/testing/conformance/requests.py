"""What goes out: the whole conversation, unchanged, and nothing of another vendor's."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
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
from llmtui.core.events import Finish, FinishReason, ReasoningDelta, ReasoningEnd
from llmtui.testing.cases import ProviderCase
from llmtui.testing.conformance.asking import HELLO, asked, encoded, need, sent, stream
from llmtui.testing.images import png
from llmtui.testing.laws import drain
from llmtui.testing.scenarios import START, TEXT, TOOL_CALLS, tool_call

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
WEATHER = ToolDefinition("weather", "The weather of a city", SCHEMA)
ARGUMENTS: dict[str, JSON] = {"city": "Zürich 🙂", "days": [1, {"deep": True}]}
PNG = png(3, 2, (200, 30, 60))
SIGNATURE = "EqQBCgIYAhIMc2lnbmF0dXJl"
SIGNED = (
    START,
    ReasoningDelta("Hm é."),
    ReasoningEnd(Opaque("", "", SIGNATURE)),
    *tool_call("call_1", "clock", "{}"),
    Finish(FinishReason.TOOL_CALLS),
)
ODD: dict[str, tuple[Message, ...]] = {
    "two-users": (user("a"), user("b")),
    "no-parts": (user("a"), Message(Role.ASSISTANT, ()), user("b")),
    "empty-text": (user("a"), assistant(""), user("b")),
    "lone-surrogates": (user("\ud83d lone"), assistant("\udc00"), user("b")),
}


def values(value: Any) -> Iterator[Any]:
    """Every value of a body; JSON that stands there as text, as a tool call's arguments may, is parsed."""
    yield value
    match value:
        case dict():
            for item in value.values():
                yield from values(item)
        case list():
            for item in value:
                yield from values(item)
        case str() if value.startswith("{"):
            try:
                yield from values(json.loads(value))
            except ValueError:
                return


def told(body: Any) -> str:
    """The body as text, to search."""
    return json.dumps(body, ensure_ascii=False)


class Requests:
    """What a server gets to read."""

    async def test_an_image_arrives_as_it_was(self, case: ProviderCase) -> None:
        """Each wire has its own words for an image; its bytes are the same in all."""
        need(case, "images")
        seen = Message(Role.USER, (ImagePart(PNG, "image/png", "dot.png"), TextPart("What is this?")))
        (body,) = await sent(case, ChatRequest((seen,)))
        found = re.findall(r"[A-Za-z0-9+/=]{60,}", told(body))
        assert [base64.b64decode(text) for text in found] == [PNG]
        assert "What is this?" in told(body)

    async def test_a_tools_schema_reaches_the_wire_unchanged(self, case: ProviderCase) -> None:
        """References, unions and all."""
        need(case, "tools")
        (body,) = await sent(case, replace(HELLO, tools=(WEATHER,)))
        assert SCHEMA in values(body)
        assert {"weather", "The weather of a city"} <= {text for text in values(body) if type(text) is str}

    async def test_a_tool_is_called_and_its_result_goes_back(self, case: ProviderCase) -> None:
        """With all that was said before, in its order."""
        need(case, "tools")
        results = Message(
            Role.TOOL,
            (
                ToolResultPart("call_1", "weather", "12 °C"),
                ToolResultPart("call_2", "clock", "no clock", is_error=True),
            ),
        )
        async with asked(case) as (provider, server):
            case.serve(server, TOOL_CALLS)
            case.serve(server, TEXT)
            question = ChatRequest((user("Weather? é🙂"),), tools=(WEATHER,))
            first = (await drain(stream(provider, question))).reply().response()
            answered = replace(question, messages=(*question.messages, first.message, results))
            second = (await drain(stream(provider, answered))).reply().response()
            _, body = (exchange.request.json() for exchange in case.chats(server))
        assert first.finish.reason is FinishReason.TOOL_CALLS
        assert second.finish.reason is FinishReason.STOP
        places = [told(body).index(text) for text in ("Weather? é🙂", "I look it up.", "12 °C", "no clock")]
        assert places == sorted(places)
        assert ARGUMENTS in values(body)
        assert SCHEMA in values(body)

    async def test_the_settings_reach_the_wire(self, case: ProviderCase) -> None:
        """Those of the file, and before them those of the request."""
        own = replace(HELLO, system="My own.", temperature=0.75, max_tokens=33, model="other-model")
        settings = {"system_prompt": "From the file.", "temperature": 0.25, "max_tokens": 77}
        async with asked(case, **settings) as (provider, server):
            case.serve(server, TEXT)
            for request in (HELLO, own):
                assert (await drain(stream(provider, request))).error is None
            configured, own_sent = (exchange.request for exchange in case.chats(server))
        for seen, model, system, temperature, limit in (
            (configured, "test-model", "From the file.", 0.25, 77),
            (own_sent, "other-model", "My own.", 0.75, 33),
        ):
            # Some wires have the model in the path.
            assert model in f"{seen.target} {told(seen.json())}"
            assert "system prompt" not in case.traits or system in told(seen.json())
            assert "temperature" not in case.traits or temperature in values(seen.json())
            assert "token limit" not in case.traits or limit in values(seen.json())

    async def test_a_request_leaves_the_providers_settings_alone(self, case: ProviderCase) -> None:
        """What one chat asks for is not asked for by the next."""
        first, _, third = await sent(case, HELLO, replace(HELLO, temperature=0.5, system="x"), HELLO)
        assert first == third

    async def test_vendor_data_of_another_model_stays_at_home(self, case: ProviderCase) -> None:
        """Switching the provider in mid-conversation works."""
        foreign = Opaque(
            "another", "its-model", {"type": "thinking", "signature": "foreign-sig", "field": "x"}
        )
        parts = (ReasoningPart("secret thought", foreign), OpaquePart(foreign), TextPart("Paris."))
        (body,) = await sent(case, ChatRequest((user("a"), Message(Role.ASSISTANT, parts), user("b"))))
        assert "foreign-sig" not in told(body)
        assert "secret thought" not in told(body)
        assert "Paris." in told(body)

    async def test_vendor_data_goes_back_to_its_own_model_and_to_no_other(self, case: ProviderCase) -> None:
        """Its own model needs it to go on thinking; any other refuses what it did not sign."""
        need(case, "tools", "reasoning")
        if SIGNATURE.encode() not in b"".join(encoded(case.encoder, SIGNED)):
            pytest.skip("the wire has no vendor data")
        async with asked(case) as (provider, server):
            case.serve(server, SIGNED)
            first = (await drain(stream(provider))).reply().response().message
        result = Message(Role.TOOL, (ToolResultPart("call_1", "clock", "noon"),))
        again = ChatRequest((*HELLO.messages, first, result))
        (own,) = await sent(case, again)
        (other_model,) = await sent(case, replace(again, model="other-model"))
        (other_provider,) = await sent(case, again, id="another")
        assert SIGNATURE in told(own)
        assert SIGNATURE not in told(other_model)
        assert SIGNATURE not in told(other_provider)

    @pytest.mark.parametrize("messages", ODD.values(), ids=ODD.keys())
    async def test_an_odd_conversation_still_is_a_request(
        self, case: ProviderCase, messages: tuple[Message, ...]
    ) -> None:
        """What a chat can become must not make it unanswerable."""
        (body,) = await sent(case, ChatRequest(messages))
        assert "b" in values(body)

    async def test_a_call_that_was_never_answered_still_is_a_request(self, case: ProviderCase) -> None:
        """A person stopped it, or its arguments were broken."""
        need(case, "tools")
        call = Message(Role.ASSISTANT, (ToolCallPart("call_1", "t", "{oops"),))
        (body,) = await sent(case, ChatRequest((user("a"), call, user("b"))))
        assert "b" in values(body)
