"""The chat_completions wire: what is sent, and what the chunks of many vendors mean."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest

from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import (
    FilePart,
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
from llmtui.core.events import (
    Finish,
    FinishReason,
    ReasoningDelta,
    ReasoningEnd,
    Start,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    UsageUpdate,
)
from llmtui.core.usage import Usage
from llmtui.providers.wires.chat_completions import Dialect, request_body
from llmtui.providers.wires.chat_completions_stream import ChatCompletionsDecoder, failure_in

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"where": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}},
    "additionalProperties": False,
}


def body(*messages: Message, dialect: Dialect | None = None, **fields: Any) -> dict[str, Any]:
    return request_body(ChatRequest(messages, model="m", **fields), "p", dialect or Dialect())[0]


def events(*chunks: dict[str, Any]) -> list[StreamEvent]:
    decoder = ChatCompletionsDecoder("p", "asked")
    found = [event for chunk in chunks for event in decoder.decode(chunk)]
    return found + list(decoder.end())


def delta(finish_reason: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"id": "1", "model": "m", "choices": [{"delta": fields, "finish_reason": finish_reason}]}


def calls(*entries: Sequence[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """The calls that a stream of `tool_calls` lists ends in, after checking each one's own events."""
    found = events(*(delta(tool_calls=list(entry)) for entry in entries))
    ended = [event for event in found if isinstance(event, ToolCallEnd)]
    for end in ended:
        assert found.count(ToolCallStart(end.id, end.name)) == 1
        fragments = [e.fragment for e in found if isinstance(e, ToolCallDelta) and e.id == end.id]
        assert "".join(fragments) == end.arguments
    assert len({end.id for end in ended}) == len(ended)
    return [(end.id, end.name, end.arguments) for end in ended]


def entry(name: str | None = None, arguments: Any = None, **fields: Any) -> dict[str, Any]:
    return {**fields, "function": {"name": name, "arguments": arguments}}


def test_the_smallest_request() -> None:
    assert body(user("hi")) == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_a_full_request_keeps_the_nested_schema() -> None:
    tool = ToolDefinition("weather", "Tells it.", SCHEMA)
    sent = body(user("hi"), system="Be brief.", temperature=0.0, max_tokens=5, tools=(tool,))
    assert sent["messages"][0] == {"role": "system", "content": "Be brief."}
    assert (sent["temperature"], sent["max_tokens"]) == (0.0, 5)
    function = {"name": "weather", "description": "Tells it.", "parameters": SCHEMA}
    assert sent["tools"] == [{"type": "function", "function": function}]


def test_a_dialect_changes_fields() -> None:
    dialect = Dialect(False, "max_completion_tokens")
    sent = body(user("hi"), max_tokens=5, dialect=dialect)
    assert "stream_options" not in sent
    assert "max_tokens" not in sent
    assert sent["max_completion_tokens"] == 5


def test_images_and_files_are_data_uris() -> None:
    parts = (TextPart("see"), ImagePart(b"\x00\xff", "image/png"), FilePart(b"x", "application/pdf", "a.pdf"))
    encoded = base64.b64encode(b"\x00\xff").decode()
    assert body(Message(Role.USER, parts))["messages"][0]["content"] == [
        {"type": "text", "text": "see"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{encoded}"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,eA=="}},
    ]


def test_tool_calls_and_their_results() -> None:
    called = Message(Role.ASSISTANT, (TextPart("I look."), ToolCallPart("c1", "weather", "")))
    result = Message(Role.TOOL, (ToolResultPart("c1", "weather", "sunny"), ToolResultPart("c2", "x", "y")))
    assert body(called, result)["messages"] == [
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
        {"role": "tool", "tool_call_id": "c2", "content": "y"},
    ]


def test_short_ids_agree_between_call_and_result() -> None:
    called = Message(Role.ASSISTANT, (ToolCallPart("toolu_01AbCdEf", "f", "{}"),))
    result = Message(Role.TOOL, (ToolResultPart("toolu_01AbCdEf", "f", "r"),))
    sent = body(called, result, dialect=Dialect(short_tool_ids=True))["messages"]
    call_id = sent[0]["tool_calls"][0]["id"]
    assert call_id == sent[1]["tool_call_id"]
    assert len(call_id) == 9
    assert call_id.isalnum()


def test_a_last_assistant_message_is_sent_as_it_is() -> None:
    assert body(user("hi"), assistant("Once upon"))["messages"][-1] == {
        "role": "assistant",
        "content": "Once upon",
    }


