"""Gemini's wire: bodies that the vendor accepts, and events that mean what it sent."""

from base64 import b64encode
from typing import Any

import pytest

from llmtui.core.chat import ChatRequest, ReplyBuilder
from llmtui.core.conversation import (
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
from llmtui.core.errors import ContentFiltered
from llmtui.core.events import (
    Finish,
    FinishReason,
    OpaqueBlock,
    ReasoningDelta,
    ReasoningEnd,
    Start,
    StreamEvent,
    TextDelta,
    ToolCallEnd,
    UsageUpdate,
    Warning,
)
from llmtui.core.models import Effort
from llmtui.core.usage import Usage
from llmtui.providers.wires.gemini import UNSIGNED, Encoding, model_path, request_body
from llmtui.providers.wires.gemini_stream import FINISH_REASONS, GeminiDecoder
from llmtui.providers.wires.turns import UNANSWERED

MODEL = "gemini-3.8-flash"
PLAIN = Encoding("gemini")


def body_of(*messages: Message, encoding: Encoding = PLAIN, **request: Any) -> dict[str, Any]:
    return request_body(ChatRequest(messages, **{"model": MODEL} | request), encoding)[0]


def losses(*messages: Message, encoding: Encoding = PLAIN, **request: Any) -> list[str]:
    asked = ChatRequest(messages, **{"model": MODEL} | request)
    return [warning.message for warning in request_body(asked, encoding)[1]]


def model_says(*parts: Part) -> Message:
    return Message(Role.ASSISTANT, parts)


def results(*parts: Part) -> Message:
    return Message(Role.TOOL, parts)


def own(data: Any, model: str = MODEL) -> Opaque:
    return Opaque("gemini", model, data)


def candidate(*parts: Any, **more: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}} | more]}


def decoded(*chunks: dict[str, Any], model: str = MODEL) -> list[StreamEvent]:
    decoder = GeminiDecoder("gemini", model)
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    return events + (list(decoder.end()) if decoder.complete else [])


def replied(*chunks: dict[str, Any]) -> Message:
    builder = ReplyBuilder()
    for event in decoded(*chunks, candidate(finishReason="STOP")):
        builder.add(event)
    return builder.response().message


# Requests


def test_a_body_says_no_more_than_it_was_told() -> None:
    assert body_of(user("Hi"), model="test-model") == {
        "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
    }


def test_parameters_go_where_the_api_has_them() -> None:
    encoding = Encoding(
        "gemini", generation_config={"topK": 40, "seed": 1}, extra_body={"safetySettings": [], "store": False}
    )
    body = body_of(
        user("Hi"),
        encoding=encoding,
        model="test-model",
        system="Be brief.",
        temperature=0.0,
        max_tokens=9,
        options={"seed": 2, "store": True, "stopSequences": ["x"]},
    )
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    assert body["generationConfig"] == {
        "temperature": 0.0,
        "maxOutputTokens": 9,
        "topK": 40,
        "seed": 2,
        "stopSequences": ["x"],
    }
    assert (body["safetySettings"], body["store"]) == ([], True)


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini-3.8-flash", "models/gemini-3.8-flash"),
        ("models/gemini-3.8-flash", "models/gemini-3.8-flash"),
        ("tunedModels/mine-1", "tunedModels/mine-1"),
        ("odd?x=1#y z", "models/odd%3Fx%3D1%23y%20z"),
    ],
)
def test_a_model_is_a_path(model: str, path: str) -> None:
    assert model_path(model) == path


@pytest.mark.parametrize(
    ("media_type", "sent"),
    [
        ("image/png", True),
        ("image/heic", True),
        ("image/gif", False),
        ("image/svg+xml", False),
    ],
)
def test_images_that_the_model_reads(media_type: str, sent: bool) -> None:
    asked = Message(Role.USER, (ImagePart(b"\x00\xff", media_type, "a"), TextPart("What?")))
    inline = {"inlineData": {"mimeType": media_type, "data": b64encode(b"\x00\xff").decode()}}
    assert body_of(asked)["contents"][0]["parts"] == [*([inline] if sent else []), {"text": "What?"}]
    assert losses(asked) == ([] if sent else [f"Gemini reads nothing of type {media_type}: 'a' was not sent"])


