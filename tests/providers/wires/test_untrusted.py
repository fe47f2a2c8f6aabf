"""No JSON from a server, whatever its shape, makes a decoder fail or yield what the guard refuses."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmtui.core.errors import ContentFiltered, ErrorContext, ProviderError
from llmtui.core.events import StreamEvent
from llmtui.core.guard import Grammar
from llmtui.core.untrusted import as_count, parsed
from llmtui.providers.claude_models import claude_models
from llmtui.providers.failures import classify
from llmtui.providers.gemini_models import gemini_models
from llmtui.providers.model_lists import openai_models
from llmtui.providers.ollama.models import facts_of, loaded_context, models_of
from llmtui.providers.ollama.stored import stored_of
from llmtui.providers.wires.chat_completions_stream import ChatCompletionsDecoder, failure_in
from llmtui.providers.wires.gemini_stream import GeminiDecoder
from llmtui.providers.wires.ndjson import NDJSONDecoder
from llmtui.providers.wires.ollama import OllamaDecoder
from llmtui.providers.wires.tool_calls import parse_error

DEEP = "[" * 100_000 + "]" * 100_000
KEYS = (
    "model", "id", "choices", "delta", "message", "content", "type", "text", "thinking", "reasoning",
    "refusal", "tool_calls", "function", "name", "arguments", "index", "finish_reason", "usage",
    "prompt_tokens", "prompt_tokens_details", "timings", "predicted_ms", "x_groq", "done", "done_reason",
    "remote_host", "eval_duration", "error", "detail", "loc", "code", "data", "models", "meta", "n_ctx",
    "capabilities", "model_info", "general.architecture", "details", "context_length", "display_name",
    "candidates", "parts", "thought", "thoughtSignature", "functionCall", "args", "inlineData",
    "finishReason", "usageMetadata", "promptTokenCount", "candidatesTokenCount", "promptFeedback",
    "blockReason", "retryDelay", "reason", "supportedGenerationMethods", "inputTokenLimit", "nextPageToken",
)  # fmt: skip
HUGE = 10**400
LEAVES = st.none() | st.booleans() | st.integers(-3, 600) | st.just(HUGE) | st.floats() | st.text(max_size=5)
ANY_JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=30,
)
OBJECTS = st.dictionaries(st.sampled_from(KEYS), ANY_JSON, max_size=6)
CHUNKS = st.one_of(
    OBJECTS,
    st.builds(lambda delta, more: {"choices": [{"delta": delta} | more]}, OBJECTS, OBJECTS),
    st.builds(lambda message, more: {"message": message} | more, OBJECTS, OBJECTS),
    st.builds(lambda part, more: {"candidates": [{"content": {"parts": [part]}} | more]}, OBJECTS, OBJECTS),
)


def chat_completions(chunks: Iterable[dict[str, Any]]) -> Iterator[StreamEvent]:
    decoder = ChatCompletionsDecoder("p", "m")
    for chunk in chunks:
        failure_in(chunk)
        yield from decoder.decode(chunk)
    yield from decoder.end()


def ollama(chunks: Iterable[dict[str, Any]]) -> Iterator[StreamEvent]:
    decoder = OllamaDecoder("p", "m")
    for chunk in chunks:
        yield from decoder.decode(chunk | {"done": False})
    yield from decoder.decode({"done": True})


def gemini(chunks: Iterable[dict[str, Any]]) -> Iterator[StreamEvent]:
    decoder = GeminiDecoder("p", "m")
    for chunk in chunks:
        try:
            yield from decoder.feed(chunk)
        except ContentFiltered:
            assert chunk["promptFeedback"]["blockReason"]
    yield from decoder.feed({"candidates": [{"finishReason": "STOP"}]})
    yield from decoder.end()


@pytest.mark.parametrize("decode", [chat_completions, ollama, gemini])
@given(chunks=st.lists(CHUNKS, max_size=5))
def test_any_chunks_are_a_reply(
    decode: Callable[[Iterable[dict[str, Any]]], Iterator[StreamEvent]], chunks: list[dict[str, Any]]
) -> None:
    grammar = Grammar("p")
    for event in decode(chunks):
        list(grammar.accept(event))
    assert grammar.finished


@given(ANY_JSON)
@example({"code": "²"})
def test_any_error_is_named(payload: object) -> None:
    error = classify(payload, context=ErrorContext(), secrets=["secret"])
    assert isinstance(error, ProviderError)
    assert str(error)


@given(ANY_JSON)
def test_any_list_of_models_is_read(answer: object) -> None:
    for model in [
        *openai_models(answer),
        *claude_models(answer),
        *models_of(answer),
        *gemini_models(answer)[0],
    ]:
        assert model.id
    facts_of(answer)
    loaded_context(answer, "m")


@pytest.mark.parametrize("number", [-1, HUGE, 1 << 63, True, 1.0, "1", None])
def test_what_counts_nothing_is_no_count(number: object) -> None:
    assert as_count(number) is None
    entry = {"id": "m", "name": "m", "context_length": number, "max_input_tokens": number}
    entry |= {"size": number, "details": {"context_length": number}, "pricing": {"prompt": "1e999999"}}
    listed = {"data": [entry], "models": [entry]}
    [stored] = stored_of(listed)
    found = [*openai_models(listed), *claude_models(listed), *models_of(listed)]
    told = [stored.capabilities, *(one.capabilities for one in found)]
    assert [one.context_window.tokens for one in told] == [None] * 4
    assert stored.size is None


def test_what_is_nested_too_deeply_is_no_json() -> None:
    with pytest.raises(ValueError, match="too deeply"):
        parsed(DEEP)
    assert parse_error(DEEP) == "the JSON is nested too deeply"
    assert list(NDJSONDecoder().flush()) == []
