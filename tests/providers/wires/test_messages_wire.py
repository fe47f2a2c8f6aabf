"""The Messages wire: bodies that the vendor accepts, and events that mean what it sent."""

import json
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.core.chat import ChatRequest, ReplyBuilder
from llmtui.core.conversation import (
    JSON,
    FilePart,
    ImagePart,
    Message,
    Opaque,
    OpaquePart,
    Part,
    ReasoningPart,
    Role,
    TextPart,
    ToolCallPart,
    ToolDefinition,
    ToolResultPart,
    assistant,
    user,
)
from llmtui.core.events import (
    Finish,
    FinishReason,
    OpaqueBlock,
    ReasoningDelta,
    ReasoningEnd,
    Start,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    UsageUpdate,
    Warning,
)
from llmtui.core.usage import Usage
from llmtui.providers.wires.claude_thinking import Thinking
from llmtui.providers.wires.messages import Encoding, encode, takes_temperature
from llmtui.providers.wires.messages_stream import Decoder
from llmtui.providers.wires.turns import UNANSWERED

MODEL = "claude-sonnet-4-6"
PLAIN = Encoding("claude", prompt_cache=False)
CACHE = {"type": "ephemeral"}
SIGNED = Opaque("claude", MODEL, {"type": "thinking", "signature": "sig"})
REDACTED = Opaque("claude", MODEL, {"type": "redacted_thinking", "data": "xyz"})


def body_of(*messages: Message, encoding: Encoding = PLAIN, **request: Any) -> dict[str, Any]:
    return encode(ChatRequest(messages, **{"model": MODEL} | request), encoding)[0]


def warnings_of(*messages: Message, encoding: Encoding = PLAIN, **request: Any) -> list[Warning]:
    return encode(ChatRequest(messages, **{"model": MODEL} | request), encoding)[1]


def turns_of(*messages: Message) -> list[tuple[str, list[dict[str, Any]]]]:
    return [(turn["role"], turn["content"]) for turn in body_of(*messages)["messages"]]


def text(value: str) -> dict[str, JSON]:
    return {"type": "text", "text": value}


def result(call_id: str, content: str, **more: JSON) -> dict[str, JSON]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": content} | more


def calls(*ids: str) -> Message:
    return Message(Role.ASSISTANT, tuple(ToolCallPart(call_id, "clock", "{}") for call_id in ids))


def results(*ids: str) -> Message:
    return Message(Role.TOOL, tuple(ToolResultPart(call_id, "clock", "noon") for call_id in ids))


class TestBody:
    def test_a_plain_question(self) -> None:
        assert body_of(user("hi")) == {
            "model": MODEL,
            "max_tokens": 8192,
            "stream": True,
            "messages": [{"role": "user", "content": [text("hi")]}],
        }

    def test_the_cache_marks_tools_system_and_the_last_user_turn(self) -> None:
        tools = (ToolDefinition("a", "", {"type": "object"}), ToolDefinition("b", "", {"type": "object"}))
        body = body_of(
            user("one"),
            assistant("two"),
            Message(Role.USER, (TextPart("three"), TextPart("four"))),
            encoding=Encoding("claude"),
            system="be kind",
            tools=tools,
        )
        assert body["system"] == [text("be kind") | {"cache_control": CACHE}]
        assert [tool.get("cache_control") for tool in body["tools"]] == [None, CACHE]
        marked = [block for turn in body["messages"] for block in turn["content"] if "cache_control" in block]
        assert marked == [text("four") | {"cache_control": CACHE}]

    def test_tool_schemas_reach_the_wire_unchanged(self) -> None:
        schema: dict[str, JSON] = {
            "type": "object",
            "properties": {"city": {"anyOf": [{"type": "string", "minLength": 1}, {"type": "null"}]}},
            "additionalProperties": False,
        }
        tool = ToolDefinition("weather", "Tells the weather.", schema)
        assert body_of(user("hi"), tools=(tool,))["tools"] == [
            {"name": "weather", "description": "Tells the weather.", "input_schema": schema}
        ]

    def test_texts_without_words_are_never_sent(self) -> None:
        turns = turns_of(user("hi"), assistant(" \n"), Message(Role.USER, (TextPart(""), TextPart("you"))))
        assert turns == [("user", [text("hi"), text("you")])]

    def test_blank_system_prompts_are_never_sent(self) -> None:
        assert "system" not in body_of(user("hi"), system=" \n")

    def test_a_prefill_loses_its_trailing_whitespace(self) -> None:
        assert turns_of(user("hi"), assistant("Sure: \n"))[-1] == ("assistant", [text("Sure:")])
        assert turns_of(user("a"), assistant("b \n"), user("c"))[1] == ("assistant", [text("b \n")])

    def test_images_and_documents(self) -> None:
        parts: tuple[Part, ...] = (
            ImagePart(b"\x89PNG", "image/png"),
            FilePart(b"%PDF", "application/pdf", "a.pdf"),
            FilePart("é".encode(), "text/markdown", "b.md"),
        )
        image, pdf, markdown = turns_of(Message(Role.USER, parts))[0][1]
        encoded = b64encode(b"%PDF").decode()
        assert image["source"] == {"type": "base64", "media_type": "image/png", "data": "iVBORw=="}
        assert pdf["source"] == {"type": "base64", "media_type": "application/pdf", "data": encoded}
        assert pdf["title"] == "a.pdf"
        assert markdown["source"] == {"type": "text", "media_type": "text/plain", "data": "é"}

    def test_a_document_that_claude_cannot_read_is_announced(self) -> None:
        message = Message(Role.USER, (TextPart("see"), FilePart(b"PK", "application/zip", "a.zip")))
        assert [warning.kind for warning in warnings_of(message)] == ["dropped_attachment"]
        assert turns_of(message) == [("user", [text("see")])]

    def test_extra_body_goes_over_everything(self) -> None:
        encoding = Encoding("claude", prompt_cache=False, extra_body={"top_k": 3, "max_tokens": 5})
        assert body_of(user("hi"), encoding=encoding)["top_k"] == 3
        assert body_of(user("hi"), encoding=encoding)["max_tokens"] == 5