@pytest.mark.parametrize("media_type", ["application/pdf", "audio/mp3", "video/mp4"])
def test_documents_sound_and_film_go_as_they_are(media_type: str) -> None:
    asked = Message(Role.USER, (FilePart(b"\x00\xff", media_type, "f"),))
    inline = {"inlineData": {"mimeType": media_type, "data": b64encode(b"\x00\xff").decode()}}
    assert body_of(asked)["contents"][0]["parts"] == [inline]
    assert losses(asked) == []


def test_texts_go_as_text_and_the_rest_is_left_out() -> None:
    asked = Message(
        Role.USER,
        (FilePart("é".encode(), "text/csv", "a.csv"), FilePart(b"PK", "application/zip", "b.zip")),
    )
    assert body_of(asked)["contents"][0]["parts"] == [{"text": "\n\na.csv:\n\né\n\n"}]
    assert losses(asked) == ["Gemini reads nothing of type application/zip: 'b.zip' was not sent"]


def test_turns_alternate_and_empty_ones_are_left_out() -> None:
    body = body_of(user("a"), user("b"), assistant(""), model_says(), user("c"), assistant("d"), user("e"))
    assert [(turn["role"], [part["text"] for part in turn["parts"]]) for turn in body["contents"]] == [
        ("user", ["a", "b", "c"]),
        ("model", ["d"]),
        ("user", ["e"]),
    ]


def test_a_tool_without_parameters_has_no_schema() -> None:
    (tool,) = body_of(user("a"), tools=(ToolDefinition("now", "The time", {}),))["tools"]
    assert tool == {"functionDeclarations": [{"name": "now", "description": "The time"}]}


def test_every_call_has_its_result_in_the_next_turn_and_in_order() -> None:
    calls = model_says(ToolCallPart("1", "a", "{}"), ToolCallPart("2", "b", "{oops"))
    answers = results(ToolResultPart("9", "x", "stray"), ToolResultPart("2", "b", "two"))
    body = body_of(user("q"), calls, answers, user("and?"), model="gemini-2.5-pro")
    assert [part["functionCall"]["args"] for part in body["contents"][1]["parts"]] == [
        {},
        {"INVALID_JSON": "{oops"},
    ]
    assert body["contents"][2] == {
        "role": "user",
        "parts": [
            {"functionResponse": {"id": "1", "name": "a", "response": {"error": UNANSWERED}}},
            {"functionResponse": {"id": "2", "name": "b", "response": {"output": "two"}}},
            {"text": "and?"},
        ],
    }
    assert losses(user("q"), calls, answers) == [
        "the results of 1 tool calls that are no longer in the conversation"
    ]


def test_a_call_at_the_end_is_answered_too() -> None:
    body = body_of(user("q"), model_says(ToolCallPart("1", "a", "{}")))
    assert body["contents"][-1]["parts"][0]["functionResponse"]["id"] == "1"


# Thinking


