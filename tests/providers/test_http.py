"""The HTTP beneath the adapters: what is closed stays closed, and what is shared is shared."""

import asyncio
import gzip
from typing import Any

import pytest

from llmtui.config.schema import ProviderSettings
from llmtui.core.errors import ProtocolError, Timeout
from llmtui.core.guard import Clocks
from llmtui.providers import http as http_module
from llmtui.providers.http import Http, Reply, auth_headers
from llmtui.providers.network import Route
from llmtui.testing.wire_server import STALL, WireServer


async def read(http: Http, url: str, begun: asyncio.Event) -> None:
    async with http.post(url, {}, {}) as reply:
        async for _ in reply.chunks():
            begun.set()


@pytest.mark.parametrize("turns", range(8))
async def test_a_second_cancel_does_not_stop_the_closing(turns: int) -> None:
    """Whichever turn of the event loop it comes in."""
    async with WireServer() as server:
        server.reply("/", [b"x", STALL])
        http, begun = Http("p", Clocks(), Route()), asyncio.Event()
        task = asyncio.create_task(read(http, f"{server.url}/", begun))
        await begun.wait()
        task.cancel()
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        async with asyncio.timeout(5):
            await server.exchanges[0].client_left
        await http.aclose()


@pytest.mark.parametrize("turns", range(1, 8))
async def test_a_cancel_does_not_stop_the_closing(turns: int) -> None:
    async with WireServer() as server:
        server.reply("/", [b"x", STALL])
        http = Http("p", Clocks(), Route())
        opened = http.post(f"{server.url}/", {}, {})
        chunks = (await opened.__aenter__()).chunks()
        await anext(chunks)

        async def close() -> None:
            await chunks.aclose()
            await opened.__aexit__(None, None, None)

        task = asyncio.create_task(close())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        async with asyncio.timeout(5):
            await server.exchanges[0].client_left
        await http.aclose()


async def test_closing_leaves_no_task_behind() -> None:
    async with WireServer() as server:
        server.reply("/", [b"x", STALL])
        http = Http("p", Clocks(), Route())
        before = asyncio.all_tasks()
        async with http.post(f"{server.url}/", {}, {}) as reply:
            assert isinstance(reply, Reply)
            chunks = reply.chunks()
            await anext(chunks)
            served = asyncio.all_tasks() - before
            await chunks.aclose()
        assert asyncio.all_tasks() - before <= served
        await http.aclose()


async def test_a_value_that_does_not_come_in_time() -> None:
    async with WireServer() as server:
        server.reply("/", [STALL])
        http = Http("p", Clocks(), Route())
        with pytest.raises(Timeout, match="no answer within"):
            await http.json("GET", f"{server.url}/", {}, clock_s=0.05)
        await http.aclose()


async def test_an_answer_that_unpacks_to_no_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_module, "LARGEST_ANSWER", 1_000_000)
    async with WireServer() as server:
        packed = gzip.compress(b"[" + b" " * 2_000_000 + b"]")
        server.reply("/", [packed], headers={"Content-Encoding": "gzip"})
        http = Http("p", Clocks(), Route())
        with pytest.raises(ProtocolError, match="more than 1 MB"):
            await http.json("GET", f"{server.url}/", {})
        await http.aclose()


@pytest.mark.parametrize(
    ("key", "own", "headers"),
    [
        (None, {}, {}),
        (" \n", {}, {}),
        ("k\n", {}, {"authorization": "Bearer k"}),
        ("k", {"headers": {"Authorization": "Token t"}}, {"authorization": "Token t"}),
        (None, {"base_url": "http://u:p@h"}, {"authorization": "Basic dTpw"}),
        ("k", {"base_url": "http://u:p@h"}, {"authorization": "Bearer k"}),
    ],
)
def test_the_header_of_a_key(key: str | None, own: dict[str, Any], headers: dict[str, str]) -> None:
    settings = ProviderSettings.model_validate({"id": "p", "kind": "k"} | own)
    assert auth_headers(settings, key) == headers