@pytest.mark.parametrize(
    ("provider", "model", "replayed"), [("p", "m", True), ("q", "m", False), ("p", "n", False)]
)
def test_reasoning_goes_back_only_to_its_own_model_and_with_a_tool_call(
    provider: str, model: str, replayed: bool
) -> None:
    thought = ReasoningPart("hm", Opaque(provider, model, {"field": "reasoning_content"}))
    foreign = OpaquePart(Opaque("anthropic", "claude", {"signature": "s"}))
    turn = Message(Role.ASSISTANT, (thought, foreign, ToolCallPart("c", "f", "{}")))
    answer = Message(Role.ASSISTANT, (thought, TextPart("so")))
    sent = body(turn, answer)["messages"]
    assert sent[0].get("reasoning_content") == ("hm" if replayed else None)
    assert sent[1] == {"role": "assistant", "content": "so"}
    assert "signature" not in json.dumps(sent)


def test_text_with_usage_behind_the_finish_reason() -> None:
    assert events(
        {"id": "1", "model": "real", "choices": [{"delta": {"role": "assistant", "content": ""}}]},
        delta(content="Hi"),
        delta("stop"),
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}},
    ) == [
        Start("p", "real", "1"),
        TextDelta("Hi"),
        UsageUpdate(Usage(input=3, output=1)),
        Finish(FinishReason.STOP, "stop"),
    ]


def test_usage_in_every_chunk_replaces() -> None:
    chunks = [delta(content="a") | {"usage": {"prompt_tokens": 3, "completion_tokens": n}} for n in (1, 1, 2)]
    updates = [event.usage for event in events(*chunks) if isinstance(event, UsageUpdate)]
    assert [usage.output for usage in updates] == [1, 2]


@pytest.mark.parametrize(
    ("chunk", "expected"),
    [
        (
            {
                "usage": {
                    "prompt_tokens": 10,
                    "completion_tokens": 5,
                    "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2},
                    "completion_tokens_details": {"reasoning_tokens": 3},
                }
            },
            Usage(10, 5, 4, 2, 3),
        ),
        (
            {"usage": {"prompt_tokens": 10, "completion_tokens": 5, "prompt_cache_hit_tokens": 8}},
            Usage(10, 5, 8),
        ),
        ({"x_groq": {"usage": {"prompt_tokens": 1, "completion_tokens": 2}}}, Usage(1, 2)),
        (
            {"usage": {"prompt_tokens": 1, "completion_tokens": 2}, "timings": {"predicted_ms": 1500.0}},
            Usage(1, 2, generation_s=1.5),
        ),
        ({"usage": {"prompt_tokens": "many", "prompt_tokens_details": None}}, Usage()),
    ],
)
def test_usage_of_vendors(chunk: dict[str, Any], expected: Usage) -> None:
    assert UsageUpdate(expected) in events(delta("stop"), chunk)


def test_generation_time_survives_a_later_usage() -> None:
    found = events(delta("stop") | {"timings": {"predicted_ms": 500}}, {"usage": {"prompt_tokens": 1}})
    assert found[-2] == UsageUpdate(Usage(input=1, generation_s=0.5))


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_before_text(field: str) -> None:
    opaque = Opaque("p", "asked", {"field": field})
    assert events(delta(**{field: "h"}), delta(**{field: "m"}), delta(content="so"), delta("stop"))[1:] == [
        ReasoningDelta("h"),
        ReasoningDelta("m"),
        ReasoningEnd(opaque),
        TextDelta("so"),
        Finish(FinishReason.STOP, "stop"),
    ]


def test_both_reasoning_fields_count_once() -> None:
    found = events(delta(reasoning="hm", reasoning_content="hm"))
    assert [event for event in found if isinstance(event, ReasoningDelta)] == [ReasoningDelta("hm")]


def test_content_that_is_a_list() -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    found = events(delta(content=[thinking, {"type": "text", "text": "so"}, " it is"]))
    assert found[1:5] == [ReasoningDelta("hm"), ReasoningEnd(), TextDelta("so"), TextDelta(" it is")]


def test_a_whole_message_instead_of_deltas() -> None:
    chunk = {"model": "m", "choices": [{"message": {"content": "all"}, "finish_reason": "stop"}]}
    assert TextDelta("all") in events(chunk)


def test_a_refusal_is_text_and_a_reason() -> None:
    found = events(delta(refusal="I will not."), delta("stop"))
    assert found[1:] == [TextDelta("I will not."), Finish(FinishReason.REFUSAL, "stop")]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("stop", FinishReason.STOP),
        ("length", FinishReason.LENGTH),
        ("content_filter", FinishReason.CONTENT_FILTER),
        ("tool_calls", FinishReason.TOOL_CALLS),
        ("function_call", FinishReason.TOOL_CALLS),
        ("novel", FinishReason.OTHER),
    ],
)
def test_finish_reasons(raw: str, reason: FinishReason) -> None:
    assert events(delta(raw))[-1] == Finish(reason, raw)


