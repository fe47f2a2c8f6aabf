"""A reply over the chat_completions wire, for every adapter that speaks it."""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from llmtui.core.errors import IncompleteStream, ProtocolError
from llmtui.core.events import StreamEvent
from llmtui.core.redaction import redact
from llmtui.providers.failures import LONGEST_EXCERPT, classify
from llmtui.providers.http import Http, Reply, drain
from llmtui.providers.wires.chat_completions_stream import ChatCompletionsDecoder, failure_in
from llmtui.providers.wires.sse import ServerSentEvent, SSEDecoder
from llmtui.providers.wires.untrusted import parsed


async def chat_events(
    http: Http,
    url: str,
    body: Mapping[str, Any],
    headers: Mapping[str, str],
    *,
    provider: str,
    secrets: Sequence[str],
) -> AsyncGenerator[StreamEvent, None]:
    """Ask, and yield events; closing the generator closes the socket."""
    model = str(body.get("model") or "")
    async with http.post(url, body, headers, model=model, secrets=secrets) as reply:
        decoder = ChatCompletionsDecoder(provider, model, reply.request_id)
        async with aclosing(_events(reply, decoder)) as events:
            async for event in events:
                yield event


async def _events(reply: Reply, decoder: ChatCompletionsDecoder) -> AsyncGenerator[StreamEvent, None]:
    """Decode a reply up to `[DONE]` or its end; without a terminal signal the events just end."""
    done = False
    try:
        async with aclosing(_server_events(reply)) as events:
            async for event in events:
                if event.data.strip() == "[DONE]":
                    done = True
                    await drain(events)
                    break
                for decoded in _decoded(event, reply, decoder):
                    yield decoded
    except IncompleteStream:
        # Nothing of the reply can follow a finish_reason, only numbers.
        if not decoder.complete:
            raise
    if done or decoder.complete:
        for last in decoder.end():
            yield last


async def _server_events(reply: Reply) -> AsyncGenerator[ServerSentEvent, None]:
    """The events of a stream; the one JSON body of a server that ignores `stream` counts as an event."""
    decoder = SSEDecoder()
    whole = bytearray()
    begun = False
    async with aclosing(reply.chunks()) as chunks:
        async for chunk in chunks:
            # No event stream begins with a brace, and content types lie.
            if whole or (not begun and chunk.lstrip().startswith(b"{")):
                whole += chunk
                continue
            begun = begun or bool(chunk.strip())
            for event in decoder.feed(chunk):
                yield event
    if whole:
        yield ServerSentEvent(whole.decode("utf-8", "replace"))
    for event in decoder.flush():
        if _is_json(event.data):
            yield event


def _decoded(event: ServerSentEvent, reply: Reply, decoder: ChatCompletionsDecoder) -> Iterator[StreamEvent]:
    if not event.data.strip() and not event.name:
        return
    chunk = _chunk(event, reply)
    if (failure := failure_in(chunk, event.name)) is not None:
        raise classify(failure, context=reply.context, secrets=reply.secrets)
    yield from decoder.decode(chunk)


def _chunk(event: ServerSentEvent, reply: Reply) -> Mapping[str, Any]:
    try:
        chunk = parsed(event.data)
    except ValueError:
        chunk = {"message": event.data} if event.name == "error" else None
    if not isinstance(chunk, dict):
        excerpt = redact(event.data, reply.secrets)[:LONGEST_EXCERPT]
        raise ProtocolError(f"an event of the stream is no JSON object: {excerpt}", context=reply.context)
    return chunk


def _is_json(text: str) -> bool:
    try:
        parsed(text)
    except ValueError:
        return text.strip() == "[DONE]"
    return True
