"""A connection check in stages: name, tcp, tls, http, auth, models. It stops at the first failure.

With a `FullTest` it tells its stages as they come, asks what a kind adds to them, and may take its time.
"""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
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
from llmtui.providers.full_test import Advice, ExtraStage, FullTest
from llmtui.providers.locality import host_and_port
from llmtui.providers.network import Route, tls_context
from llmtui.providers.tls_probe import asks_for_tls
from llmtui.providers.transport import REFUSED, SPEAKS_TLS

CHECK_CLOCK_S = 2.5
"""Less than who waits for a check allows it, so that the stage that took too long is told."""
STAGE_CLOCK_S = 8.0
"""For each stage of a full test: the person who waits for it sees it, and can cancel."""

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


async def run_check(subject: Subject, full: FullTest | None = None) -> ConnectionReport:
    """Check the way to a server, then ask it for its models; never raises.

    It takes at most `CHECK_CLOCK_S`; a full test takes at most `STAGE_CLOCK_S` for each stage.
    """
    check = _Check(subject, full)
    try:
        async with asyncio.timeout(check.clock_s) as clock:
            check.clock = clock
            await check.run()
    except _Stopped:
        pass
    except TimeoutError:
        check.expire()
    await check.advise()
    return check.report()


class _Stopped(Exception):
    """A stage failed."""


class _Check:
    def __init__(self, subject: Subject, full: FullTest | None) -> None:
        self._subject = subject
        self._full = full
        self._context = ErrorContext(provider=subject.provider)
        self._stage = "name"
        self._began = time.perf_counter()
        self._stages: list[CheckStage] = []
        self._models: list[ModelInfo] = []
        self._error: LlmtuiError | None = None
        self._is_extra = False
        """Whether the stage is one of the full test's own."""
        self._refused = False
        self._advice = Advice()
        self.clock_s = STAGE_CLOCK_S if full else CHECK_CLOCK_S
        self.clock: asyncio.Timeout | None = None

    async def run(self) -> None:
        with self._staged("url" if self._full else "name", ""):
            url = await self._subject.address()
            place = urlsplit(url)
            host, port = host_and_port(place)
        if self._full:
            self._passed(self._full.understood or url)
        if proxy := self._subject.route.proxy_name:
            self._record("name", CheckState.SKIPPED, f"left to the proxy {proxy}")
        else:
            await self._reach(url, place.scheme, host, port)
        try:
            await self._ask()
        except _Stopped:
            if self._full and place.scheme == "http" and not proxy:
                await self._suspect_tls(host, port)
            raise

    def expire(self) -> None:
        """The clock ran out during a stage."""
        words = f"no answer within {self.clock_s:g} s"
        self._error = Timeout(words, phase="total", context=self._context, hint=_SILENT.get(self._stage, ""))
        self._record(self._stage, CheckState.FAILED, words)

    async def advise(self) -> None:
        """Find out what helps."""
        if self._refused and self._full and self._full.when_refused:
            self._advice = await self._full.when_refused()

    def report(self) -> ConnectionReport:
        return ConnectionReport(
            self._subject.provider,
            tuple(self._stages),
            tuple(self._models),
            hint=self._advice.hint or (self._error.hint if self._error else ""),
            error=self._error,
            remedies=self._advice.remedies,
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
        identified = await self._identify()
        if not identified:
            self._begin("http")

        def answered(words: str) -> None:
            if not identified:
                self._passed(words)
                self._begin("auth")

        try:
            self._models = await self._subject.models()
        except (AuthError, BillingError) as error:
            answered(_status(error))
            if self._subject.key == "kept back":
                self._record("auth", CheckState.SKIPPED, KEY_KEPT_BACK)
                return
            self._stop(error)
        except ProviderError as error:
            # It speaks HTTP and refused only this request; a ConnectError with a status is a proxy's.
            if 400 <= (error.context.status or 0) < 500 and not isinstance(error, ConnectError):
                answered(_status(error))
                self._begin("models")
            self._stop(error)
        except LlmtuiError as error:
            self._stop(error)
        answered("answered")
        match self._subject.key:
            case "sent":
                self._passed("the key was not refused")
            case "kept back":
                self._record("auth", CheckState.SKIPPED, KEY_KEPT_BACK)
            case "none":
                self._passed("no key is sent")
        await self._ask_extra(self._full.after_auth if self._full else ())
        self._begin("models")
        self._passed(f"{len(self._models)} found")
        await self._ask_extra(self._full.after_models if self._full else ())

    async def _identify(self) -> bool:
        """Whether a request of its own told who answers; the next one is then a stage by itself."""
        if self._full is None or self._full.identify is None:
            return False
        self._begin("http")
        try:
            words = await self._full.identify()
        except LlmtuiError as error:
            self._stop(error)
        self._record("http", CheckState.OK, sanitise_line(words), extra=True)
        self._begin("auth")
        return True

    async def _ask_extra(self, stages: Sequence[ExtraStage]) -> None:
        for stage in stages:
            self._begin(stage.name, extra=True)
            try:
                verdict = await stage.ask(self._models)
            except LlmtuiError as error:
                self._stop(error)
            self._record(stage.name, verdict.state, sanitise_line(verdict.detail))
            if verdict.advice.hint:
                self._advice = verdict.advice
            if verdict.state is CheckState.FAILED:
                raise _Stopped

    async def _suspect_tls(self, host: str, port: int) -> None:
        """Say that https was meant where the server of an http address speaks TLS."""
        if self.clock:
            # The stage has failed already, and what is asked now has a clock of its own.
            self.clock.reschedule(None)
        if self._stage == "http" and await asks_for_tls(host, port, self._error):
            self._advice = Advice(SPEAKS_TLS.hint)
            self._stages[-1] = replace(self._stages[-1], detail=SPEAKS_TLS.words)
            self._tell(self._stages[-1])

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

    def _begin(self, stage: str, *, extra: bool = False) -> None:
        self._stage, self._began, self._is_extra = stage, time.perf_counter(), extra
        if self._full and self.clock:
            self.clock.reschedule(asyncio.get_running_loop().time() + self.clock_s)
        self._tell(CheckStage(stage, CheckState.RUNNING))

    def _passed(self, detail: str) -> None:
        self._record(self._stage, CheckState.OK, detail)

    def _stop(self, error: LlmtuiError) -> NoReturn:
        if isinstance(error, ConnectError) and error.hint == REFUSED.hint:
            self._refused = True
            error.hint = self._subject.when_refused or error.hint
        elif isinstance(error, ProviderError) and error.context.status == HTTPStatus.NOT_FOUND:
            error.hint = self._subject.when_not_found or error.hint
        self._error = error
        self._record(self._stage, CheckState.FAILED, sanitise_line(str(error)))
        raise _Stopped from None

    def _record(self, stage: str, state: CheckState, detail: str, *, extra: bool = False) -> None:
        seconds = time.perf_counter() - self._began
        self._stages.append(CheckStage(stage, state, detail, seconds, extra or self._is_extra))
        self._tell(self._stages[-1])

    def _tell(self, stage: CheckStage) -> None:
        if self._full:
            self._full.told(stage)


def _status(error: ProviderError) -> str:
    return f"answered with status {error.context.status}" if error.context.status else "answered"
