"""A reply over the chat_completions wire, for every adapter that speaks it."""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from llmtui.core.errors import IncompleteStream
from llmtui.core.events import StreamEvent
from llmtui.providers.event_stream import DONE, object_of, server_events
from llmtui.providers.failures import classify
from llmtui.providers.http import Http, Reply, drain
from llmtui.providers.wires.chat_completions_stream import ChatCompletionsDecoder, failure_in
from llmtui.providers.wires.sse import ServerSentEvent


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
        async with aclosing(server_events(reply)) as events:
            async for event in events:
                if event.data.strip() == DONE:
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


def _decoded(event: ServerSentEvent, reply: Reply, decoder: ChatCompletionsDecoder) -> Iterator[StreamEvent]:
    if not event.data.strip() and not event.name:
        return
    chunk = object_of(event, reply)
    if (failure := failure_in(chunk, event.name)) is not None:
        raise classify(failure, context=reply.context, secrets=reply.secrets)
    yield from decoder.decode(chunk)