class TestTools:
    def test_results_become_one_user_turn_before_the_persons_words(self) -> None:
        turns = turns_of(user("go"), calls("a", "b"), results("a"), results("b"), user("and?"))
        assert [role for role, _ in turns] == ["user", "assistant", "user"]
        assert turns[2][1] == [result("a", "noon"), result("b", "noon"), text("and?")]

    def test_results_stand_in_the_order_of_the_calls(self) -> None:
        assert turns_of(user("go"), calls("a", "b"), results("b", "a"))[2][1] == [
            result("a", "noon"),
            result("b", "noon"),
        ]

    def test_an_error_is_marked(self) -> None:
        message = Message(Role.TOOL, (ToolResultPart("a", "clock", "broken", is_error=True),))
        assert turns_of(user("go"), calls("a"), message)[2][1] == [result("a", "broken", is_error=True)]

    @pytest.mark.parametrize("after", [(), (user("never mind"),)])
    def test_a_call_that_was_interrupted_gets_an_answer(self, after: tuple[Message, ...]) -> None:
        turn = turns_of(user("go"), calls("a", "b"), results("a"), *after)[2][1]
        assert turn[:2] == [result("a", "noon"), result("b", UNANSWERED, is_error=True)]

    def test_a_result_without_its_call_is_dropped_and_announced(self) -> None:
        messages = results("gone"), user("hi")
        assert turns_of(*messages) == [("user", [text("hi")])]
        assert [warning.kind for warning in warnings_of(*messages)] == ["dropped_tool_result"]

    def test_ids_of_other_vendors_are_made_acceptable(self) -> None:
        turns = turns_of(user("go"), calls("call:1/ü"), results("call:1/ü"))
        assert turns[1][1][0]["id"] == turns[2][1][0]["tool_use_id"] == "call_1__"

    def test_broken_arguments_go_back_as_the_model_wrote_them(self) -> None:
        message = Message(Role.ASSISTANT, (ToolCallPart("a", "clock", '{"zone": '),))
        assert turns_of(user("go"), message)[1][1][0]["input"] == {"INVALID_JSON": '{"zone": '}

    @given(st.lists(st.sampled_from([user("u"), assistant("a"), calls("x"), calls("x", "y"), results("x")])))
    def test_any_conversation_keeps_the_vendors_rules(self, messages: list[Message]) -> None:
        turns = turns_of(*messages)
        open_calls: list[str] = []
        for role, blocks in turns:
            assert blocks
            kinds = [block["type"] for block in blocks]
            answered = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
            assert answered == open_calls
            assert kinds[: len(answered)] == ["tool_result"] * len(answered)
            open_calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
            assert not open_calls or role == "assistant"
        assert not open_calls


