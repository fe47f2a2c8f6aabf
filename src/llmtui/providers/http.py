"""HTTP for the adapters: one client each, streams that always close, and errors in our own words."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from llmtui import __version__
from llmtui.config.credentials import basic_token
from llmtui.config.schema import ProviderSettings
from llmtui.core.errors import BadRequest, ErrorContext, ProtocolError, ProviderError, Timeout
from llmtui.core.guard import Clocks
from llmtui.core.untrusted import parsed
from llmtui.providers.failures import error_from_response, request_id, transport_error
from llmtui.providers.network import Route
from llmtui.providers.page import Page

if TYPE_CHECKING:
    import httpx

USER_AGENT = f"llmtui/{__version__}"
LARGEST_ANSWER = 64_000_000
"""Bytes, unpacked: the longest lists of models and galleries have a few million."""
LONGEST_ERROR_BODY = 64 * 1024
ERROR_BODY_CLOCK_S = 5.0
"""A server that refuses a request may still stall while it says why."""
JSON_CLOCK_S = 10.0
DRAIN_CLOCK_S = 0.2
DONE = (200, 201, 202, 204)
"""The statuses of something that was done."""
TALKATIVE = (
    *("httpcore.http11", "httpcore.http2", "httpcore.socks"),
    *("httpcore2.http11", "httpcore2.http2", "httpcore2.socks"),
)
"""The loggers under httpx and the SDKs that show headers, and passwords of proxies, at the level DEBUG."""


@cache
def http_errors() -> tuple[type[Exception], ...]:
    """What httpx raises; asked for late, since the first frame does not wait for httpx."""
    import httpx

    # A port that is out of range is an exception group.
    return (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, UnicodeEncodeError, ExceptionGroup)


def new_client(clocks: Clocks, route: Route, *, reuse: bool = True) -> "httpx.AsyncClient":
    """A client without read timeouts (the guard's clocks rule) that follows no redirect."""
    import httpx

    mute_headers()

    return httpx.AsyncClient(
        transport=route.transport(httpx, reuse=reuse),
        timeout=httpx.Timeout(None, connect=clocks.connect),
        follow_redirects=False,
        trust_env=False,
        headers={"user-agent": USER_AGENT},
    )


def mute_headers() -> None:
    """Keep headers out of every log, however much it is to hold: a server may echo a key in its own."""
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.INFO)


def require_sendable(headers: Mapping[str, str], context: ErrorContext) -> None:
    """Refuse what a client would refuse too, but with the value in its words, or send in some encoding."""
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            hint = "check api_key and headers of this provider in the config file"
            words = f"the header {name} has a character that HTTP does not allow"
            raise BadRequest(words, context=context, hint=hint)


BEARER = "authorization"


def auth_headers(settings: ProviderSettings, key: str | None, header: str = BEARER) -> dict[str, str]:
    """The headers that the settings name, over the key, over user and password of the address.

    A `header` other than `authorization` holds the bare key.
    """
    basic = {BEARER: f"Basic {basic_token(settings.user)}"} if settings.user else {}
    key = (key or "").strip()
    keyed = {header: f"Bearer {key}" if header == BEARER else key} if key else {}
    return basic | keyed | settings.own_headers()


