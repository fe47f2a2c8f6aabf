import json

import pytest

from llmtui.testing.chunking import CHUNKINGS, crlf, per_byte, split_utf8
from llmtui.testing.encoders.base import WireEncoder
from llmtui.testing.encoders.chat_completions import ChatCompletionsEncoder
from llmtui.testing.encoders.messages import MessagesEncoder
from llmtui.testing.encoders.ollama import OllamaEncoder
from llmtui.testing.encoders.vendors import OpenRouterEncoder
from llmtui.testing.scenarios import SCENARIOS, START, TEXT, TOOL_CALLS, StreamFailure

ENCODERS: list[WireEncoder] = [ChatCompletionsEncoder(), MessagesEncoder(), OllamaEncoder()]


def payloads(data: bytes) -> list[dict[str, object]]:
    lines = [line.removeprefix(b"data: ") for line in data.split(b"\n") if not line.startswith(b"event:")]
    return [json.loads(line) for line in lines if line and line != b"[DONE]"]


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda encoder: type(encoder).__name__)
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
def test_every_event_is_json_and_text_stands_raw(encoder: WireEncoder, scenario: object) -> None:
    data = b"".join(encoder.encode(scenario))  # type: ignore[arg-type]
    assert payloads(data)
    assert b"\\u" not in data


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
