"""Ollama's native wire: what is sent, and what its lines mean."""

import base64
from typing import Any

import pytest

from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import (
    FilePart,
    ImagePart,
    Message,
    Opaque,
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
    Warning,
)
from llmtui.core.usage import Usage
from llmtui.providers.ollama.models import ModelFacts, facts_of, full_name, loaded_context, models_of
from llmtui.providers.wires.ollama import LoadOptions, OllamaDecoder, request_body, sent_text


def body(*messages: Message, load: LoadOptions | None = None, **fields: Any) -> dict[str, Any]:
    request = ChatRequest(messages, model="m", **fields)
    return request_body(request, "p", load or LoadOptions(num_ctx=8192))


def events(*chunks: dict[str, Any]) -> list[StreamEvent]:
    decoder = OllamaDecoder("p", "asked")
    return [event for chunk in chunks for event in decoder.decode(chunk)]


def line(**message: Any) -> dict[str, Any]:
    return {"model": "real", "message": {"role": "assistant", **message}, "done": False}


def last(reason: str | None = "stop", **counts: int) -> dict[str, Any]:
    return {"model": "real", "message": {"content": ""}, "done": True, "done_reason": reason, **counts}


def test_the_smallest_request() -> None:
    assert body(user("hi")) == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "truncate": False,
        "options": {"num_ctx": 8192},
        "keep_alive": "5m",
    }


def test_a_full_request() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"x": {"anyOf": [{"type": "null"}]}}}
    sent = body(
        user("hi"),
        system="s",
        temperature=0.0,
        max_tokens=5,
        tools=(ToolDefinition("f", "d", schema),),
        options={"seed": 1, "format": "json", "num_ctx": 99},
        load=LoadOptions(num_ctx=8192, think="low", keep_alive=0),
    )
    assert sent["messages"][0] == {"role": "system", "content": "s"}
    assert sent["options"] == {"num_ctx": 99, "temperature": 0.0, "num_predict": 5, "seed": 1}
    assert (sent["format"], sent["think"], sent["keep_alive"]) == ("json", "low", 0)
    assert sent["tools"][0]["function"]["parameters"] == schema
    assert "shift" not in sent


def test_images_and_text_files() -> None:
    parts = (
        TextPart("see"),
        ImagePart(b"\xff", "image/png"),
        FilePart(b"a: 1", "application/yaml", "a.yaml"),
    )
    sent = body(Message(Role.USER, parts))["messages"][0]
    assert sent["images"] == [base64.b64encode(b"\xff").decode()]
    assert sent["content"].startswith("see")
    assert "a.yaml" in sent["content"]
    assert "a: 1" in sent["content"]


@pytest.mark.parametrize(("model", "thinking"), [("m", "hm"), ("n", None)])
def test_tool_turns_keep_ids_and_the_own_thoughts(model: str, thinking: str | None) -> None:
    thought = ReasoningPart("hm", Opaque("p", model, {"field": "thinking"}))
    called = Message(
        Role.ASSISTANT, (thought, TextPart("I look."), ToolCallPart("c", "f", '{"x": {"y": 1}}'))
    )
    result = Message(Role.TOOL, (ToolResultPart("c", "f", "r"),))
    sent = body(called, result, assistant("so"))["messages"]
    assert sent[0]["tool_calls"] == [{"id": "c", "function": {"name": "f", "arguments": {"x": {"y": 1}}}}]
    assert sent[0].get("thinking") == thinking
    assert sent[1] == {"role": "tool", "content": "r", "tool_name": "f", "tool_call_id": "c"}
    assert sent[2] == {"role": "assistant", "content": "so"}


def test_text_that_was_sent_counts_tools_and_system() -> None:
    text = sent_text(body(user("hi"), system="sys", tools=(ToolDefinition("tool-name", "d", {}),)))
    assert all(word in text for word in ("hi", "sys", "tool-name"))


def test_a_reply() -> None:
    counts: dict[str, Any] = {"prompt_eval_count": 9, "eval_count": 4, "eval_duration": 2_000_000_000}
    assert events(line(content="Hi"), last(**counts)) == [
        Start("p", "real"),
        TextDelta("Hi"),
        UsageUpdate(Usage(input=9, output=4, generation_s=2.0)),
        Finish(FinishReason.STOP, "stop"),
    ]


