"""A forward proxy on loopback: CONNECT and whole addresses, with a login where it is told so."""

import asyncio
import base64
from contextlib import suppress
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from llmtui.testing.exchange import Request, read_request

REFUSAL = (
    b"HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm=x\r\n"
    b"content-type: text/plain\r\ncontent-length: 9\r\n\r\nlog in :)"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the proxy was asked for."""

    method: str
    target: str
    login: str


class ForwardProxy:
    """Passes everything on to one server, whatever its name was: names that do not exist can be asked for."""

    def __init__(self, upstream: tuple[str, int], login: str = "") -> None:
        self._upstream = upstream
        self._login = login
        self._tasks: set[asyncio.Task[None]] = set()
        self.asked: list[Asked] = []
        self.address = ""
        """Host and port."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.address = "{}:{}".format(*self._server.sockets[0].getsockname())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def url(self, login: str = "") -> str:
        """The address as a person would write it."""
        return f"http://{login}@{self.address}" if login else f"http://{self.address}"

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onward = await asyncio.open_connection(*self._upstream)
        answers = asyncio.create_task(_pipe(there, writer))
        try:
            while await self._pass_on(await read_request(reader), onward, writer):
                pass
            await _pipe(reader, onward)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            answers.cancel()
            onward.transport.abort()
            writer.transport.abort()

    async def _pass_on(
        self, request: Request, onward: asyncio.StreamWriter, writer: asyncio.StreamWriter
    ) -> bool:
        """Pass one request on; False when what follows is a tunnel, or nothing."""
        scheme, _, token = request.headers.get("proxy-authorization", "").partition(" ")
        login = base64.b64decode(token).decode() if scheme == "Basic" else ""
        self.asked.append(Asked(request.method, request.target, login))
        if login != self._login:
            writer.write(REFUSAL)
            await writer.drain()
            return True
        if request.method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            return False
        target = urlsplit(request.target)._replace(scheme="", netloc="").geturl()
        kept = [f"{k}: {v}" for k, v in request.headers.items() if not k.startswith("proxy-")]
        head = "\r\n".join([f"{request.method} {target} HTTP/1.1", *kept])
        onward.write(head.encode() + b"\r\n\r\n" + request.body)
        return True


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
