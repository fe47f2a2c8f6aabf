import json
import re
from typing import Any

import pytest

from llmtui.core.events import Finish, FinishReason
from llmtui.testing.chunking import CHUNKINGS, crlf, per_byte, split_utf8
from llmtui.testing.encoders.base import NotCarried, WireEncoder
from llmtui.testing.encoders.chat_completions import ChatCompletionsEncoder
from llmtui.testing.encoders.dialects import ReusedIndexes
from llmtui.testing.encoders.gemini import GeminiEncoder
from llmtui.testing.encoders.messages import MessagesEncoder
from llmtui.testing.encoders.ollama import OllamaEncoder
from llmtui.testing.encoders.responses import ResponsesEncoder
from llmtui.testing.encoders.vendors import OpenRouterEncoder
from llmtui.testing.scenarios import (
    BAD_ARGUMENTS,
    INTERLEAVED,
    SCENARIOS,
    START,
    TEXT,
    TOOL_CALLS,
    Scenario,
    StreamFailure,
)

ENCODERS: list[WireEncoder] = [ChatCompletionsEncoder(), MessagesEncoder(), OllamaEncoder()]


def payloads(data: bytes) -> list[dict[str, Any]]:
    lines = [line.removeprefix(b"data: ") for line in data.split(b"\n") if not line.startswith(b"event:")]
    return [json.loads(line) for line in lines if line and line != b"[DONE]"]


def tool_calls(payload: dict[str, Any]) -> list[dict[str, Any]]:
    return [call for choice in payload["choices"] for call in choice["delta"].get("tool_calls", ())]


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda encoder: type(encoder).__name__)
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
def test_every_event_is_json_and_text_stands_raw(encoder: WireEncoder, scenario: Scenario) -> None:
    try:
        data = b"".join(encoder.encode(scenario))
    except NotCarried as reason:
        pytest.skip(str(reason))
    assert payloads(data)
    # Half a surrogate pair cannot stand in UTF-8.
    assert not re.search(rb"\\u(?!d[89a-f])", data)


@pytest.mark.parametrize(
    ("encoder", "scenario"),
    [
        (MessagesEncoder(), INTERLEAVED),
        (ResponsesEncoder(), INTERLEAVED),
        (ReusedIndexes(), INTERLEAVED),
        (OllamaEncoder(), BAD_ARGUMENTS),
        (GeminiEncoder(), BAD_ARGUMENTS),
        (ChatCompletionsEncoder(), (START, Finish(FinishReason.PAUSE))),
        (MessagesEncoder(), (START, Finish(FinishReason.CONTENT_FILTER))),
    ],
)
def test_what_a_wire_cannot_carry_is_told(encoder: WireEncoder, scenario: Scenario) -> None:
    with pytest.raises(NotCarried):
        encoder.encode(scenario)


def test_reused_indexes_are_all_the_same() -> None:
    calls = [
        call for data in payloads(b"".join(ReusedIndexes().encode(TOOL_CALLS))) for call in tool_calls(data)
    ]
    assert {call["index"] for call in calls} == {0}
    assert [call["id"] for call in calls if "id" in call] == ["call_1", "call_2"]


@pytest.mark.parametrize(
    ("encoder", "last"),
    [
        (ENCODERS[0], b"data: [DONE]\n\n"),
        (ENCODERS[1], b'event: message_stop\ndata: {"type":"message_stop"}\n\n'),
        (ENCODERS[2], b'"eval_count":7}\n'),
    ],
)
def test_only_a_whole_reply_has_the_wires_last_word(encoder: WireEncoder, last: bytes) -> None:
    assert b"".join(encoder.encode(TEXT)).endswith(last)
    assert not b"".join(encoder.encode(TEXT[:-1])).endswith(last)
    assert not b"".join(encoder.encode((START, StreamFailure("server", "x")))).endswith(last)


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda encoder: type(encoder).__name__)
@pytest.mark.parametrize("name", ["whole", "per-event", "per-byte", "split-utf8"])
def test_chunkings_do_not_change_the_bytes(encoder: WireEncoder, name: str) -> None:
    events = encoder.encode(TOOL_CALLS)
    assert b"".join(CHUNKINGS[name](events, encoder.blank)) == b"".join(events)


def test_pieces_are_cut_where_it_hurts() -> None:
    assert split_utf8(["é🙂a\n".encode()], b"") == [b"\xc3", b"\xa9\xf0", b"\x9f", b"\x99", b"\x82a\n"]
    assert crlf([b"a\n\n", b"b\n"], b"") == [b"a\r", b"\n\r", b"\nb\r", b"\n"]
    assert per_byte([b"ab"], b"") == [b"a", b"b"]


def test_keep_alives_stand_between_the_events() -> None:
    assert CHUNKINGS["keep-alives"]([b"a", b"b"], b":\n\n") == [b":\n\n", b"a", b":\n\n", b"b"]


def test_a_field_for_reasoning_is_the_vendors_choice() -> None:
    scenario = SCENARIOS["reasoning"]
    assert b'"reasoning_content":"Let me "' in b"".join(ChatCompletionsEncoder().encode(scenario))
    assert b'"reasoning":"Let me "' in b"".join(OpenRouterEncoder().encode(scenario))
