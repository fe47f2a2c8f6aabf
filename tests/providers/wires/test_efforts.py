"""How much a model shall think, on every wire: the nearest that it knows, and a word where it differs."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import user
from llmtui.core.models import Effort
from llmtui.providers.wires.chat_completions import Dialect, request_body
from llmtui.providers.wires.claude_thinking import Thinking
from llmtui.providers.wires.efforts import LEVELS, nearest
from llmtui.providers.wires.messages import Encoding
from llmtui.providers.wires.messages import encode as encode_messages
from llmtui.providers.wires.ollama import Think, think_of
from llmtui.providers.wires.responses import Encoding as ResponsesEncoding
from llmtui.providers.wires.responses import encode as encode_responses

EFFORTS = st.sampled_from(LEVELS)


def asked(model: str, effort: Effort | None, **fields: Any) -> ChatRequest:
    return ChatRequest((user("hi"),), model=model, reasoning_effort=effort, **fields)


@given(effort=EFFORTS, known=st.sets(EFFORTS, min_size=1))
def test_what_is_known_is_taken_and_else_the_nearest(effort: Effort, known: set[Effort]) -> None:
    chosen, warnings = nearest(effort, {level: level for level in known}, "m")
    assert chosen is not None
    distance = {level: abs(LEVELS.index(level) - LEVELS.index(effort)) for level in known}
    assert distance[chosen] == min(distance.values())
    assert bool(warnings) is (effort not in known)


@given(effort=EFFORTS)
def test_a_model_that_does_not_think_is_told_nothing(effort: Effort) -> None:
    chosen, warnings = nearest(effort, {}, "m")
    assert chosen is None
    # Not to think is what it does anyway.
    assert bool(warnings) is (effort != "off")


OPENAI: list[tuple[str, Effort, str | None, bool]] = [
    ("gpt-5.4-mini", "off", "none", False),
    ("gpt-5.4-mini", "minimal", "low", True),
    ("gpt-5.4-mini", "medium", "medium", False),
    ("gpt-5.4-mini", "max", "xhigh", False),
    ("gpt-5.1", "max", "high", True),
    ("gpt-5-mini", "off", "minimal", True),
    ("gpt-5-mini", "minimal", "minimal", False),
    ("gpt-5-pro", "low", "high", True),
    ("gpt-5.3-chat-latest", "high", "medium", True),
    ("gpt-6-astra", "off", "low", True),
    ("o3", "off", "low", True),
    ("gpt-4.1", "high", None, True),
    ("gpt-4.1", "off", None, False),
    ("gpt-5-chat-latest", "low", None, True),
    ("openai/gpt-5.4", "off", "none", False),
    ("openai/gpt-oss-20b", "off", "low", True),
    ("some-llama", "off", "none", False),
    ("some-llama", "max", "high", True),
]


@pytest.mark.parametrize(("model", "effort", "value", "lost"), OPENAI)
def test_openais_wires(model: str, effort: Effort, value: str | None, lost: bool) -> None:
    body, warnings = request_body(asked(model, effort), "p", Dialect())
    assert (body.get("reasoning_effort"), bool(warnings)) == (value, lost)
    newer, others = encode_responses(asked(model, effort), ResponsesEncoding("p", summary=False))
    assert newer.get("reasoning") == ({"effort": value} if value else None)
    assert list(others) == list(warnings)


def test_unasked_nothing_is_sent() -> None:
    body, warnings = request_body(asked("gpt-5.4-mini", None), "p", Dialect())
    assert "reasoning_effort" not in body
    assert not warnings


ADAPTIVE = {"type": "adaptive", "display": "summarized"}


def budget(tokens: int) -> dict[str, Any]:
    return {"type": "enabled", "budget_tokens": tokens, "display": "summarized"}


@pytest.mark.parametrize(
    ("model", "effort", "thinking", "level", "lost"),
    [
        ("claude-opus-4-6", "off", {"type": "disabled"}, None, False),
        ("claude-opus-4-6", "minimal", ADAPTIVE, "low", True),
        ("claude-sonnet-4-6", "high", ADAPTIVE, "high", False),
        ("claude-opus-5-5", "max", ADAPTIVE, "max", False),
        ("claude-opus-5-5", "off", ADAPTIVE, "low", True),
        ("claude-fable-5-1", "off", ADAPTIVE, "low", True),
        ("claude-sonnet-5-5", "off", {"type": "between_tools"}, None, False),
        ("claude-haiku-5-5", "off", {"type": "disabled"}, None, False),
        ("claude-haiku-4-5-20251001", "low", budget(2048), None, False),
        ("claude-haiku-4-5", "off", {"type": "disabled"}, None, False),
        ("claude-opus-4-5", "medium", budget(8192), None, False),
        ("claude-3-5-haiku-20241022", "high", None, None, True),
        ("claude-never-heard-of", "low", ADAPTIVE, "low", False),
        ("some-llama", "minimal", budget(1024), None, False),
    ],
)
def test_claude(
    model: str, effort: Effort, thinking: dict[str, Any] | None, level: str | None, lost: bool
) -> None:
    body, warnings = encode_messages(asked(model, effort), Encoding("p", thinking=4096))
    assert body.get("thinking") == thinking
    assert body.get("output_config") == ({"effort": level} if level else None)
    assert bool(warnings) is lost


@pytest.mark.parametrize("thinking", [None, "off", "adaptive", 2048])
def test_claudes_own_option_holds_where_no_effort_is_asked(thinking: Thinking) -> None:
    with_option, _ = encode_messages(asked("claude-sonnet-4-6", None), Encoding("p", thinking=thinking))
    assert ("thinking" in with_option) is (thinking is not None)
    assert "output_config" not in with_option


def test_a_budget_of_an_effort_leaves_room_for_the_answer() -> None:
    body, warnings = encode_messages(asked("claude-haiku-4-5", "max"), Encoding("p"))
    assert body["max_tokens"] == 32_000 + 8192
    body, warnings = encode_messages(asked("claude-haiku-4-5", "max", max_tokens=1000), Encoding("p"))
    assert "thinking" not in body
    assert len(warnings) == 1


@pytest.mark.parametrize(
    ("model", "effort", "can", "value", "lost"),
    [
        ("qwen3", "off", True, False, False),
        ("qwen3", "minimal", True, "low", True),
        ("qwen3", "max", True, "max", False),
        ("gpt-oss:20b", "off", True, "low", True),
        ("gpt-oss:20b", "max", True, "high", True),
        ("gpt-oss:20b", "medium", True, "medium", False),
        ("llama3.2", "high", False, None, True),
        ("llama3.2", "off", False, None, False),
        ("llama3.2", None, False, None, False),
        ("qwen3", None, True, True, False),
    ],
)
def test_ollama(model: str, effort: Effort | None, can: bool, value: Think | None, lost: bool) -> None:
    think, warnings = think_of(model, effort, True, can=can)
    assert think == value
    assert type(think) is type(value)
    assert bool(warnings) is lost
