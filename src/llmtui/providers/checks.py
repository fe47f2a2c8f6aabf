"""A connection check in stages: name, tcp, tls, http, auth, models. It stops at the first failure."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal, NoReturn
from urllib.parse import urlsplit

from llmtui.core.errors import (
    AuthError,
    BadRequest,
    BillingError,
    ConnectError,
    ErrorContext,
    LlmtuiError,
    ProviderError,
    Timeout,
)
from llmtui.core.models import CheckStage, CheckState, ConnectionReport, ModelInfo
from llmtui.core.text import sanitise_line
from llmtui.providers.failures import transport_error
from llmtui.providers.locality import host_and_port
from llmtui.providers.network import Route, tls_context
from llmtui.providers.transport import REFUSED

CHECK_CLOCK_S = 2.5
"""Less than who waits for a check allows it, so that the stage that took too long is told."""


NEXT_ADDRESS_AFTER_S = 0.25
"""How long one address of a host may be silent before its next one is tried too."""
_SILENT: Mapping[str, str] = {
    "name": "the name service does not answer: check this machine's network",
    "tcp": "the host is off, or a firewall drops what is sent; behind a proxy, set network.proxy",
    "tls": "what listens there may speak no TLS: check scheme and port of base_url",
    "http": "the server takes connections but does not answer: it may be busy, or no API",
}
"""What to do when nobody answered a stage in time."""
KeyUse = Literal["sent", "kept back", "none"]
KEY_KEPT_BACK = "key not tried"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is checked: the provider's address, the way there, and how its models are asked for.

    The address is had late, since a server may have to be started for it.
    """

    provider: str
    address: Callable[[], Awaitable[str]]
    models: Callable[[], Awaitable[list[ModelInfo]]]
    route: Route
    key: KeyUse = "none"
    """Whether `models` sends what the person gave for this server."""
    when_refused: str = ""
    """What helps when nothing listens."""
    when_not_found: str = ""
    """What helps when the server knows no models."""


async def run_check(subject: Subject) -> ConnectionReport:
    """Check the way to a server, then ask it for its models; takes at most `CHECK_CLOCK_S`, never raises."""
    check = _Check(subject)
    try:
        async with asyncio.timeout(CHECK_CLOCK_S):
            await check.run()
    except _Stopped:
        pass
    except TimeoutError:
        check.expire()
    return check.report()


class _Stopped(Exception):
    """A stage failed."""


class _Check:
    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._context = ErrorContext(provider=subject.provider)
        self._stage = "name"
        self._began = time.perf_counter()
        self._stages: list[CheckStage] = []
        self._models: list[ModelInfo] = []
        self._error: LlmtuiError | None = None

    async def run(self) -> None:
        with self._staged("name", ""):
            url = await self._subject.address()
            place = urlsplit(url)
            host, port = host_and_port(place)
        if proxy := self._subject.route.proxy_name:
            self._record("name", CheckState.SKIPPED, f"left to the proxy {proxy}")
        else:
            await self._reach(url, place.scheme, host, port)
        await self._ask()

    def expire(self) -> None:
        """The clock ran out during a stage."""
        words = f"no answer within {CHECK_CLOCK_S:g} s"
        self._error = Timeout(words, phase="total", context=self._context, hint=_SILENT.get(self._stage, ""))
        self._record(self._stage, CheckState.FAILED, words)

    def report(self) -> ConnectionReport:
        hint = self._error.hint if self._error else ""
        return ConnectionReport(
            self._subject.provider, tuple(self._stages), tuple(self._models), hint=hint, error=self._error
        )

    async def _reach(self, url: str, scheme: str, host: str, port: int) -> None:
        with self._staged("name", url):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        self._passed(", ".join(dict.fromkeys(str(address[0]) for *_, address in found)))
        with self._staged("tcp", url):
            _, writer = await asyncio.open_connection(host, port, happy_eyeballs_delay=NEXT_ADDRESS_AFTER_S)
        self._passed(f"port {port} is open")
        try:
            if scheme == "https":
                with self._staged("tls", url):
                    context = tls_context(self._subject.route.ca_file)
                    await writer.start_tls(context, server_hostname=host)
                self._passed("the certificate is trusted")
        finally:
            writer.transport.abort()

    async def _ask(self) -> None:
        self._begin("http")
        try:
            self._models = await self._subject.models()
        except (AuthError, BillingError) as error:
            self._passed(_status(error))
            self._begin("auth")
            if self._subject.key == "kept back":
                self._record("auth", CheckState.SKIPPED, KEY_KEPT_BACK)
                return
            self._stop(error)
        except ProviderError as error:
            # It speaks HTTP and refused only this request; a ConnectError with a status is a proxy's.
            if 400 <= (error.context.status or 0) < 500 and not isinstance(error, ConnectError):
                self._passed(_status(error))
                self._begin("models")
            self._stop(error)
        except LlmtuiError as error:
            self._stop(error)
        self._passed("answered")
        self._begin("auth")
        match self._subject.key:
            case "sent":
                self._passed("the key was not refused")
            case "kept back":
                self._record("auth", CheckState.SKIPPED, KEY_KEPT_BACK)
            case "none":
                self._passed("no key is sent")
        self._begin("models")
        self._passed(f"{len(self._models)} found")

    @contextmanager
    def _staged(self, stage: str, url: str) -> Iterator[None]:
        self._begin(stage)
        try:
            yield
        except LlmtuiError as error:
            self._stop(error)
        # Before ValueError, which an untrusted certificate is too.
        except OSError as error:
            self._stop(transport_error(error, url, started=False, context=self._context, secrets=()))
        except ValueError:
            hint = "set base_url to a URL such as http://127.0.0.1:8080/v1"
            self._stop(BadRequest("the base URL is no address", context=self._context, hint=hint))

    def _begin(self, stage: str) -> None:
        self._stage, self._began = stage, time.perf_counter()

    def _passed(self, detail: str) -> None:
        self._record(self._stage, CheckState.OK, detail)

    def _stop(self, error: LlmtuiError) -> NoReturn:
        if isinstance(error, ConnectError) and error.hint == REFUSED.hint:
            error.hint = self._subject.when_refused or error.hint
        elif isinstance(error, ProviderError) and error.context.status == HTTPStatus.NOT_FOUND:
            error.hint = self._subject.when_not_found or error.hint
        self._error = error
        self._record(self._stage, CheckState.FAILED, sanitise_line(str(error)))
        raise _Stopped from None

    def _record(self, stage: str, state: CheckState, detail: str) -> None:
        self._stages.append(CheckStage(stage, state, detail, time.perf_counter() - self._began))


def _status(error: ProviderError) -> str:
    return f"answered with status {error.context.status}" if error.context.status else "answered"
