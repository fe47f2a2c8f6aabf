"""The decoders of bytes: whatever the chunks, the events are the same."""

import json
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.core.errors import ProtocolError
from llmtui.providers.wires.lines import LineSplitter
from llmtui.providers.wires.ndjson import NDJSONDecoder
from llmtui.providers.wires.sse import LONGEST_OUTSIDE, ServerSentEvent, SSEDecoder

STREAM = (
    ": a comment\n"
    "event: first\n"
    "data: one\n"
    "data:  two \u2028 and \x85 \U0001f642\n"
    "id: 7\n"
    "retry: 10\n"
    "unknown: x\n"
    "\n"
    "\n"
    "data\n"
    "\n"
    "data:no space\n"
    "\n"
)
EVENTS = [
    ServerSentEvent("one\n two \u2028 and \x85 \U0001f642", "first"),
    ServerSentEvent(""),
    ServerSentEvent("no space"),
]


def chunks_at(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


def decode(chunks: list[bytes]) -> list[ServerSentEvent]:
    decoder = SSEDecoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)] + list(decoder.flush())


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_events_do_not_depend_on_line_ends_or_single_bytes(end: str) -> None:
    data = STREAM.replace("\n", end).encode()
    assert decode([data]) == EVENTS
    assert decode([data[i : i + 1] for i in range(len(data))]) == EVENTS


@given(st.sampled_from(["\n", "\r", "\r\n"]), st.lists(st.integers(min_value=0)))
def test_events_do_not_depend_on_chunks(end: str, cuts: list[int]) -> None:
    assert decode(chunks_at(STREAM.replace("\n", end).encode(), cuts)) == EVENTS


def test_a_byte_order_mark_is_no_text() -> None:
    assert decode([b"\xef\xbb", b"\xbfdata: x\n\n"]) == [ServerSentEvent("x")]


def test_an_event_without_its_blank_line_comes_at_the_flush() -> None:
    decoder = SSEDecoder()
    assert list(decoder.feed(b"data: [DONE]")) == []
    assert list(decoder.flush()) == [ServerSentEvent("[DONE]")]


def test_a_name_without_data_is_an_event() -> None:
    assert decode([b"event: error\n\n"]) == [ServerSentEvent("", "error")]


def test_cost_is_linear_in_the_size_of_an_event() -> None:
    """A 2 MB event in small chunks; copying the buffer for each of them would cost 64 times the floor."""

    def seconds(size: int) -> float:
        data = b"data: " + b"x" * size + b"\n\n"
        chunks = [data[i : i + 256] for i in range(0, len(data), 256)]
        began = time.process_time()
        events = decode(chunks)
        assert len(events[0].data) == size
        return time.process_time() - began

    floor = min(seconds(250_000) for _ in range(3))
    assert seconds(2_000_000) < 30 * floor + 0.2


@given(st.lists(st.binary(max_size=8)))
def test_lines_are_those_of_the_whole(chunks: list[bytes]) -> None:
    splitter = LineSplitter()
    lines = [line for chunk in chunks for line in splitter.feed(chunk)]
    rest = splitter.flush()
    assert lines + ([rest] if rest else []) == b"".join(chunks).splitlines()


@given(st.lists(st.integers(min_value=0)))
def test_ndjson_does_not_depend_on_chunks(cuts: list[int]) -> None:
    values = [{"a": "\u2028 \U0001f642"}, {"b": [1, {"c": None}]}]
    data = "\r\n\n".join(json.dumps(value, ensure_ascii=False) for value in values).encode()
    decoder = NDJSONDecoder()
    found = [value for chunk in chunks_at(data, cuts) for value in decoder.feed(chunk)]
    assert found + list(decoder.flush()) == values


def test_a_cut_last_line_is_dropped() -> None:
    decoder = NDJSONDecoder()
    assert list(decoder.feed(b'{"a": {"b": 1}')) == []
    assert list(decoder.flush()) == []


@pytest.mark.parametrize("line", [b"<html>\n", b"[1]\n", b'"text"\n', b"{]\n"])
def test_a_line_that_is_no_object_is_an_error(line: bytes) -> None:
    with pytest.raises(ProtocolError, match="no JSON object"):
        list(NDJSONDecoder().feed(line))


def test_lines_that_are_no_field_stand_outside() -> None:
    decoder = SSEDecoder()
    data = b': note\nid: 1\nretry: 2\ndata: x\n\n{\n  "error": {"code": 503}\n}\n'
    assert [event.data for event in decoder.feed(data)] == ["x"]
    assert list(decoder.flush()) == []
    assert json.loads(decoder.outside) == {"error": {"code": 503}}


def test_what_stands_outside_is_kept_only_within_reason() -> None:
    decoder = SSEDecoder()
    for _ in range(100):
        assert list(decoder.feed(b"junk " * 1000 + b"\n")) == []
    assert decoder.outside == ""
    assert sum(map(len, decoder._outside)) < 2 * LONGEST_OUTSIDE