class Http:
    """Requests of one provider; the client is built when it is first needed.

    Every request names its whole URL and headers, so that an address may change while the provider lives.
    Without `reuse` each opens a connection of its own. Raises ConfigError when the route cannot be used.
    """

    def __init__(self, provider: str, clocks: Clocks, route: Route, *, reuse: bool = True) -> None:
        self._provider = provider
        self._clocks = clocks
        self._route = route
        self._reuse = reuse
        self._client: httpx.AsyncClient | None = None
        # Providers are built on a thread: the first request shall not hold the loop up by this import.
        import_module("httpx")
        route.require_usable()

    @property
    def client(self) -> "httpx.AsyncClient":
        """The client, built now if need be."""
        if self._client is None:
            self._client = new_client(self._clocks, self._route, reuse=self._reuse)
        return self._client

    async def aclose(self) -> None:
        """Close the connections; the next request opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    @asynccontextmanager
    async def post(
        self,
        url: str,
        payload: Mapping[str, Any],
        headers: Mapping[str, str],
        *,
        model: str = "",
        secrets: Sequence[str] = (),
    ) -> AsyncIterator["Reply"]:
        """Open a streaming POST; the response is closed when the block ends, however it ends."""
        context = ErrorContext(provider=self._provider, model=model)
        require_sendable(headers, context)
        secrets = [*secrets, *self._route.secrets()]
        try:
            request = self.client.build_request("POST", url, json=payload, headers=dict(headers))
            response = await self.client.send(request, stream=True)
        except http_errors() as error:
            # Not chained: some of these exceptions carry the header that they complain of.
            raise self._unreached(error, url, context, secrets) from None
        try:
            reply = Reply(response, url, context, secrets)
            await reply.require_success()
            yield reply
        finally:
            await _uncancelled(response.aclose())

    async def json(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        payload: Mapping[str, Any] | None = None,
        secrets: Sequence[str] = (),
        clock_s: float = JSON_CLOCK_S,
    ) -> Any:
        """Ask for one JSON value."""
        page = await self.page(method, url, headers, payload=payload, secrets=secrets, clock_s=clock_s)
        if page.status == 200 and not page.is_html:
            try:
                return parsed(page.body)
            except ValueError:
                pass
        raise page.error

    async def page(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        payload: Mapping[str, Any] | None = None,
        secrets: Sequence[str] = (),
        clock_s: float = JSON_CLOCK_S,
    ) -> Page:
        """Ask for whatever comes, be it a refusal; raises ProviderError when nothing does."""
        context = ErrorContext(provider=self._provider)
        return await self._answer(
            method, url, headers, context=context, payload=payload, secrets=secrets, clock_s=clock_s
        )

    async def done(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        payload: Mapping[str, Any] | None = None,
        content: AsyncIterator[bytes] | None = None,
        model: str = "",
        secrets: Sequence[str] = (),
        clock_s: float | None = JSON_CLOCK_S,
    ) -> None:
        """Ask for something whose whole answer is the status; `content` is sent as it comes."""
        context = ErrorContext(provider=self._provider, model=model)
        page = await self._answer(
            method,
            url,
            headers,
            context=context,
            payload=payload,
            content=content,
            secrets=secrets,
            clock_s=clock_s,
        )
        if page.status not in DONE or page.is_html:
            raise page.error

    async def exists(self, url: str, headers: Mapping[str, str], *, secrets: Sequence[str] = ()) -> bool:
        """Whether the server has what is at a URL."""
        context = ErrorContext(provider=self._provider)
        page = await self._answer(
            "HEAD", url, headers, context=context, payload=None, secrets=secrets, clock_s=JSON_CLOCK_S
        )
        if page.status not in (200, 404):
            raise page.error
        return page.status == 200

    async def _answer(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        context: ErrorContext,
        payload: Mapping[str, Any] | None,
        secrets: Sequence[str],
        clock_s: float | None,
        content: AsyncIterator[bytes] | None = None,
    ) -> Page:
        require_sendable(headers, context)
        known = (*secrets, *self._route.secrets())
        try:
            async with asyncio.timeout(clock_s):
                request = self.client.build_request(
                    method, url, json=payload, content=content, headers=dict(headers)
                )
                response = await self.client.send(request, stream=True)
                try:
                    body = await Reply(response, url, context, known).whole()
                finally:
                    await _uncancelled(response.aclose())
        except http_errors() as error:
            raise self._unreached(error, url, context, known) from None
        except TimeoutError:
            words = f"no answer within {clock_s:g} s"
            raise Timeout(words, phase="total", context=context) from None
        return Page(response.status_code, response.headers, body, context, known)

    def _unreached(
        self, error: Exception, url: str, context: ErrorContext, secrets: Sequence[str]
    ) -> ProviderError:
        proxy = self._route.proxy_name
        return transport_error(error, url, started=False, context=context, secrets=secrets, proxy=proxy)


class Reply:
    """An open response."""

    def __init__(
        self, response: "httpx.Response", url: str, context: ErrorContext, secrets: Sequence[str]
    ) -> None:
        self._response = response
        self._url = url
        self.context = context
        self.secrets = secrets

    @property
    def request_id(self) -> str | None:
        """What the server calls this request."""
        return request_id(self._response.headers, self.secrets)

    @property
    def content_type(self) -> str:
        """The media type, without parameters."""
        return str(self._response.headers.get("content-type", "")).partition(";")[0].strip().lower()

    async def require_success(self) -> None:
        """Raise the error that any other answer than a 200 means; a web page is never a reply."""
        if self._response.status_code != 200 or "html" in self.content_type:
            async with aclosing(self._bytes()) as chunks:
                raise self.not_this_wire(await head(chunks, http_errors()))

    def not_this_wire(self, body: bytes) -> ProviderError:
        """The error for a body that the wire does not speak."""
        return error_from_response(
            self._response.status_code,
            self._response.headers,
            body,
            context=self.context,
            secrets=self.secrets,
        )

    async def whole(self) -> bytes:
        """The body of an answer that is no stream; one that no memory should hold is a ProtocolError."""
        body = bytearray()
        async with aclosing(self._bytes()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > LARGEST_ANSWER:
                    words = f"the answer has more than {LARGEST_ANSWER / 1e6:.0f} MB"
                    raise ProtocolError(words, context=self.context)
        return bytes(body)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes; a broken connection is an IncompleteStream, a web page a ProtocolError."""
        begun = False
        try:
            async with aclosing(self._bytes()) as chunks:
                async for chunk in chunks:
                    # No wire's stream begins so, whatever the content type says.
                    if not begun and chunk.lstrip().startswith(b"<"):
                        raise self.not_this_wire(chunk + await head(chunks, http_errors()))
                    begun = begun or bool(chunk.strip())
                    yield chunk
        except http_errors() as error:
            raise transport_error(
                error, self._url, started=True, context=self.context, secrets=self.secrets
            ) from error

    async def _bytes(self) -> AsyncGenerator[bytes, None]:
        body = self._response.aiter_bytes()
        whole = False
        try:
            async for chunk in body:
                yield chunk
            whole = True
        finally:
            if not whole:
                await _uncancelled(self._break_off(body))

    async def _break_off(self, body: AsyncIterator[bytes]) -> None:
        """Close the connection, then run the client's generators against it until all of them have ended.

        They stand inside one another: closed from outside, each leaves the next to the garbage collector and
        thus to a task that outlives us.
        """
        await self._response.aclose()
        # A second cancel while httpcore closes would make it forget the socket, and the server would go on.
        await self._response.extensions["network_stream"].aclose()
        with suppress(*http_errors()):
            async for _ in body:
                pass


async def _uncancelled(closing: Coroutine[Any, Any, None]) -> None:
    """Close to the end, also when we are cancelled meanwhile: httpx would leave the socket open."""
    task = asyncio.create_task(closing)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


async def drain(rest: AsyncIterator[object]) -> None:
    """Read the few bytes behind the last event, so that the connection can be used again."""
    with suppress(TimeoutError, ProviderError):
        async with asyncio.timeout(DRAIN_CLOCK_S):
            async for _ in rest:
                pass


async def head(chunks: AsyncIterator[bytes], broken: tuple[type[Exception], ...]) -> bytes:
    """The beginning of a body; what came before a stall or a cut (`broken`) is enough to name an error."""
    body = bytearray()
    with suppress(TimeoutError, *broken):
        async with asyncio.timeout(ERROR_BODY_CLOCK_S):
            async for chunk in chunks:
                body += chunk
                if len(body) >= LONGEST_ERROR_BODY:
                    break
    return bytes(body)
