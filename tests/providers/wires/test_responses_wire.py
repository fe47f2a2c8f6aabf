"""The Responses API, without a server: requests into bodies, raw events into core events."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from llmtui.core.chat import ChatRequest, ReplyBuilder
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
)
from llmtui.core.guard import Grammar
from llmtui.core.models import Effort
from llmtui.core.usage import Usage
from llmtui.providers.wires.responses import Encoding, encode
from llmtui.providers.wires.responses_stream import Decoder, failure_in
from llmtui.providers.wires.turns import UNANSWERED

MODEL = "gpt-5.4-mini"


def body(*messages: Message, encoding: Encoding | None = None, **fields: Any) -> dict[str, Any]:
    request = ChatRequest(messages, **{"model": MODEL, **fields})
    return encode(request, encoding or Encoding("openai"))[0]


def said(role: str, text: str) -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def warnings(*messages: Message, **fields: Any) -> list[str]:
    request = ChatRequest(messages, **{"model": MODEL, **fields})
    return [warning.message for warning in encode(request, Encoding("openai"))[1]]


def decoded(*raw: dict[str, Any]) -> list[StreamEvent]:
    decoder, grammar = Decoder("openai", MODEL), Grammar("openai")

    def events() -> Iterator[StreamEvent]:
        for event in raw:
            for meant in decoder.feed(event):
                yield from grammar.accept(meant)

    return list(events())


class TestRequest:
    def test_the_smallest(self) -> None:
        assert body(user("hi")) == {
            "model": MODEL,
            "input": [said("user", "hi")],
            "stream": True,
            "store": False,
            "include": ["reasoning.encrypted_content"],
            "reasoning": {"summary": "auto"},
        }

    def test_a_full_one_keeps_the_nested_schema(self) -> None:
        schema: dict[str, Any] = {"type": "object", "properties": {"a": {"anyOf": [{"type": "null"}]}}}
        sent = body(
            user("hi"),
            model="gpt-4.1",
            system="Be brief.",
            temperature=0.5,
            max_tokens=9,
            tools=(ToolDefinition("f", "does", schema),),
            encoding=Encoding("openai", extra_body={"service_tier": "flex"}),
        )
        assert sent["instructions"] == "Be brief."
        assert (sent["temperature"], sent["max_output_tokens"], sent["service_tier"]) == (0.5, 9, "flex")
        tool = {"type": "function", "name": "f", "description": "does", "parameters": schema, "strict": False}
        assert sent["tools"] == [tool]

    @pytest.mark.parametrize("model", ["gpt-4.1", "gpt-4o", "gpt-5-chat-latest"])
    def test_a_model_that_does_not_think_is_not_asked_for_thoughts(self, model: str) -> None:
        sent = body(user("hi"), model=model)
        assert not {"include", "reasoning"} & sent.keys()

    def test_an_unknown_model_is_not_told_how_to_think(self) -> None:
        sent = body(user("hi"), model="some-llama")
        assert sent["include"] == ["reasoning.encrypted_content"]
        assert "reasoning" not in sent

    def test_summaries_can_be_left_out(self) -> None:
        assert "reasoning" not in body(user("hi"), encoding=Encoding("openai", summary=False))

    @pytest.mark.parametrize(
        ("model", "effort", "temperature", "sent", "lost"),
        [
            ("gpt-5.4-mini", None, 0.5, 0.5, 0),
            ("gpt-5.4-mini", "off", 0.5, 0.5, 0),
            ("gpt-5.4-mini", "low", 0.5, None, 1),
            ("gpt-5.5", None, 0.5, None, 1),
            ("o3", None, 0.5, None, 1),
            ("gpt-4.1", None, 0.5, 0.5, 0),
            ("ft:gpt-4.1:me::1", None, 0.5, 0.5, 0),
            ("some-llama", "high", 0.5, 0.5, 0),
        ],
    )
    def test_a_temperature_goes_to_models_that_do_not_think_now(
        self, model: str, effort: Effort | None, temperature: float, sent: float | None, lost: int
    ) -> None:
        fields: dict[str, Any] = {"model": model, "reasoning_effort": effort, "temperature": temperature}
        assert body(user("hi"), **fields).get("temperature") == sent
        assert len(warnings(user("hi"), **fields)) == lost

    def test_images_and_files(self) -> None:
        parts = (
            TextPart("See."),
            ImagePart(b"\x89PNG", "image/png"),
            FilePart(b"%PDF", "application/pdf", "a"),
        )
        (item,) = body(Message(Role.USER, parts))["input"]
        png, pdf = (base64.b64encode(data).decode() for data in (b"\x89PNG", b"%PDF"))
        assert item["content"] == [
            {"type": "input_text", "text": "See."},
            {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{png}"},
            {"type": "input_file", "filename": "a", "file_data": f"data:application/pdf;base64,{pdf}"},
        ]


class TestHistory:
    OWN = Opaque("openai", MODEL, {"type": "reasoning", "id": "rs_1", "encrypted_content": "gAAA"})

    def test_reasoning_goes_back_before_the_item_that_it_led_to(self) -> None:
        reply = Message(
            Role.ASSISTANT, (ReasoningPart("hm", self.OWN), TextPart("So."), ToolCallPart("c", "f", "{}"))
        )
        result = Message(Role.TOOL, (ToolResultPart("c", "f", "12"),))
        assert body(user("a"), reply, result)["input"][1:] == [
            self.OWN.data,
            said("assistant", "So."),
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "12"},
        ]

    @pytest.mark.parametrize(("provider", "model"), [("other", MODEL), ("openai", "gpt-5.5")])
    def test_reasoning_of_another_stays_at_home(self, provider: str, model: str) -> None:
        foreign = replace(self.OWN, provider=provider, model=model)
        reply = Message(Role.ASSISTANT, (ReasoningPart("hm", foreign), OpaquePart(foreign), TextPart("So.")))
        assert body(user("a"), reply, user("b"))["input"][1] == said("assistant", "So.")
        assert "gAAA" not in str(body(user("a"), reply, user("b")))

    def test_reasoning_that_led_to_nothing_is_left_out(self) -> None:
        """The vendor refuses one without the item that follows it: a stopped reply must not end the chat."""
        stopped = Message(Role.ASSISTANT, (ReasoningPart("hm", self.OWN),))
        assert [item.get("role") for item in body(user("a"), stopped, user("b"))["input"]] == ["user", "user"]

    def test_reasoning_of_the_chat_wire_is_no_item(self) -> None:
        chat = Opaque("openai", MODEL, {"field": "reasoning_content"})
        reply = Message(Role.ASSISTANT, (ReasoningPart("hm", chat), TextPart("So.")))
        assert body(user("a"), reply)["input"][1:] == [said("assistant", "So.")]

    def test_a_phase_goes_back_with_its_text(self) -> None:
        phases = [OpaquePart(Opaque("openai", MODEL, {"phase": p})) for p in ("commentary", "final_answer")]
        reply = Message(Role.ASSISTANT, (phases[0], TextPart("I look."), phases[1], TextPart("It is 12.")))
        assert body(user("a"), reply)["input"][1:] == [
            said("assistant", "I look.") | {"phase": "commentary"},
            said("assistant", "It is 12.") | {"phase": "final_answer"},
        ]

    def test_every_call_has_its_result_and_every_result_its_call(self) -> None:
        call = Message(Role.ASSISTANT, (ToolCallPart("c", "f", ""),))
        stray = Message(Role.TOOL, (ToolResultPart("gone", "f", "x"),))
        items = body(user("a"), call, stray, user("b"))["input"]
        assert items[1:3] == [
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": UNANSWERED},
        ]
        assert [item["role"] for item in items if "role" in item] == ["user", "user"]
        assert len(warnings(user("a"), call, stray, user("b"))) == 1

    def test_empty_replies_leave_nothing(self) -> None:
        assert len(body(user("a"), assistant(""), user("b"))["input"]) == 2


def added(index: int, **item: Any) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def done(index: int, **item: Any) -> dict[str, Any]:
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def ended(kind: str = "completed", **response: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", "response": response}


CREATED = {"type": "response.created", "response": {"id": "resp_1", "model": "gpt-5.4-mini-2026"}}
START = Start("openai", "gpt-5.4-mini-2026", "resp_1")


class TestStream:
    def test_text(self) -> None:
        assert decoded(
            CREATED,
            {"type": "response.in_progress", "response": {}},
            added(0, type="message"),
            {"type": "response.content_part.added", "output_index": 0},
            {"type": "response.output_text.delta", "delta": "Hi"},
            {"type": "response.output_text.done", "text": "Hi"},
            done(0, type="message"),
            ended(usage={"input_tokens": 9, "output_tokens": 3}),
        ) == [
            START,
            TextDelta("Hi"),
            UsageUpdate(Usage(input=9, output=3)),
            Finish(FinishReason.STOP, "completed"),
        ]

    def test_parallel_calls_end_in_the_order_of_the_output(self) -> None:
        arguments = "response.function_call_arguments.delta"
        events = decoded(
            CREATED,
            added(1, type="function_call", call_id="b", name="g"),
            added(0, type="function_call", call_id="a", name="f"),
            {"type": arguments, "output_index": 1, "delta": '{"y":'},
            {"type": arguments, "output_index": 0, "delta": "{}"},
            {"type": arguments, "output_index": 1, "delta": "2}"},
            done(1, type="function_call", call_id="b", name="g", arguments='{"y":2}'),
            done(0, type="function_call", call_id="a", name="f", arguments="{}"),
            ended(),
        )
        ends = [event for event in events if isinstance(event, ToolCallEnd)]
        assert ends == [ToolCallEnd("a", "f", "{}"), ToolCallEnd("b", "g", '{"y":2}')]
        assert events[-1] == Finish(FinishReason.TOOL_CALLS, "completed")

    def test_a_call_that_comes_whole_and_one_that_is_cut(self) -> None:
        events = decoded(
            CREATED,
            done(0, type="function_call", call_id="a", name="f", arguments='{"x":1}'),
            added(1, type="function_call", call_id="a", name="g"),
            {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": '{"z'},
            ended("incomplete", incomplete_details={"reason": "max_output_tokens"}),
        )
        assert events[1:4] == [
            ToolCallStart("a", "f"),
            ToolCallDelta("a", '{"x":1}'),
            ToolCallEnd("a", "f", '{"x":1}'),
        ]
        (cut,) = [event for event in events[4:] if isinstance(event, ToolCallEnd)]
        assert cut.id != "a"
        assert cut.parse_error
        assert events[-1] == Finish(FinishReason.LENGTH, "max_output_tokens")

    def test_encrypted_reasoning_is_kept_as_it_came(self) -> None:
        summary = [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}]
        item: dict[str, Any] = {
            "type": "reasoning",
            "id": "rs_1",
            "summary": summary,
            "encrypted_content": "gAAA",
        }
        events = decoded(
            CREATED,
            added(0, type="reasoning", id="rs_1", summary=[], encrypted_content="part"),
            {"type": "response.reasoning_summary_part.added", "summary_index": 0},
            {"type": "response.reasoning_summary_text.delta", "delta": "a"},
            {"type": "response.reasoning_summary_part.added", "summary_index": 1},
            {"type": "response.reasoning_summary_text.delta", "delta": "b"},
            done(0, **item, status="completed", content=None),
            ended(),
        )
        end = ReasoningEnd(Opaque("openai", MODEL, item))
        assert events[1:-1] == [ReasoningDelta("a"), ReasoningDelta("\n\n"), ReasoningDelta("b"), end]

    def test_reasoning_without_its_encrypted_form_is_only_shown(self) -> None:
        events = decoded(
            CREATED,
            {"type": "response.reasoning_text.delta", "delta": "hm"},
            done(0, type="reasoning", id="rs_1", summary=[], encrypted_content=""),
            ended(),
        )
        assert events[1:3] == [ReasoningDelta("hm"), ReasoningEnd(None)]

    def test_a_refusal_is_text_and_a_reason(self) -> None:
        events = decoded(CREATED, {"type": "response.refusal.delta", "delta": "I will not."}, ended())
        assert events[1:] == [TextDelta("I will not."), Finish(FinishReason.REFUSAL, "refusal")]

    @pytest.mark.parametrize(
        ("reason", "finish"),
        [
            ("max_output_tokens", FinishReason.LENGTH),
            ("content_filter", FinishReason.CONTENT_FILTER),
            ("other", FinishReason.OTHER),
        ],
    )
    def test_why_a_reply_is_incomplete(self, reason: str, finish: FinishReason) -> None:
        events = decoded(CREATED, ended("incomplete", incomplete_details={"reason": reason}))
        assert events[-1] == Finish(finish, reason)

    def test_usage_includes_cache_and_reasoning(self) -> None:
        usage = {
            "input_tokens": 100,
            "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10},
            "output_tokens": 50,
            "output_tokens_details": {"reasoning_tokens": 20},
        }
        assert decoded(CREATED, ended(usage=usage))[1] == UsageUpdate(
            Usage(input=100, output=50, cache_read=60, cache_write=10, reasoning=20)
        )

    def test_two_messages_stand_apart_and_keep_their_phases(self) -> None:
        events = decoded(
            CREATED,
            added(0, type="message", phase="commentary"),
            {"type": "response.output_text.delta", "delta": "I look."},
            added(1, type="message", phase="final_answer"),
            {"type": "response.output_text.delta", "delta": "It is 12."},
            ended(),
        )
        reply = ReplyBuilder()
        for event in events:
            reply.add(event)
        message = Message(Role.ASSISTANT, reply.parts)
        assert message.text == "I look.\n\nIt is 12."
        phases = [item["phase"] for item in body(message)["input"]]
        assert phases == ["commentary", "final_answer"]

    def test_an_unknown_item_is_kept_whole(self) -> None:
        item: dict[str, Any] = {"type": "web_search_call", "id": "ws_1", "action": {"query": "q"}}
        events = decoded(CREATED, added(0, **item), done(0, **item), ended())
        assert events[1] == OpaqueBlock(Opaque("openai", MODEL, item))
        reply = Message(Role.ASSISTANT, (OpaquePart(Opaque("openai", MODEL, item)), TextPart("So.")))
        assert body(reply)["input"][0] == item

    def test_a_stream_that_does_not_begin_with_its_beginning(self) -> None:
        assert decoded({"type": "response.output_text.delta", "delta": "Hi"}, ended())[0] == Start(
            "openai", MODEL
        )


@pytest.mark.parametrize(
    ("event", "failure"),
    [
        ({"type": "error", "message": "no"}, {"type": "error", "message": "no"}),
        ({"type": "response.failed", "response": {"error": {"code": "c"}}}, {"error": {"code": "c"}}),
        ({"type": "response.incomplete", "response": {}}, None),
        ({"type": "response.output_text.delta", "delta": "error"}, None),
    ],
)
def test_failures_are_told_from_events(event: dict[str, Any], failure: object) -> None:
    assert failure_in(event) == failure


def test_a_failure_without_words_still_is_one() -> None:
    assert failure_in({"type": "response.failed"}) is not None
