import asyncio
import socket
from typing import Any

import httpx
import httpx2
import pytest

from llmtui.testing.exchange import Request, Responder
from llmtui.testing.wire_server import CUT, STALL, WireServer

CLIENTS: list[Any] = [httpx.AsyncClient, httpx2.AsyncClient]


@pytest.fixture(params=CLIENTS, ids=["httpx", "httpx2"])
def client_class(request: pytest.FixtureRequest) -> Any:
    return request.param


async def test_a_reply_arrives_as_it_was_written(client_class: Any) -> None:
    async with WireServer() as server, client_class(trust_env=False) as client:
        server.reply("/x", [b"one ", b"two"], status=201, content_type="text/plain", headers={"x-id": "7"})
        response = await client.post(f"{server.url}/x?q=1", json={"a": 1}, headers={"X-Mine": "yes"})
    assert (response.status_code, response.text) == (201, "one two")
    assert (response.headers["x-id"], response.headers["content-type"]) == ("7", "text/plain")
    (request,) = server.requests
    assert (request.method, request.target, request.path) == ("POST", "/x?q=1", "/x")
    assert (request.json(), request.headers["x-mine"]) == ({"a": 1}, "yes")
    assert b"x-mine: yes" in request.raw()


async def test_a_chunked_request_is_read_whole(client_class: Any) -> None:
    async def body() -> Any:
        yield b"abc"
        yield b"def"

    async with WireServer() as server, client_class(trust_env=False) as client:
        await client.post(f"{server.url}/x", content=body())
    assert server.requests[0].body == b"abcdef"


async def test_one_connection_carries_several_requests(client_class: Any) -> None:
    async with WireServer() as server, client_class(trust_env=False) as client:
        server.reply("/x", [b"first"])
        server.reply("/x", [b"later"])
        texts = [(await client.get(f"{server.url}/x")).text for _ in range(3)]
        missing = await client.get(f"{server.url}/nowhere")
    assert texts == ["first", "later", "later"]
    assert missing.status_code == 404
    assert len(server.connections) == 1


async def test_an_event_between_two_writes_holds_the_second_back() -> None:
    release = asyncio.Event()
    async with WireServer() as server, httpx.AsyncClient(trust_env=False) as client:
        server.reply("/x", [b"one", release, b"two"], framing="close")
        async with client.stream("GET", f"{server.url}/x") as response:
            chunks = response.aiter_bytes()
            assert await anext(chunks) == b"one"
            release.set()
            assert await anext(chunks) == b"two"


async def test_the_head_can_be_held_back() -> None:
    release = asyncio.Event()
    async with WireServer() as server, httpx.AsyncClient(trust_env=False) as client:
        server.reply("/x", [b"done"], before_head=release)
        asking = asyncio.create_task(client.get(f"{server.url}/x"))
        await server.exchange(0)
        assert not asking.done()
        release.set()
        assert (await asking).text == "done"


async def test_a_cut_is_not_the_end_of_a_chunked_body() -> None:
    async with WireServer() as server, httpx.AsyncClient(trust_env=False) as client:
        server.reply("/x", [b"half", CUT, b"never"])
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(f"{server.url}/x")


@pytest.mark.parametrize("framing", ["chunked", "close"])
async def test_the_server_notes_when_the_client_left(framing: Any, client_class: Any) -> None:
    loop = asyncio.get_running_loop()
    async with WireServer() as server, client_class(trust_env=False) as client:
        server.reply("/x", [b"one", STALL], framing=framing)
        async with client.stream("GET", f"{server.url}/x") as response:
            await anext(response.aiter_bytes())
            exchange = await server.exchange(0)
            assert not exchange.client_left.done()
            closed = loop.time()
        assert await exchange.client_left - closed < 0.1


async def test_a_handler_has_every_byte_in_its_hand() -> None:
    async def handler(_: Request, responder: Responder) -> None:
        await responder.raw(b"HTTP/1.1 299 Odd\r\ncontent-length: 2\r\n\r\n")
        await responder.raw(b"ok")

    async with WireServer(handler) as server, httpx.AsyncClient(trust_env=False) as client:
        response = await client.get(server.url)
    assert (response.status_code, response.reason_phrase, response.text) == (299, "Odd", "ok")


async def test_a_handlers_error_fails_the_test() -> None:
    async def handler(request: Request, responder: Responder) -> None:
        raise LookupError("no such thing")

    async def ask() -> None:
        async with WireServer(handler) as server, httpx.AsyncClient(trust_env=False) as client:
            with pytest.raises(httpx.RemoteProtocolError):
                await client.get(server.url)

    with pytest.raises(LookupError, match="no such thing"):
        await ask()


async def test_closing_the_server_ends_what_still_runs() -> None:
    async with WireServer() as server:
        server.reply("/x", [b"one", STALL])
        reader, writer = await asyncio.open_connection(*server.address)
        writer.write(b"GET /x HTTP/1.1\r\nhost: x\r\n\r\n")
        assert b"200 OK" in await reader.readline()
    assert (await reader.read()).endswith(b"\r\n3\r\none\r\n")
    writer.close()
    await writer.wait_closed()


def test_nothing_but_loopback_can_be_reached() -> None:
    with socket.socket() as outside, pytest.raises(UserWarning, match=r"192\.0\.2\.1"):
        outside.connect(("192.0.2.1", 80))
    with pytest.raises(socket.gaierror, match="asked for the address"):
        socket.getaddrinfo("example.com", 80)