def test_thinking_before_text() -> None:
    assert events(line(content="", thinking="hm"), line(content="so"), last())[1:4] == [
        ReasoningDelta("hm"),
        ReasoningEnd(Opaque("p", "asked", {"field": "thinking"})),
        TextDelta("so"),
    ]


def test_tool_calls_with_and_without_ids() -> None:
    whole = {"function": {"name": "f", "arguments": {"x": "é", "y": [1, {"z": None}]}}}
    found = events(line(tool_calls=[{"id": "a", **whole}, {"id": "a", **whole}, whole]), last())
    ends = [event for event in found if isinstance(event, ToolCallEnd)]
    assert [end.arguments for end in ends] == ['{"x": "é", "y": [1, {"z": null}]}'] * 3
    assert ends[0].id == "a"
    assert len({end.id for end in ends}) == 3
    for end in ends:
        assert ToolCallStart(end.id, "f") in found
        assert ToolCallDelta(end.id, end.arguments) in found
    assert found[-1] == Finish(FinishReason.TOOL_CALLS, "stop")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("stop", FinishReason.STOP),
        ("", FinishReason.STOP),
        (None, FinishReason.STOP),
        ("length", FinishReason.LENGTH),
        ("load", FinishReason.OTHER),
    ],
)
def test_done_reasons(raw: str | None, reason: FinishReason) -> None:
    assert events(last(raw))[-1] == Finish(reason, raw or "")


def test_counts_that_are_left_out_are_unknown() -> None:
    assert UsageUpdate(Usage()) in events(last())


def test_a_remote_host_is_announced() -> None:
    found = events(line(content="a") | {"remote_host": "https://ollama.com"}, last())
    warning = next(event for event in found if isinstance(event, Warning))
    assert warning.kind == "leaves_machine"
    assert "ollama.com" in warning.message


def show(context: object = None, **fields: Any) -> dict[str, Any]:
    return {"model_info": {"general.architecture": "llama", "llama.context_length": context}, **fields}


@pytest.mark.parametrize(
    ("context", "num_ctx"),
    [(131072, 8192), (8192, 8192), (2048, 2048), (2000, 2048), (None, 4096), ("many", 4096), (0, 4096)],
)
def test_the_context_is_comfortable_but_no_more(context: object, num_ctx: int) -> None:
    assert facts_of(show(context)).num_ctx == num_ctx


def test_facts_of_show() -> None:
    facts = facts_of(show(4096, capabilities=["completion", "tools"], remote_host="https://ollama.com"))
    assert (facts.can("tools"), facts.can("thinking"), facts.is_remote) == (True, False, True)
    assert facts.capabilities.tools.value is True
    assert facts.capabilities.reasoning.value is False
    assert facts.capabilities.context_window.tokens == 4096


@pytest.mark.parametrize("answer", [None, [], {}, {"model_info": None}])
def test_facts_of_an_old_server_are_unknown(answer: object) -> None:
    assert facts_of(answer) == ModelFacts()
    assert ModelFacts().can("tools") is None


def test_models_of_tags() -> None:
    details = {"parameter_size": "8.0B", "quantization_level": "Q4_K_M", "context_length": 4096}
    entries = [
        {"name": "a:8b", "details": details, "capabilities": ["vision"]},
        {"name": "gpt-oss:120b-cloud", "details": None},
        {"name": "b:latest", "remote_host": "https://ollama.com"},
        {"name": ""},
        "text",
    ]
    local, cloud, remote = models_of({"models": entries})
    assert (local.id, local.detail, local.leaves_machine) == ("a:8b", "8.0B Q4_K_M", None)
    assert local.capabilities.image.value is True
    assert local.capabilities.context_window.tokens == 4096
    assert cloud.leaves_machine is True
    assert remote.leaves_machine is True


@pytest.mark.parametrize(
    ("model", "full"),
    [
        ("llama3.2", "llama3.2:latest"),
        ("llama3.2:1b", "llama3.2:1b"),
        ("host:5000/a/b", "host:5000/a/b:latest"),
    ],
)
def test_full_names(model: str, full: str) -> None:
    assert full_name(model) == full


def test_what_is_loaded() -> None:
    ps = {"models": [{"name": "llama3.2:latest", "context_length": 4096}, {"name": "old:1b"}]}
    assert loaded_context(ps, "llama3.2") == (True, 4096)
    assert loaded_context(ps, "old:1b") == (True, None)
    assert loaded_context(ps, "old") == (False, None)
    assert loaded_context({"models": None}, "x") == (False, None)