@pytest.mark.parametrize(
    ("model", "effort", "config", "lost"),
    [
        ("gemini-3.8-flash", None, {"includeThoughts": True}, False),
        ("gemini-3.8-flash", "low", {"thinkingLevel": "low", "includeThoughts": True}, False),
        ("gemini-3.8-flash", "off", {"thinkingLevel": "low", "includeThoughts": True}, True),
        ("gemini-3.8-flash", "max", {"thinkingLevel": "high", "includeThoughts": True}, True),
        ("models/gemini-3.6-flash", "off", {"thinkingLevel": "minimal", "includeThoughts": True}, True),
        ("gemini-3-flash-preview", "minimal", {"thinkingLevel": "minimal", "includeThoughts": True}, False),
        ("gemini-3-pro-preview", "medium", {"thinkingLevel": "high", "includeThoughts": True}, True),
        ("gemini-3.1-pro-preview", "medium", {"thinkingLevel": "medium", "includeThoughts": True}, False),
        ("gemini-4-argon", "high", {"thinkingLevel": "high", "includeThoughts": True}, False),
        ("gemini-flash-latest", "minimal", {"thinkingLevel": "low", "includeThoughts": True}, True),
        ("gemini-2.5-flash-lite", "off", {"thinkingBudget": 0}, False),
        ("gemini-2.5-flash", "low", {"thinkingBudget": 2048, "includeThoughts": True}, False),
        ("gemini-2.5-pro", "off", {"thinkingBudget": 128, "includeThoughts": True}, True),
        ("gemini-2.0-flash", None, None, False),
        ("gemini-2.0-flash", "high", None, True),
        ("gemini-2.5-flash-preview-tts", None, None, False),
        ("somebodys-own", None, None, False),
        ("somebodys-own", "off", None, False),
        ("somebodys-own", "high", {"thinkingLevel": "high", "includeThoughts": True}, False),
    ],
)
def test_an_effort_is_the_nearest_that_the_model_knows(
    model: str, effort: Effort | None, config: dict[str, Any] | None, lost: bool
) -> None:
    body = body_of(user("a"), model=model, reasoning_effort=effort)
    assert body.get("generationConfig", {}).get("thinkingConfig") == config
    assert bool(losses(user("a"), model=model, reasoning_effort=effort)) is lost


@pytest.mark.parametrize(
    ("model", "thinks", "config"),
    [
        ("somebodys-own", True, {"includeThoughts": True}),
        ("somebodys-own", False, None),
        ("gemini-9-x", False, None),
    ],
)
def test_what_the_server_says_of_thinking_goes_over_the_name(model: str, thinks: bool, config: Any) -> None:
    body = body_of(user("a"), model=model, encoding=Encoding("gemini", thinks=thinks))
    assert body.get("generationConfig", {}).get("thinkingConfig") == config


def test_ones_own_thinking_config_goes_over_the_effort() -> None:
    mine = {"thinkingConfig": {"thinkingBudget": -1}}
    encoding = Encoding("gemini", generation_config=mine)
    body = body_of(user("a"), encoding=encoding, reasoning_effort="high")
    assert body["generationConfig"] == mine
    quiet = body_of(user("a"), encoding=Encoding("gemini", include_thoughts=False), reasoning_effort="high")
    assert quiet["generationConfig"] == {"thinkingConfig": {"thinkingLevel": "high"}}


# Signatures


def test_parts_go_back_as_they_came() -> None:
    """Of thoughts, calls and texts the signatures stand where they stood; what is not known stays whole."""
    code = {"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": "code-sig"}
    message = replied(
        candidate({"text": "Hm.", "thought": True}),
        candidate({"text": "", "thought": True, "thoughtSignature": "thought-sig"}),
        candidate(code),
        candidate({"text": "I look"}),
        candidate({"text": " it up."}),
        candidate({"functionCall": {"name": "a", "args": {"x": 1}}, "thoughtSignature": "call-sig"}),
        candidate({"functionCall": {"name": "b", "args": {}}}),
        candidate({"text": "", "thoughtSignature": "text-sig"}),
    )
    first, second = message.tool_calls
    assert first.id != second.id
    turn = body_of(user("q"), message)["contents"][1]
    assert turn["parts"] == [
        {"text": "Hm.", "thought": True, "thoughtSignature": "thought-sig"},
        code,
        {"text": "I look it up."},
        {
            "functionCall": {"id": first.id, "name": "a", "args": {"x": 1}},
            "thoughtSignature": "call-sig",
        },
        {"functionCall": {"id": second.id, "name": "b", "args": {}}},
        {"text": "", "thoughtSignature": "text-sig"},
    ]