class TestOpaque:
    MESSAGE = Message(
        Role.ASSISTANT,
        (ReasoningPart("hm", SIGNED), OpaquePart(REDACTED), TextPart("yes"), calls("a").parts[0]),
    )

    def test_it_goes_back_in_place_to_its_own_model(self) -> None:
        _, blocks = turns_of(user("go"), self.MESSAGE, results("a"))[1]
        assert blocks[:3] == [
            {"type": "thinking", "thinking": "hm", "signature": "sig"},
            {"type": "redacted_thinking", "data": "xyz"},
            text("yes"),
        ]

    @pytest.mark.parametrize(
        ("provider", "model"), [("claude", "claude-haiku-4-5"), ("other", MODEL), ("other", "llama")]
    )
    def test_it_is_dropped_for_every_other(self, provider: str, model: str) -> None:
        request = ChatRequest((user("go"), self.MESSAGE, results("a")), model=model)
        body, warnings = encode(request, Encoding(provider))
        sent = json.dumps(body)
        assert "sig" not in sent
        assert "xyz" not in sent
        assert "hm" not in sent
        assert not warnings

    def test_reasoning_of_other_vendors_is_dropped(self) -> None:
        message = Message(Role.ASSISTANT, (ReasoningPart("secret thoughts"), TextPart("yes")))
        assert turns_of(user("go"), message)[1] == ("assistant", [text("yes")])


class TestSampling:
    @pytest.mark.parametrize(
        ("thinking", "expected"),
        [
            (None, None),
            ("off", {"type": "disabled"}),
            ("adaptive", {"type": "adaptive", "display": "summarized"}),
            (2048, {"type": "enabled", "budget_tokens": 2048, "display": "summarized"}),
        ],
    )
    def test_thinking(self, thinking: Thinking, expected: object) -> None:
        encoding = Encoding("claude", thinking=thinking)
        assert body_of(user("hi"), encoding=encoding).get("thinking") == expected

    def test_a_budget_leaves_room_for_the_answer(self) -> None:
        assert body_of(user("hi"), encoding=Encoding("claude", thinking=10_000))["max_tokens"] == 18_192

    def test_a_budget_that_does_not_fit_is_dropped_and_announced(self) -> None:
        encoding = Encoding("claude", thinking=2048)
        assert "thinking" not in body_of(user("hi"), encoding=encoding, max_tokens=2048)
        assert warnings_of(user("hi"), encoding=encoding, max_tokens=2048)[0].kind == "dropped_parameter"

    def test_temperature_goes_to_models_that_take_it(self) -> None:
        assert body_of(user("hi"), temperature=0.0)["temperature"] == 0.0
        assert body_of(user("hi"), temperature=0.5, model="llama")["temperature"] == 0.5

    @pytest.mark.parametrize(
        ("model", "thinking"), [("claude-sonnet-5-5", None), (MODEL, "adaptive"), (MODEL, 2048)]
    )
    def test_temperature_is_dropped_and_announced_elsewhere(self, model: str, thinking: Thinking) -> None:
        encoding = Encoding("claude", thinking=thinking)
        assert "temperature" not in body_of(user("hi"), encoding=encoding, temperature=0.5, model=model)
        warnings = warnings_of(user("hi"), encoding=encoding, temperature=0.5, model=model)
        assert [warning.kind for warning in warnings] == ["dropped_parameter"]
        assert "temperature" in warnings[0].message

    @pytest.mark.parametrize(
        ("model", "takes"),
        [
            ("claude-3-5-haiku-20241022", True),
            ("claude-sonnet-4-20250514", True),
            ("claude-opus-4-1-20250805", True),
            ("claude-haiku-4-5-20251001", True),
            ("claude-opus-4-6", True),
            ("claude-opus-4-7", False),
            ("claude-opus-4-8", False),
            ("claude-haiku-5-5", False),
            ("claude-fable-5-2", False),
            ("qwen3", None),
        ],
    )
    def test_which_models_take_a_temperature(self, model: str, takes: bool | None) -> None:
        assert takes_temperature(model) is takes


def decode(*events: dict[str, JSON]) -> list[StreamEvent]:
    decoder = Decoder("claude", MODEL, "req_1")
    return [event for raw in events for event in decoder.feed(raw)]


