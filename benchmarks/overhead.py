"""CPU that the provider abstraction takes per token, against the bare SDK or HTTP loop on the same stream.

The server is a process of its own, `python -m benchmarks.overhead`: it sends each token as one event in one
HTTP chunk, as fast as the client reads. What counts is the process time of the client, which does nothing but
put the text together: through a provider as `bootstrap` builds it (adapter, guard, retries, log), and without
it. Both read the same stream in turn; the lowest of the rounds counts, since others only add to it.
"""

import asyncio
import gc
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from itertools import cycle, islice

from benchmarks import bare_streams as bare
from benchmarks.bare_streams import CHAT, MODEL
from benchmarks.figures import Figures
from llmtui.bootstrap import build_registry
from llmtui.config.schema import AppSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import user
from llmtui.core.events import Finish, FinishReason, Start, TextDelta, UsageUpdate
from llmtui.core.ports import Provider
from llmtui.core.usage import Usage
from llmtui.testing.encoders.base import WireEncoder, dump
from llmtui.testing.encoders.chat_completions import ChatCompletionsEncoder
from llmtui.testing.encoders.gemini import GeminiEncoder
from llmtui.testing.encoders.messages import MessagesEncoder
from llmtui.testing.encoders.ollama import OllamaEncoder
from llmtui.testing.encoders.responses import ResponsesEncoder
from llmtui.testing.wire_server import WireServer

TOKENS = 5000
WORDS = (" the", " lamp", " turns", ",", " and", " a", " ship", " far", " out", " answers", ".\n\n")
SHOW = {
    "capabilities": ["completion"],
    "model_info": {"general.architecture": "llama", "llama.context_length": 8192},
}
Read = Callable[[str], Awaitable[str]]
"""Reads the reply of the server at an address, and returns its text."""


@dataclass(frozen=True, slots=True)
class Wire:
    """One way to stream, and who reads it bare."""

    kind: str
    path: str
    encoder: WireEncoder
    peer: str
    bare: Read
    root: str = ""
    """Where the adapter's `base_url` is on the server."""


WIRES = (
    Wire("openai_compat", CHAT, ChatCompletionsEncoder(), "httpx, json", bare.chat_completions, "/v1"),
    Wire("openai_compat", CHAT, ChatCompletionsEncoder(), "openai SDK", bare.openai_chat, "/v1"),
    Wire("openai", "/responses", ResponsesEncoder(), "openai SDK", bare.openai_responses),
    Wire("anthropic", "/v1/messages", MessagesEncoder(), "anthropic SDK", bare.claude),
    Wire(
        "gemini",
        "/v1beta/models/*:streamGenerateContent",
        GeminiEncoder(),
        "httpx, json",
        bare.gemini,
    ),
    Wire("ollama", "/api/chat", OllamaEncoder(), "httpx, json", bare.ollama),
)


def measure(quick: bool) -> Figures:
    """Each wire in a loop of its own."""
    rounds = 3 if quick else 9
    rows = []
    with serving(TOKENS) as url:
        for wire in WIRES:
            peers, ours = asyncio.run(costs(wire, url, rounds))
            per_token = (f"{seconds / TOKENS * 1e6:.1f}" for seconds in (peers, ours))
            rows.append((wire.kind, wire.peer, *per_token, f"{ours / peers:.2f}"))
    about = (
        f"CPU microseconds per token of a client that reads a reply of {TOKENS:,} tokens, one event each, "
        "and shows it nowhere: by the vendor's SDK or the shortest loop over httpx, and by a provider with "
        f"its guard, retries and log. The lowest of {rounds} rounds in turn."
    )
    return Figures("The abstraction", about, ("kind", "bare", "bare µs", "llmtui µs", "ratio"), rows)


async def costs(wire: Wire, url: str, rounds: int) -> tuple[float, float]:
    """CPU seconds of one reply, bare and ours."""
    settings = {
        "id": "bench",
        "kind": wire.kind,
        "base_url": url + wire.root,
        "api_key": "none",
        "model": MODEL,
    }
    registry = build_registry(AppSettings.model_validate({"providers": [settings]}))
    provider = registry.get("bench")

    async def ours(_: str) -> str:
        return await _read(provider)

    found: dict[Read, list[float]] = {wire.bare: [], ours: []}
    try:
        # Imports, and what is built once.
        if len({await read(url) for read in found}) != 1:
            raise ValueError(f"{wire.kind}: the two read different texts")
        for read in islice(cycle([wire.bare, ours, ours, wire.bare]), 2 * rounds):
            gc.collect()
            began = time.process_time()
            await read(url)
            found[read].append(time.process_time() - began)
    finally:
        await registry.aclose()
    return min(found[wire.bare]), min(found[ours])


async def _read(provider: Provider) -> str:
    text = []
    async with aclosing(provider.stream_chat(ChatRequest((user("Go"),)))) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                text.append(event.text)
    return "".join(text)


@contextmanager
def serving(tokens: int) -> Iterator[str]:
    """The address of a server that runs as a process of its own."""
    command = [sys.executable, "-m", "benchmarks.overhead", str(tokens)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


async def _serve(tokens: int) -> None:
    said = [TextDelta(word) for word in islice(cycle(WORDS), tokens)]
    end = (UsageUpdate(Usage(input=9, output=tokens)), Finish(FinishReason.STOP))
    async with WireServer() as server:
        server.reply("/api/show", [dump(SHOW)])
        server.reply("/api/ps", [dump({"models": []})])
        server.reply("/api/version", [dump({"version": "0.13.0"})])
        for wire in {wire.path: wire for wire in WIRES}.values():
            events = wire.encoder.encode([Start("", MODEL), *said, *end])
            server.reply(wire.path, events, content_type=wire.encoder.content_type)
        print(server.url, flush=True)
        # For as long as the harness holds the other end.
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