@pytest.mark.parametrize(
    ("provider", "model"), [("gemini", "gemini-3.1-pro-preview"), ("another", MODEL), ("gemini", "gpt-5")]
)
def test_signatures_stay_with_their_model(provider: str, model: str) -> None:
    message = replied(
        candidate({"text": "Hm.", "thought": True, "thoughtSignature": "s1"}),
        candidate({"functionCall": {"id": "1", "name": "a", "args": {}}, "thoughtSignature": "s2"}),
        candidate({"text": "x", "thoughtSignature": "s3"}),
    )
    parts = body_of(user("q"), message, model=model, encoding=Encoding(provider))["contents"][1]["parts"]
    unsigned = {"thoughtSignature": UNSIGNED} if model.startswith("gemini-3") else {}
    assert parts == [{"functionCall": {"id": "1", "name": "a", "args": {}}} | unsigned, {"text": "x"}]


def test_another_models_calls_pass_where_signatures_are_checked() -> None:
    """Gemini 3 refuses a call without a signature; of calls made together it looks at the first."""
    calls = model_says(ToolCallPart("1", "a", "{}"), ToolCallPart("2", "b", "{}"))
    signed = [
        [
            "thoughtSignature" in part
            for part in body_of(user("q"), calls, model=model)["contents"][1]["parts"]
        ]
        for model in (MODEL, "gemini-flash-latest", "gemini-4-argon", "gemini-2.5-pro", "somebodys-own")
    ]
    assert signed == [[True, False]] * 3 + [[False, False]] * 2


def test_data_of_the_vendors_other_wire_is_left_out() -> None:
    other = own({"field": "reasoning_content"})
    message = model_says(ReasoningPart("secret", other), OpaquePart(other), TextPart("x"))
    assert body_of(user("q"), message)["contents"][1]["parts"] == [{"text": "x"}]


def test_a_thought_that_the_guard_made_harmless_goes_back_as_it_came() -> None:
    (end,) = [
        event
        for event in decoded(candidate({"text": "a\x1b[2Jb", "thought": True, "thoughtSignature": "s"}))
        if isinstance(event, ReasoningEnd)
    ]
    shown = model_says(ReasoningPart("a[2Jb", end.opaque))
    assert body_of(user("q"), shown)["contents"][1]["parts"] == [
        {"text": "a\x1b[2Jb", "thought": True, "thoughtSignature": "s"}
    ]


# Replies


def test_thoughts_and_text_are_told_apart() -> None:
    assert decoded(
        {"modelVersion": "models/gemini-3.8-flash-001", "responseId": "r1"}
        | candidate({"text": "Hm", "thought": True}),
        candidate({"text": "Paris."}, finishReason="STOP"),
    ) == [
        Start("gemini", "gemini-3.8-flash-001", "r1"),
        ReasoningDelta("Hm"),
        ReasoningEnd(None),
        TextDelta("Paris."),
        Finish(FinishReason.STOP, "STOP"),
    ]


def test_what_follows_a_reason_to_finish_still_counts() -> None:
    events = decoded(
        candidate({"text": "a"}, finishReason="STOP"),
        candidate({"text": "b"}),
        {"usageMetadata": {"promptTokenCount": 3}},
    )
    assert events[1:] == [
        TextDelta("a"),
        TextDelta("b"),
        UsageUpdate(Usage(input=3)),
        Finish(FinishReason.STOP, "STOP"),
    ]


def test_calls_without_an_id_or_with_the_same_get_their_own() -> None:
    calls = [{"functionCall": {"name": "a", "args": {"n": n}}} for n in range(2)]
    twins = [{"functionCall": {"id": "x", "name": "a", "args": {"n": n}}} for n in range(2, 4)]
    events = decoded(candidate(*calls, *twins, finishReason="STOP"))
    ends = [event for event in events if isinstance(event, ToolCallEnd)]
    assert [end.arguments for end in ends] == [f'{{"n": {n}}}' for n in range(4)]
    assert len({end.id for end in ends}) == 4
    assert events[-1] == Finish(FinishReason.TOOL_CALLS, "STOP")


