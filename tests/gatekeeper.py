"""A server on loopback that speaks chat completions to whoever has its key."""

import asyncio

from llmtui.core.events import Finish, FinishReason, Start, TextDelta
from llmtui.testing.encoders.chat_completions import ChatCompletionsEncoder
from llmtui.testing.exchange import Request, Responder
from llmtui.testing.wire_server import Handler, WireServer

WRONG_KEY = b'{"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}'
MODELS = b'{"data": [{"id": "m-1"}, {"id": "m-2"}]}'


def gatekeeper(key: str, gate: asyncio.Event | None = None) -> WireServer:
    """Lists two models and answers with `one two`; the second word waits for the gate."""
    first, rest = _reply()

    async def chat(responder: Responder) -> None:
        await responder.start(200, {"content-type": ChatCompletionsEncoder.content_type})
        await responder.write(first)
        if gate is not None:
            await responder.stall(gate)
        await responder.write(rest)
        await responder.end()

    async def handle(request: Request, responder: Responder) -> None:
        if request.headers.get("authorization") != f"Bearer {key}":
            await responder.send(401, WRONG_KEY)
        elif request.path.endswith("/models"):
            await responder.send(200, MODELS)
        else:
            await chat(responder)

    handler: Handler = handle
    return WireServer(handler)


def _reply() -> tuple[bytes, bytes]:
    finish = Finish(FinishReason.STOP)
    events = ChatCompletionsEncoder().encode([Start("", "m-1"), TextDelta("one "), TextDelta("two"), finish])
    at = next(place for place, event in enumerate(events) if b"one " in event) + 1
    return b"".join(events[:at]), b"".join(events[at:])