def block(index: int, start: dict[str, JSON], *deltas: dict[str, JSON]) -> Iterable[dict[str, JSON]]:
    yield {"type": "content_block_start", "index": index, "content_block": start}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def json_delta(fragment: str) -> dict[str, JSON]:
    return {"type": "input_json_delta", "partial_json": fragment}


SHALLOW: list[JSON] = [None, True, 0, -1, 2.5, "", "a", [], [1], {}, {"a": 1}]
NEARLY_RIGHT: list[JSON] = [
    {"model": []},
    {"usage": 3},
    {"stop_details": []},
    {"stop_reason": "end_turn"},
    {"input_tokens": "x"},
    {"input_tokens": 5, "output_tokens_details": []},
]
JSON_VALUES = st.sampled_from([*SHALLOW, *NEARLY_RIGHT])
TYPES = (
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
)
INNER = (
    "text",
    "thinking",
    "tool_use",
    "text_delta",
    "thinking_delta",
    "signature_delta",
    "input_json_delta",
)
INNER_OBJECTS = st.fixed_dictionaries(
    {"type": st.sampled_from(INNER)},
    optional={
        name: JSON_VALUES for name in ("text", "thinking", "signature", "id", "name", "input", "partial_json")
    },
)
RAW_EVENTS = st.fixed_dictionaries(
    {"type": st.sampled_from(TYPES)},
    optional={
        "index": JSON_VALUES,
        "delta": INNER_OBJECTS | JSON_VALUES,
        "content_block": INNER_OBJECTS | JSON_VALUES,
        "usage": JSON_VALUES,
        "message": JSON_VALUES,
    },
)