def test_usage_is_inclusive_and_told_when_it_changes() -> None:
    counts = {
        "promptTokenCount": 1000,
        "toolUsePromptTokenCount": 10,
        "cachedContentTokenCount": 600,
        "thoughtsTokenCount": 20,
        "candidatesTokenCount": 30,
        "totalTokenCount": 1060,
    }
    first = {"promptTokenCount": 1000}
    last = candidate({"text": "a"}) | {"usageMetadata": counts}
    events = decoded({"usageMetadata": first}, {"usageMetadata": first}, last)
    assert events[1:] == [
        UsageUpdate(Usage(input=1000)),
        TextDelta("a"),
        UsageUpdate(Usage(input=1010, output=50, cache_read=600, reasoning=20)),
    ]


@pytest.mark.parametrize(
    ("raw", "reason", "explained"),
    [
        ("MAX_TOKENS", FinishReason.LENGTH, False),
        ("SAFETY", FinishReason.CONTENT_FILTER, False),
        ("RECITATION", FinishReason.CONTENT_FILTER, True),
        ("BLOCKLIST", FinishReason.CONTENT_FILTER, False),
        ("PROHIBITED_CONTENT", FinishReason.CONTENT_FILTER, False),
        ("SPII", FinishReason.CONTENT_FILTER, False),
        ("IMAGE_SAFETY", FinishReason.CONTENT_FILTER, False),
        ("LANGUAGE", FinishReason.OTHER, True),
        ("MALFORMED_FUNCTION_CALL", FinishReason.OTHER, True),
        ("UNEXPECTED_TOOL_CALL", FinishReason.OTHER, True),
        ("MISSING_THOUGHT_SIGNATURE", FinishReason.OTHER, True),
        ("FUNCTION_CALL", FinishReason.TOOL_CALLS, False),
        ("OTHER", FinishReason.OTHER, False),
        ("INVENTED_TOMORROW", FinishReason.OTHER, False),
    ],
)
def test_a_reason_to_finish_is_named(raw: str, reason: FinishReason, explained: bool) -> None:
    events = decoded({"candidates": [{"finishReason": raw}]})
    assert events[-1] == Finish(reason, raw)
    assert any(isinstance(event, Warning) for event in events) is explained


def test_the_servers_own_words_on_its_end_are_told() -> None:
    events = decoded(candidate(finishReason="MALFORMED_FUNCTION_CALL", finishMessage="call: print(x"))
    assert [event.message for event in events if isinstance(event, Warning)] == ["call: print(x"]


def test_a_filtered_reply_with_a_call_is_not_a_call() -> None:
    events = decoded(candidate({"functionCall": {"name": "a"}}, finishReason="SAFETY"))
    assert events[-1] == Finish(FINISH_REASONS["SAFETY"], "SAFETY")


def test_a_refused_prompt_is_an_error_and_its_tokens_count() -> None:
    decoder = GeminiDecoder("gemini", MODEL)
    chunk = {
        "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
        "usageMetadata": {"promptTokenCount": 7},
    }
    events = decoder.feed(chunk)
    assert [next(events), next(events)] == [Start("gemini", MODEL), UsageUpdate(Usage(input=7))]
    with pytest.raises(ContentFiltered, match="refused the prompt \\(PROHIBITED_CONTENT\\)") as caught:
        next(events)
    assert "safetySettings" in caught.value.hint
    assert caught.value.context.code == "prohibited_content"


def test_a_picture_that_the_model_draws_is_kept_and_said_not_to_be_shown() -> None:
    picture = {"inlineData": {"mimeType": "image/png", "data": "AA=="}}
    events = decoded(candidate(picture))
    assert events[1:] == [
        Warning("not_shown", "the model sent image/png, which cannot be shown here"),
        OpaqueBlock(own({"part": picture})),
    ]
