"""The events of a reply of Ollama, line by line."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any

from llmtui.core.events import StreamEvent
from llmtui.providers.failures import classify
from llmtui.providers.http import Reply, drain
from llmtui.providers.wires.ndjson import NDJSONDecoder
from llmtui.providers.wires.ollama import OllamaDecoder


async def events_of(reply: Reply, decoder: OllamaDecoder) -> AsyncGenerator[StreamEvent, None]:
    """Decode a reply; without a `done` the events just end."""
    lines = NDJSONDecoder()
    async with aclosing(reply.chunks()) as chunks:
        async for chunk in chunks:
            for line in lines.feed(chunk):
                if line.get("done"):
                    await drain(chunks)
                for event in _decoded(line, reply, decoder):
                    yield event
    for line in lines.flush():
        for event in _decoded(line, reply, decoder):
            yield event


def _decoded(line: dict[str, Any], reply: Reply, decoder: OllamaDecoder) -> Iterator[StreamEvent]:
    if line.get("error"):
        raise classify(line, context=reply.context, secrets=reply.secrets)
    return decoder.decode(line)