def test_stop_after_tool_calls_means_tool_calls() -> None:
    assert events(delta("stop", tool_calls=[entry("f", "{}", id="a")]))[-1] == Finish(
        FinishReason.TOOL_CALLS, "stop"
    )


def test_only_a_finish_reason_completes() -> None:
    decoder = ChatCompletionsDecoder("p", "m")
    list(decoder.decode(delta(content="a")))
    assert not decoder.complete
    list(decoder.decode(delta("length")))
    assert decoder.complete


@pytest.mark.parametrize(
    ("chunk", "name", "failed"),
    [
        ({"error": {"message": "x"}}, "", True),
        ({"message": "x"}, "error", True),
        (delta("error"), "", True),
        (delta("insufficient_system_resource"), "", True),
        (delta("stop") | {"error": None}, "", False),
        ({"choices": []}, "", False),
    ],
)
def test_failures_inside_a_stream(chunk: dict[str, Any], name: str, failed: bool) -> None:
    assert (failure_in(chunk, name) is not None) is failed


def test_a_call_in_fragments() -> None:
    assert calls(
        [entry("weather", "", index=0, id="a")],
        [entry(None, '{"x"', index=0)],
        [entry(None, ": 1}", index=0, id="")],
    ) == [("a", "weather", '{"x": 1}')]


def test_parallel_calls_interleaved() -> None:
    assert calls(
        [entry("f", "", index=0, id="a"), entry("g", "", index=1, id="b")],
        [entry(None, '{"x": ', index=0), entry(None, '{"y": ', index=1)],
        [entry(None, "2}", index=1), entry(None, "1}", index=0)],
    ) == [("a", "f", '{"x": 1}'), ("b", "g", '{"y": 2}')]


def test_every_parallel_call_at_index_0() -> None:
    """https://github.com/ollama/ollama/issues/15457"""
    assert calls(
        [entry("f", '{"x": ', index=0, id="a")],
        [entry(None, "1}", index=0)],
        [entry("g", "{", index=0, id="b")],
        [entry(None, "}", index=0, id="null")],
    ) == [("a", "f", '{"x": 1}'), ("b", "g", "{}")]


def test_fragments_go_by_id_when_all_share_an_index() -> None:
    assert calls(
        [entry("f", "{", index=0, id="a"), entry("g", "{", index=0, id="b")],
        [entry(None, "}", index=0, id="a"), entry(None, "}", index=0, id="b")],
    ) == [("a", "f", "{}"), ("b", "g", "{}")]


def test_no_index_but_ids() -> None:
    assert calls(
        [entry("f", "{", id="a")],
        [entry("g", "{", id="b")],
        [entry(None, "}", id="a")],
        [entry(None, "}", id="b")],
    ) == [("a", "f", "{}"), ("b", "g", "{}")]


def test_no_id_at_all() -> None:
    found = calls([entry("f", "{", index=0)], [entry(None, "}", index=0)], [entry("g", "{}", index=1)])
    assert [call[1:] for call in found] == [("f", "{}"), ("g", "{}")]
    assert all(call_id.isalnum() and len(call_id) == 9 for call_id, *_ in found)


def test_whole_calls_without_id_and_index() -> None:
    found = calls([entry("f", '{"a": 1}')], [entry("f", '{"a": 2}')])
    assert [call[1:] for call in found] == [("f", '{"a": 1}'), ("f", '{"a": 2}')]


def test_one_id_for_two_calls_is_made_two() -> None:
    found = calls([entry("f", "{}", index=0, id="a")], [entry("g", "{}", index=1, id="a")])
    assert [call[1:] for call in found] == [("f", "{}"), ("g", "{}")]


def test_a_name_that_comes_late_and_one_that_is_repeated() -> None:
    assert calls(
        [entry(None, '{"x"', index=0, id="a")],
        [entry("f", ": 1", index=0, id="a")],
        [entry("f", "}", index=0, id="a")],
    ) == [("a", "f", '{"x": 1}')]


def test_arguments_that_are_an_object() -> None:
    assert calls([entry("f", {"x": "é"}, index=0, id="a")]) == [("a", "f", '{"x": "é"}')]


@pytest.mark.parametrize("arguments", ['{"x": ', "[1]", "no"])
def test_arguments_that_are_no_object_are_said_to_be_none(arguments: str) -> None:
    end = next(
        e for e in events(delta(tool_calls=[entry("f", arguments, id="a")])) if isinstance(e, ToolCallEnd)
    )
    assert end.parse_error
    assert end.arguments == arguments
