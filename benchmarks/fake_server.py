"""A language model's server for measures: it says what `replies` plans, at the planned pace, and tells when.

It speaks OpenAI's chat completions and Ollama's native wire, on a free loopback port, in a process of its
own: `python -m benchmarks.fake_server` prints its address, then a JSON object for the begin and the end of
each segment of each reply. Its times are those of `time.monotonic`, which all processes of a machine share.
A segment ends when the socket took its last byte.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import count
from threading import Thread
from typing import IO, Any

from benchmarks.replies import Plan, Segment, read_plan
from llmtui.core.events import Finish, FinishReason, Start, StreamEvent, TextDelta, UsageUpdate
from llmtui.core.usage import Usage
from llmtui.testing.encoders.base import WireEncoder
from llmtui.testing.encoders.chat_completions import ChatCompletionsEncoder
from llmtui.testing.encoders.ollama import OllamaEncoder
from llmtui.testing.exchange import Request, Responder
from llmtui.testing.scenarios import Scenario
from llmtui.testing.wire_server import WireServer

MODEL = "bench"
_DETAILS = {
    "parent_model": "",
    "format": "gguf",
    "family": "llama",
    "families": ["llama"],
    "parameter_size": "1B",
    "quantization_level": "Q4_0",
}
_STATIC: Mapping[str, object] = {
    "/v1/models": {
        "object": "list",
        "data": [{"id": MODEL, "object": "model", "created": 1, "owned_by": "bench"}],
    },
    "/api/tags": {
        "models": [
            {
                "name": MODEL,
                "model": MODEL,
                "modified_at": "2026-01-01T00:00:00Z",
                "size": 10**9,
                "digest": "0" * 64,
                "details": _DETAILS,
            }
        ]
    },
    "/api/show": {
        "modelfile": "",
        "parameters": "",
        "template": "",
        "details": _DETAILS,
        "model_info": {"general.architecture": "llama", "llama.context_length": 131072},
        "capabilities": ["completion"],
    },
    "/api/ps": {"models": []},
    "/api/version": {"version": "0.12.0"},
    "/": {"status": "ok"},
}
_OLLAMA_TIMES = {"load_duration": 10**6, "prompt_eval_duration": 10**6, "eval_duration": 10**9}


class TimedOllamaEncoder(OllamaEncoder):
    """Ends a reply with all the times (ns) of a real server: some clients divide by them."""

    def encode(self, scenario: Scenario) -> list[bytes]:
        """The scenario's bytes, one item per line."""
        lines = super().encode(scenario)
        if lines and (last := json.loads(lines[-1]))["done"]:
            lines[-1] = json.dumps({**last, **_OLLAMA_TIMES}).encode() + b"\n"
        return lines


_ENCODERS: Mapping[str, WireEncoder] = {
    "/v1/chat/completions": ChatCompletionsEncoder(),
    "/api/chat": TimedOllamaEncoder(),
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A segment of a reply began or ended on the wire."""

    number: int
    """The plan's."""
    segment: int
    ended: bool
    at_s: float


class FakeServer:
    """The server as the harness sees it."""

    def __init__(self, url: str, lines: IO[str]) -> None:
        self.url = url
        self._sent: list[Sent] = []
        self._numbers = count(1)
        Thread(target=self._listen, args=(lines,), daemon=True).start()

    def plan(self, shape: str, segments: Sequence[Segment]) -> Plan:
        """A reply that can be asked for; each has a number of its own."""
        return Plan(shape, segments, next(self._numbers))

    def sent(self, plan: Plan, segment: int = -1, *, ended: bool = True) -> float | None:
        """When a segment (the last) of a plan ended, or began; None as long as it has not."""
        wanted = (plan.number, range(len(plan.segments))[segment], ended)
        times = [one.at_s for one in tuple(self._sent) if (one.number, one.segment, one.ended) == wanted]
        return times[-1] if times else None

    def _listen(self, lines: IO[str]) -> None:
        for line in lines:
            self._sent.append(Sent(**json.loads(line)))


@contextmanager
def fake_server() -> Iterator[FakeServer]:
    """Run the server as a process of its own."""
    command = [sys.executable, "-m", "benchmarks.fake_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield FakeServer(process.stdout.readline().strip(), process.stdout)
        finally:
            process.terminate()


async def _handle(request: Request, responder: Responder) -> None:
    encoder = _ENCODERS.get(request.path)
    if encoder is None:
        found = _STATIC.get(request.path)
        await responder.send(
            404 if found is None else 200, json.dumps(found or {"error": "no route"}).encode()
        )
        return
    body = request.json()
    planned = read_plan(_last_prompt(body))
    if planned is None or not body.get("stream", request.path == "/api/chat"):
        await responder.send(200, json.dumps(_whole(request.path)).encode())
        return
    # A client that has left is none of the server's business.
    with suppress(ConnectionError):
        await _play(planned, encoder, responder)


async def _play(planned: Plan, encoder: WireEncoder, responder: Responder) -> None:
    tokens = planned.tokens()
    await responder.start(200, {"content-type": encoder.content_type})
    opening: list[StreamEvent] = [Start(MODEL, MODEL)]
    await responder.write(b"".join(encoder.encode(opening)))
    for index, segment in enumerate(planned.segments):
        # Encoded before the clock starts, so that what is measured is the client's pace and not this one's.
        pieces = [b"".join(encoder.encode([TextDelta(token)])) for token in tokens[: segment.tokens]]
        del tokens[: segment.tokens]
        _tell(Sent(planned.number, index, ended=False, at_s=time.monotonic()))
        if segment.pause_s:
            await asyncio.sleep(segment.pause_s)
        await _send(pieces, segment.rate, responder)
        _tell(Sent(planned.number, index, ended=True, at_s=time.monotonic()))
    total = sum(segment.tokens for segment in planned.segments)
    closing: list[StreamEvent] = [UsageUpdate(Usage(input=9, output=total)), Finish(FinishReason.STOP)]
    await responder.write(b"".join(encoder.encode(closing)))
    await responder.end()


async def _send(pieces: Sequence[bytes], rate: int, responder: Responder) -> None:
    started = time.monotonic()
    for number, piece in enumerate(pieces):
        if rate and (ahead_s := started + number / rate - time.monotonic()) > 0:
            await asyncio.sleep(ahead_s)
        await responder.write(piece)


def _last_prompt(body: Mapping[str, Any]) -> str:
    """The text of the last message, in whichever of the wires' forms."""
    content = body["messages"][-1]["content"]
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content)


def _whole(path: str) -> Mapping[str, object]:
    """What is said to a request that is none of the harness's, such as for a title."""
    message = {"role": "assistant", "content": "A short title"}
    if path == "/api/chat":
        return {
            "model": MODEL,
            "created_at": "2026-01-01T00:00:00Z",
            "message": message,
            "done": True,
            "done_reason": "stop",
        }
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return {"id": "whole", "object": "chat.completion", "created": 1, "model": MODEL, "choices": [choice]}


def _tell(sent: Sent) -> None:
    print(json.dumps(asdict(sent)), flush=True)


async def _serve() -> None:
    async with WireServer(_handle) as server:
        print(server.url, flush=True)
        # For as long as the harness holds the other end.
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve())
