"""How the suite asks a provider: one server, one provider, both closed at the end, nothing left behind."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest

from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import user
from llmtui.core.errors import ProviderError
from llmtui.core.events import StreamEvent, TextDelta
from llmtui.core.guard import Clocks, guard
from llmtui.core.ports import Provider
from llmtui.core.text import sanitise
from llmtui.testing.cases import ProviderCase, Trait
from llmtui.testing.encoders.base import NotCarried, WireEncoder
from llmtui.testing.exchange import Request, Responder
from llmtui.testing.laws import Outcome, drain
from llmtui.testing.scenarios import START, TEXT, Scenario
from llmtui.testing.wire_server import Handler, WireServer, Write

HELLO = ChatRequest((user("Hello"),))
CLOCKS = Clocks(30, 30, 30, 60)
HALF = (START, TextDelta("half é🙂"))
"""A reply that has begun, and has not ended."""
E = TypeVar("E", bound=ProviderError)


def need(case: ProviderCase, *traits: Trait) -> None:
    """Skip what a provider says that it lacks."""
    if missing := set(traits) - case.traits:
        pytest.skip(f"{case.kind} has no {', '.join(sorted(missing))}")


def encoded(encoder: WireEncoder, scenario: Scenario) -> list[bytes]:
    """The scenario's bytes; skips, with the reason, what the wire cannot carry."""
    try:
        return encoder.encode(scenario)
    except NotCarried as error:
        pytest.skip(str(error))


def stream(
    provider: Provider, request: ChatRequest = HELLO, clocks: Clocks = CLOCKS
) -> AsyncGenerator[StreamEvent, None]:
    """The provider's events under the guard, as the app reads them."""
    return guard(provider.stream_chat(request), provider.id, clocks)


@asynccontextmanager
async def asked(case: ProviderCase, **settings: Any) -> AsyncIterator[tuple[Provider, WireServer]]:
    """A provider and its server; no task, and by ResourceWarning no socket, may outlive them."""
    before = asyncio.all_tasks()
    async with WireServer() as server:
        provider = case.provider(server, **settings)
        try:
            yield provider, server
        finally:
            await provider.aclose()
    # The generators of an HTTP client may end a few turns of the loop later.
    if others := asyncio.all_tasks() - before:
        _, pending = await asyncio.wait(others, timeout=1)
        assert not pending, f"tasks that outlive their provider: {pending}"


async def outcome_of(
    case: ProviderCase, writes: Sequence[Write], clocks: Clocks = CLOCKS, **reply: Any
) -> Outcome:
    """What becomes of a chat that the server answers with these writes, and for which it is asked once."""
    async with asked(case) as (provider, server):
        case.serve_raw(server, writes, **reply)
        outcome = await drain(stream(provider, clocks=clocks))
        assert len(case.chats(server)) == 1
        return outcome


async def outcome_from(case: ProviderCase, play: Handler, clocks: Clocks = CLOCKS) -> Outcome:
    """What becomes of a chat that a handler answers."""

    async def handler(request: Request, responder: Responder) -> None:
        if case.is_chat(request.path):
            await play(request, responder)
        else:
            await responder.send(200, case.other_replies.get(request.path, b"{}"))

    async with WireServer(handler) as server:
        provider = case.at(server.url)
        outcome = await drain(stream(provider, clocks=clocks))
        await provider.aclose()
        return outcome


async def sent(
    case: ProviderCase, *requests: ChatRequest, reply: Scenario = TEXT, **settings: Any
) -> list[Any]:
    """The bodies that a provider sends for these requests."""
    async with asked(case, **settings) as (provider, server):
        case.serve(server, reply)
        for request in requests:
            outcome = await drain(stream(provider, request))
            assert outcome.error is None, repr(outcome.error)
        return [exchange.request.json() for exchange in case.chats(server)]


def failed(outcome: Outcome, kind: type[E]) -> E:
    """The error that ended a stream, which is of this kind."""
    assert isinstance(outcome.error, kind), f"{outcome.error!r} after {outcome.events}"
    return outcome.error


def shown_text(scenario: Scenario) -> str:
    """The text of a scenario as a person sees it."""
    return sanitise("".join(event.text for event in scenario if isinstance(event, TextDelta)))
