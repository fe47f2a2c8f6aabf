"""HTTP/1.1 as the wire server speaks it: a request that was read, and a response written by hand."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

Framing = Literal["chunked", "close"]
"""How a body ends: by its last chunk, or when the server closes the connection."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def raw(self) -> bytes:
        """All that was sent, to search for what must not be there."""
        lines = [f"{self.method} {self.target}", *(f"{k}: {v}" for k, v in self.headers.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its response; `client_left` is the loop's time when the client closed its end."""

    request: Request
    responder: "Responder"
    client_left: asyncio.Future[float]


class Responder:
    """Writes one response; each call is one write on the socket and returns when the socket took it."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._framing: Framing = "chunked"

    async def start(
        self, status: int = 200, headers: Mapping[str, str] | None = None, framing: Framing = "chunked"
    ) -> None:
        """Send the status and the headers."""
        self._framing = framing
        end = {"transfer-encoding": "chunked"} if framing == "chunked" else {"connection": "close"}
        await self._head(status, {**(headers or {}), **end})

    async def write(self, data: bytes) -> None:
        """Send a piece of the body."""
        if data:
            await self.raw(data if self._framing == "close" else b"%x\r\n%b\r\n" % (len(data), data))

    async def end(self) -> None:
        """End the body as its framing says."""
        if self._framing == "chunked":
            await self.raw(b"0\r\n\r\n")
        else:
            self.cut()

    async def send(
        self, status: int, body: bytes, content_type: str = "application/json", **headers: str
    ) -> None:
        """Send a whole response; `retry_after="2"` is the header retry-after."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        await self._head(status, {"content-type": content_type, "content-length": str(len(body)), **named})
        await self.raw(body)

    async def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._writer.write(data)
        await self._writer.drain()

    def cut(self) -> None:
        """Close the connection where it stands, when what was written is sent."""
        self._writer.close()

    async def stall(self, until: asyncio.Event | None = None) -> None:
        """Send nothing until the event is set; without one, until the client leaves or the server closes."""
        if until is not None:
            await until.wait()
            return
        with suppress(ConnectionError):
            await self._writer.wait_closed()

    async def _head(self, status: int, headers: Mapping[str, str]) -> None:
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"
        lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
        await self.raw("\r\n".join(lines).encode() + b"\r\n\r\n")


async def read_request(reader: asyncio.StreamReader) -> Request:
    """Read one request; raises IncompleteReadError when the client closes instead."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _read_chunks(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, target, headers, body)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := int((await reader.readuntil(b"\n")).partition(b";")[0], 16):
        body += (await reader.readexactly(size + 2))[:size]
    await reader.readline()
    return bytes(body)
