"""A loopback HTTP/1.1 server with control over every write, and a record of when the client left.

async with WireServer() as server:
    server.reply("/v1/chat/completions", [b"data: one", CUT], content_type="text/event-stream")
    ...
    await server.exchanges[0].client_left
"""

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from enum import Enum
from fnmatch import fnmatchcase
from typing import Self, TypeAlias

from llmtui.testing.exchange import Exchange, Framing, Request, Responder, read_request

Handler: TypeAlias = Callable[[Request, Responder], Awaitable[None]]


class Fault(Enum):
    """What a scripted reply can do besides writing."""

    CUT = "close the connection without ending the body"
    STALL = "send nothing more, until the client leaves"


CUT = Fault.CUT
STALL = Fault.STALL
Write: TypeAlias = bytes | asyncio.Event | Fault
"""One step of a scripted reply: bytes to send, an event to wait for, or a fault."""


class WireServer:
    """Serves a handler, or the replies that `reply` was told, on a free loopback port, with `tls` by https.

    An error in the handler is raised when the server closes, so that it fails the test.
    """

    def __init__(self, handler: Handler | None = None, *, tls: ssl.SSLContext | None = None) -> None:
        self._handler = handler or self._scripted
        self._tls = tls
        self._replies: dict[str, list[Handler]] = defaultdict(list)
        self._arrived = asyncio.Condition()
        self.exchanges: list[Exchange] = []
        """Every request with its response, in the order of arrival."""
        self.connections: list[_Connection] = []
        """Every TCP connection, in the order of arrival."""
        self.url = ""

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, port = self._server.sockets[0].getsockname()
        return host, port

    @property
    def requests(self) -> list[Request]:
        """Every request, in the order of arrival."""
        return [exchange.request for exchange in self.exchanges]

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connect, "127.0.0.1", 0, ssl=self._tls)
        self.url = "{}://{}:{}".format("https" if self._tls else "http", *self.address)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for connection in self.connections:
            await connection.aclose()
        await self._server.wait_closed()
        for connection in self.connections:
            connection.raise_error()

    def reply(
        self,
        path: str,
        writes: Sequence[Write] = (),
        *,
        status: int = 200,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
        framing: Framing = "chunked",
        before_head: asyncio.Event | None = None,
    ) -> None:
        """Answer the next request of a path; the last reply of a path answers all later ones too.

        A `*` in the path stands for anything.
        """

        async def play(_: Request, responder: Responder) -> None:
            if before_head is not None:
                await responder.stall(before_head)
            await responder.start(status, {"content-type": content_type, **(headers or {})}, framing)
            for write in writes:
                if not await _play(write, responder):
                    return
            await responder.end()

        self._replies[path].append(play)

    async def exchange(self, index: int) -> Exchange:
        """The exchange of this number, as soon as its request has come."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.exchanges) > index)
        return self.exchanges[index]

    async def _scripted(self, request: Request, responder: Responder) -> None:
        routes = self._replies.items()
        replies = next((found for path, found in routes if fnmatchcase(request.path, path)), None)
        if not replies:
            await responder.send(404, b'{"error": "no route"}')
            return
        await (replies.pop(0) if len(replies) > 1 else replies[0])(request, responder)

    def _connect(self) -> "_Connection":
        connection = _Connection(self._serve)
        self.connections.append(connection)
        return connection

    async def _serve(self, connection: "_Connection") -> None:
        try:
            while connection.alive:
                request = await read_request(connection.reader)
                responder = Responder(connection.writer)
                exchange = Exchange(request, responder, connection.client_left)
                async with self._arrived:
                    self.exchanges.append(exchange)
                    self._arrived.notify_all()
                await self._handler(request, responder)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            connection.writer.close()


async def _play(write: Write, responder: Responder) -> bool:
    """Do one step; False when nothing may follow."""
    match write:
        case bytes():
            await responder.write(write)
            return True
        case asyncio.Event():
            await responder.stall(write)
            return True
        case Fault.CUT:
            responder.cut()
        case Fault.STALL:
            await responder.stall()
    return False


class _Connection(asyncio.StreamReaderProtocol):
    """One TCP connection; notes the moment in which the client closed its end."""

    def __init__(self, serve: Callable[["_Connection"], Coroutine[None, None, None]]) -> None:
        self.reader = asyncio.StreamReader(limit=2**24)
        super().__init__(self.reader, self._connected)
        loop = asyncio.get_running_loop()
        self.client_left: asyncio.Future[float] = loop.create_future()
        self._lost: asyncio.Future[None] = loop.create_future()
        self._serve = serve
        self._serving: asyncio.Task[None] | None = None
        """None while, and after, a TLS handshake was all that there was."""

    def _connected(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self._serving = asyncio.create_task(self._serve(self))

    @property
    def alive(self) -> bool:
        return not self.client_left.done() and not self.writer.is_closing()

    def eof_received(self) -> bool:
        self._note()
        super().eof_received()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self._note()
        if not self._lost.done():
            self._lost.set_result(None)
        super().connection_lost(exc)

    async def aclose(self) -> None:
        if self._serving is None:
            return
        self._serving.cancel()
        self.writer.transport.abort()
        await asyncio.wait([self._serving, self._lost])

    def raise_error(self) -> None:
        if self._serving and not self._serving.cancelled() and (error := self._serving.exception()):
            raise error

    def _note(self) -> None:
        if not self.client_left.done():
            self.client_left.set_result(asyncio.get_running_loop().time())
