"""The body of a reply as server-sent events that hold JSON, for every adapter whose wire is made of them."""

import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any

from llmtui.core.errors import ProtocolError
from llmtui.core.redaction import redact
from llmtui.core.untrusted import as_objects, parsed
from llmtui.providers.failures import LONGEST_EXCERPT
from llmtui.providers.http import Reply
from llmtui.providers.wires.sse import ServerSentEvent, SSEDecoder

DONE = "[DONE]"
"""What OpenAI ends its streams with, and many gateways those of others."""


async def server_events(reply: Reply) -> AsyncGenerator[ServerSentEvent, None]:
    """The events of a stream; JSON that stands outside of them, or instead of them, counts as events."""
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
    for event in _outside(decoder.outside):
        yield event


def object_of(event: ServerSentEvent, reply: Reply) -> dict[str, Any]:
    """What an event holds; raises ProtocolError where that is no JSON object."""
    try:
        chunk = parsed(event.data)
    except ValueError:
        chunk = {"message": event.data} if event.name == "error" else None
    if not isinstance(chunk, dict):
        excerpt = redact(event.data, reply.secrets)[:LONGEST_EXCERPT]
        raise ProtocolError(f"an event of the stream is no JSON object: {excerpt}", context=reply.context)
    return chunk


def _outside(text: str) -> Iterator[ServerSentEvent]:
    try:
        value = parsed(text)
    except ValueError:
        return
    for item in as_objects(value if isinstance(value, list) else [value]):
        yield ServerSentEvent(json.dumps(item))


def _is_json(text: str) -> bool:
    try:
        parsed(text)
    except ValueError:
        return text.strip() == DONE
    return True
