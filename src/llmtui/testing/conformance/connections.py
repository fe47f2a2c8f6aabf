"""Connections are kept while they are of use, and closed at once when they are not."""

import asyncio
from contextlib import aclosing

import pytest

from llmtui.core.events import TextDelta
from llmtui.testing.cases import ProviderCase
from llmtui.testing.conformance.asking import asked, encoded, stream
from llmtui.testing.laws import drain
from llmtui.testing.scenarios import START, TEXT
from llmtui.testing.wire_server import STALL, WireServer

LEAVING_S = 0.1
"""How soon a server sees that a person has stopped its reply."""


class Connections:
    """What a server sees of a provider's connections."""

    async def test_a_second_request_takes_the_same_connection(self, case: ProviderCase) -> None:
        """A handshake costs more than a prompt."""
        async with asked(case) as (provider, server):
            case.serve(server, TEXT)
            for _ in range(3):
                assert (await drain(stream(provider))).error is None
            chats = case.chats(server)
            assert len(chats) == 3
            assert len({id(exchange.client_left) for exchange in chats}) == 1

    @pytest.mark.parametrize("way", ["cancel", "cancel-before-head", "aclose", "cancel-in-aclose"])
    async def test_who_leaves_closes_the_socket_at_once(self, case: ProviderCase, way: str) -> None:
        """A reply that nobody reads costs money until the server sees that."""
        silent, closes = way == "cancel-before-head", way.endswith("aclose")
        never, got_text = asyncio.Event(), asyncio.Event()
        async with asked(case) as (provider, server):
            first = encoded(case.encoder, (START, TextDelta("one")))
            case.serve_raw(server, [*first, STALL], before_head=never if silent else None)
            events = stream(provider)

            async def read() -> None:
                async with aclosing(events):
                    async for event in events:
                        if isinstance(event, TextDelta):
                            got_text.set()
                            if closes:
                                return

            task = asyncio.create_task(read())
            async with asyncio.timeout(10):
                while not case.chats(server):
                    await server.exchange(len(server.exchanges))
                if not silent:
                    await got_text.wait()
            (exchange,) = case.chats(server)
            left_at = asyncio.get_running_loop().time()
            if way != "aclose":
                task.cancel()
            await asyncio.wait([task])
            assert await asyncio.wait_for(exchange.client_left, 5) - left_at < LEAVING_S

    async def test_closing_the_provider_closes_its_connections(self, case: ProviderCase) -> None:
        """And it may be closed twice."""
        async with WireServer() as server:
            provider = case.provider(server)
            case.serve(server, TEXT)
            await drain(stream(provider))
            await provider.aclose()
            async with asyncio.timeout(5):
                await asyncio.gather(*(exchange.client_left for exchange in server.exchanges))
            await provider.aclose()
