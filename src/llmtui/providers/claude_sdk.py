"""Anthropic's SDK as a plain pipe: a body goes in, raw events come out, errors are ours.

The SDK's event models cost twice the time of its bytes, and hide what they do not know.
"""

import asyncio
import importlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from llmtui.core.conversation import JSON
from llmtui.core.errors import BadRequest, ErrorContext, ProtocolError, ProviderError
from llmtui.core.guard import Clocks
from llmtui.providers.failures import classify, error_from_response, redact, transport_error
from llmtui.providers.http import head
from llmtui.providers.network import Route
from llmtui.providers.wires.sse import ServerSentEvent, SSEDecoder
from llmtui.providers.wires.untrusted import parsed

if TYPE_CHECKING:
    import anthropic
    import httpx2

RawEvent = dict[str, JSON]
PATH = "/v1/messages"


class ClaudeSdk:
    """The SDK's client of one provider; it is imported and built on a thread, when it is first needed."""

    def __init__(
        self,
        provider: str,
        base_url: str,
        headers: Callable[[], dict[str, str]],
        secrets: Callable[[], list[str]],
        clocks: Clocks,
        route: Route,
    ) -> None:
        self._provider = provider
        self._base_url = base_url
        self._headers = headers
        self._secrets = secrets
        self._clocks = clocks
        self._route = route
        self._client: anthropic.AsyncAnthropic | None = None
        self._building = asyncio.Lock()

    @asynccontextmanager
    async def post(self, body: Mapping[str, JSON]) -> AsyncIterator["ClaudeReply"]:
        """Open a stream; its socket is closed when the block ends, however it ends."""
        sdk = await asyncio.to_thread(importlib.import_module, "anthropic")
        context = ErrorContext(self._provider, str(body["model"]))
        errors = self._errors(self._base_url + PATH, context)
        _require_sendable(self._headers(), context)
        with errors.translated(started=False):
            client = await self._built()
            stream: anthropic.AsyncStream[object] = await client.post(
                PATH,
                content=_as_bytes(body),
                cast_to=object,
                stream=True,
                stream_cls=sdk.AsyncStream[object],
            )
        try:
            yield ClaudeReply(stream.response, errors)
        finally:
            await stream.response.aclose()

    async def aclose(self) -> None:
        """Close the connections; the next request opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _built(self) -> "anthropic.AsyncAnthropic":
        async with self._building:
            if self._client is None:
                self._client = await asyncio.to_thread(self._build)
            return self._client

    def _build(self) -> "anthropic.AsyncAnthropic":
        sdk = importlib.import_module("anthropic")
        headers = self._headers()
        # What is not said here the SDK reads from the environment and from profile files.
        client: anthropic.AsyncAnthropic = sdk.AsyncAnthropic(
            api_key=headers["x-api-key"],
            base_url=self._base_url,
            max_retries=0,
            open_telemetry=False,
            http_client=sdk.DefaultAsyncHttpxClient(
                transport=self._route.transport(importlib.import_module("httpx2")),
                timeout=sdk.Timeout(None, connect=self._clocks.connect),
                follow_redirects=False,
                trust_env=False,
                event_hooks={"response": [self._require_success]},
            ),
        )
        # No argument keeps ANTHROPIC_CUSTOM_HEADERS out, and the SDK logs the headers of single requests.
        client._custom_headers = headers
        return client

    async def _require_success(self, response: "httpx2.Response") -> None:
        """Raise before the SDK reads the body of a refusal: its server may stall while it says why."""
        if response.status_code != 200:
            errors = self._errors(str(response.url), ErrorContext(self._provider))
            raise errors.of(response, await head(response.aiter_bytes(), _http_errors()))

    def _errors(self, url: str, context: ErrorContext) -> "_Errors":
        secrets = [*self._secrets(), *self._route.secrets()]
        return _Errors(url, context, secrets, self._route.proxy_name)


class ClaudeReply:
    """An open stream of events."""

    def __init__(self, response: "httpx2.Response", errors: "_Errors") -> None:
        self._response = response
        self._errors = errors

    @property
    def request_id(self) -> str | None:
        """What the server calls this request."""
        headers = self._response.headers
        return next((headers[name] for name in ("request-id", "x-request-id") if name in headers), None)

    async def events(self) -> AsyncGenerator[RawEvent, None]:
        """The events as the server sent them; an `error` among them is raised."""
        async with aclosing(self._server_events()) as events:
            async for event in events:
                if event.data.strip():
                    yield self._parsed(event)

    async def _server_events(self) -> AsyncGenerator[ServerSentEvent, None]:
        decoder = SSEDecoder()
        begun = False
        with self._errors.translated(started=True):
            async with aclosing(self._response.aiter_bytes()) as chunks:
                async for chunk in chunks:
                    # Neither a page nor a lone JSON body is a stream, whatever the content type says.
                    if not begun and chunk.lstrip().startswith((b"<", b"{")):
                        rest = await head(chunks, _http_errors())
                        raise self._errors.of(self._response, chunk + rest)
                    begun = begun or bool(chunk.strip())
                    for event in decoder.feed(chunk):
                        yield event

    def _parsed(self, event: ServerSentEvent) -> RawEvent:
        try:
            data = parsed(event.data)
        except ValueError:
            data = {"message": event.data} if event.name == "error" else None
        if not isinstance(data, dict):
            raise self._errors.malformed(event.data)
        if event.name == "error" or data.get("type") == "error":
            raise self._errors.in_stream(data)
        return data


class _Errors:
    """Says what went wrong with one request."""

    def __init__(self, url: str, context: ErrorContext, secrets: Sequence[str], proxy: str) -> None:
        self._url = url
        self._context = context
        self._secrets = secrets
        self._proxy = proxy

    @contextmanager
    def translated(self, *, started: bool) -> Iterator[None]:
        """Turn whatever the SDK and the HTTP client under it raise into a ProviderError.

        Not chained: some of these exceptions carry the header that they complain of.
        """
        sdk = importlib.import_module("anthropic")
        try:
            yield
        except sdk.APIConnectionError as error:
            raise self._because_of(error.__cause__ or error, started=started) from None
        except _http_errors() as error:
            raise self._because_of(error, started=started) from None

    def of(self, response: "httpx2.Response", body: bytes) -> ProviderError:
        """The error for an answer that is no stream of events."""
        return error_from_response(
            response.status_code, response.headers, body, context=self._context, secrets=self._secrets
        )

    def in_stream(self, event: RawEvent) -> ProviderError:
        """The error that an `error` event means."""
        return classify(event, context=self._context, secrets=self._secrets)

    def malformed(self, data: str) -> ProviderError:
        """The error for an event that is no JSON object."""
        excerpt = redact(data[:120], self._secrets)
        return ProtocolError(f"an event of the stream is no JSON object: {excerpt}", context=self._context)

    def _because_of(self, cause: BaseException, *, started: bool) -> ProviderError:
        if isinstance(cause, ProviderError):
            cause.context = replace(cause.context, model=self._context.model)
            return cause
        return transport_error(
            cause,
            self._url,
            started=started,
            context=self._context,
            secrets=self._secrets,
            proxy=self._proxy,
        )


def _as_bytes(body: Mapping[str, JSON]) -> bytes:
    # Half a surrogate pair, which is no character, must not make the rest of a conversation unsendable.
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _require_sendable(headers: Mapping[str, str], context: ErrorContext) -> None:
    """Refuse what the SDK would send in an encoding that no server expects."""
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            hint = "check api_key and headers of this provider in the config file"
            words = f"the header {name} has a character that HTTP does not allow"
            raise BadRequest(words, context=context, hint=hint)


def _http_errors() -> tuple[type[Exception], ...]:
    """What the HTTP client under the SDK raises."""
    http = importlib.import_module("httpx2")
    return (http.HTTPError, http.InvalidURL, UnicodeEncodeError)