class TestDecoder:
    def test_start_names_the_model_and_request_of_the_server(self) -> None:
        raw: dict[str, JSON] = {"type": "message_start", "message": {"model": "claude-sonnet-4-6-2026"}}
        assert decode(raw) == [Start("claude", "claude-sonnet-4-6-2026", "req_1")]

    def test_usage_is_inclusive_and_replaces(self) -> None:
        first: dict[str, JSON] = {
            "input_tokens": 10,
            "cache_read_input_tokens": 600,
            "cache_creation_input_tokens": 100,
            "output_tokens": 1,
        }
        last: dict[str, JSON] = {
            "input_tokens": None,
            "output_tokens": 50,
            "output_tokens_details": {"thinking_tokens": 20},
        }
        events = decode(
            {"type": "message_start", "message": {"model": MODEL, "usage": first}},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": last},
        )
        usages = [event.usage for event in events if isinstance(event, UsageUpdate)]
        assert usages == [
            Usage(input=710, output=1, cache_read=600, cache_write=100),
            Usage(input=710, output=50, cache_read=600, cache_write=100, reasoning=20),
        ]

    def test_unknown_counts_stay_unknown(self) -> None:
        events = decode({"type": "message_delta", "delta": {}, "usage": {"output_tokens": 3}})
        assert events == [UsageUpdate(Usage(output=3))]

    @pytest.mark.parametrize(
        ("raw", "reason"),
        [
            ("end_turn", FinishReason.STOP),
            ("stop_sequence", FinishReason.STOP),
            ("max_tokens", FinishReason.LENGTH),
            ("tool_use", FinishReason.TOOL_CALLS),
            ("pause_turn", FinishReason.PAUSE),
            ("refusal", FinishReason.REFUSAL),
            ("model_context_window_exceeded", FinishReason.CONTEXT_FULL),
            ("brand_new", FinishReason.OTHER),
        ],
    )
    def test_stop_reasons(self, raw: str, reason: FinishReason) -> None:
        stop: dict[str, JSON] = {"type": "message_delta", "delta": {"stop_reason": raw}}
        assert decode(stop, {"type": "message_stop"}) == [Finish(reason, raw)]

    def test_a_refusal_says_why(self) -> None:
        delta: JSON = {"stop_reason": "refusal", "stop_details": {"type": "refusal", "explanation": "No."}}
        assert decode({"type": "message_delta", "delta": delta}) == [Warning("refusal", "No.")]

    def test_signed_thinking(self) -> None:
        events = decode(
            *block(
                0,
                {"type": "thinking", "thinking": "", "signature": ""},
                {"type": "thinking_delta", "thinking": "let me "},
                {"type": "thinking_delta", "thinking": "see"},
                {"type": "signature_delta", "signature": "sig"},
            )
        )
        assert events == [ReasoningDelta("let me "), ReasoningDelta("see"), ReasoningEnd(SIGNED)]

    def test_signed_thinking_with_characters_that_the_guard_changes_goes_back_as_it_came(self) -> None:
        raw = "one\u2028two"
        events = decode(
            *block(
                0,
                {"type": "thinking", "thinking": raw},
                {"type": "signature_delta", "signature": "sig"},
            )
        )
        end = events[-1]
        assert isinstance(end, ReasoningEnd)
        message = Message(Role.ASSISTANT, (ReasoningPart("one\ntwo", end.opaque), TextPart("yes")))
        assert turns_of(user("go"), message)[1][1][0] == {
            "type": "thinking",
            "thinking": raw,
            "signature": "sig",
        }

    def test_redacted_thinking_is_kept(self) -> None:
        assert decode(*block(0, {"type": "redacted_thinking", "data": "xyz"})) == [OpaqueBlock(REDACTED)]

    def test_tool_calls(self) -> None:
        events = decode(
            *block(
                1,
                {"type": "tool_use", "id": "toolu_1", "name": "clock", "input": {}},
                json_delta(""),
                json_delta('{"zone": '),
                json_delta('"UTC"}'),
            )
        )
        assert events == [
            ToolCallStart("toolu_1", "clock"),
            ToolCallDelta("toolu_1", '{"zone": '),
            ToolCallDelta("toolu_1", '"UTC"}'),
            ToolCallEnd("toolu_1", "clock", '{"zone": "UTC"}'),
        ]

    def test_a_tool_call_without_fragments_has_the_input_of_its_start(self) -> None:
        start: dict[str, JSON] = {"type": "tool_use", "id": "a", "name": "clock", "input": {"zone": "UTC"}}
        assert decode(*block(0, start))[-1] == ToolCallEnd("a", "clock", '{"zone": "UTC"}')
        assert decode(*block(0, start | {"input": {}}))[-1] == ToolCallEnd("a", "clock", "{}")

    @pytest.mark.parametrize("arguments", ['{"zone": ', "[1]"])
    def test_arguments_that_are_no_object_say_so(self, arguments: str) -> None:
        start: dict[str, JSON] = {"type": "tool_use", "id": "a", "name": "clock"}
        end = decode(*block(0, start, json_delta(arguments)))[-1]
        assert isinstance(end, ToolCallEnd)
        assert end.arguments == arguments
        assert end.parse_error

    def test_calls_with_the_same_or_no_id_stay_apart(self) -> None:
        start: dict[str, JSON] = {"type": "tool_use", "id": "", "name": "clock"}
        same = start | {"id": "a"}
        events = decode(*block(0, start), *block(1, start), *block(2, same), *block(3, same))
        ids = [event.id for event in events if isinstance(event, ToolCallStart)]
        assert len(set(ids)) == 4

    def test_unknown_blocks_are_kept_whole(self) -> None:
        search: dict[str, JSON] = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
        note: dict[str, JSON] = {"type": "brand_new", "words": "a", "more": None}
        events = decode(
            *block(0, search, json_delta('{"query"'), json_delta(': "x"}')),
            *block(1, note, {"type": "brand_new_delta", "words": "b", "more": 1}),
        )
        assert events == [
            OpaqueBlock(Opaque("claude", MODEL, search | {"input": {"query": "x"}})),
            OpaqueBlock(Opaque("claude", MODEL, {"type": "brand_new", "words": "ab", "more": 1})),
        ]

    def test_unknown_events_and_deltas_are_skipped(self) -> None:
        cited: dict[str, JSON] = {"type": "citations_delta", "citation": {"title": "x"}}
        events = decode(
            {"type": "ping"},
            {"type": "brand_new", "index": 0},
            {},
            *block(0, {"type": "text", "text": "hi "}, cited, {"type": "text_delta", "text": "there"}),
        )
        assert events == [TextDelta("hi "), TextDelta("there")]

    @given(st.lists(RAW_EVENTS, max_size=12))
    def test_no_json_can_break_it(self, events: list[dict[str, JSON]]) -> None:
        builder = ReplyBuilder()
        for event in decode(*events):
            builder.add(event)
        json.dumps([str(part) for part in builder.parts])
