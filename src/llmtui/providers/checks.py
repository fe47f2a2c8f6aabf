"""A connection check in stages: name, tcp, tls, http, auth, models. It stops at the first failure."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from llmtui.core.errors import AuthError, BillingError, ErrorContext, LlmtuiError, ProviderError
from llmtui.core.models import CheckStage, CheckState, ConnectionReport, ModelInfo
from llmtui.core.text import sanitise_line
from llmtui.providers.failures import transport_error
from llmtui.providers.http import LOOPBACK, tls_context
from llmtui.providers.locality import host_and_port

CHECK_CLOCK_S = 2.5
"""Less than who waits for a check allows it, so that the stage that took too long is told."""


async def run_check(
    provider: str,
    base_url: Callable[[], Awaitable[str]],
    models: Callable[[], Awaitable[list[ModelInfo]]],
    *,
    hint: str = "",
) -> ConnectionReport:
    """Check the way to a server, then ask it for its models; takes at most `CHECK_CLOCK_S`, never raises."""
    check = _Check(provider)
    try:
        async with asyncio.timeout(CHECK_CLOCK_S):
            await check.run(base_url, models)
    except _Stopped as stopped:
        hint = stopped.hint or hint
    except TimeoutError:
        check.fail(f"no answer within {CHECK_CLOCK_S:g} s")
    return ConnectionReport(provider, tuple(check.stages), tuple(check.models), hint="" if check.ok else hint)


class _Stopped(Exception):
    """A stage failed."""

    def __init__(self, hint: str = "") -> None:
        super().__init__(hint)
        self.hint = hint


class _Check:
    def __init__(self, provider: str) -> None:
        self._context = ErrorContext(provider=provider)
        self._stage = "name"
        self._began = time.perf_counter()
        self.stages: list[CheckStage] = []
        self.models: list[ModelInfo] = []

    @property
    def ok(self) -> bool:
        return all(stage.state is not CheckState.FAILED for stage in self.stages)

    async def run(
        self, base_url: Callable[[], Awaitable[str]], models: Callable[[], Awaitable[list[ModelInfo]]]
    ) -> None:
        with self._staged("name", ""):
            url = await base_url()
            place = urlsplit(url)
            host, port = host_and_port(place)
        if _through_proxy(place.scheme, host):
            self._record("name", CheckState.SKIPPED, "through the proxy of the environment")
        else:
            await self._reach(url, place.scheme, host, port)
        await self._ask(models)

    async def _reach(self, url: str, scheme: str, host: str, port: int) -> None:
        with self._staged("name", url):
            await asyncio.get_running_loop().getaddrinfo(host, port)
        self._passed(host)
        with self._staged("tcp", url):
            _, writer = await asyncio.open_connection(host, port)
        self._passed(f"port {port}")
        try:
            if scheme == "https":
                with self._staged("tls", url):
                    await writer.start_tls(tls_context(), server_hostname=host)
                self._passed("certificate trusted")
        finally:
            writer.transport.abort()

    async def _ask(self, models: Callable[[], Awaitable[list[ModelInfo]]]) -> None:
        self._begin("http")
        try:
            self.models = await models()
        except (AuthError, BillingError) as error:
            self._passed(f"status {error.context.status}" if error.context.status else "")
            self._begin("auth")
            self._stop(error)
        except ProviderError as error:
            status = error.context.status
            # It speaks HTTP and refused only this request.
            if status is not None and 400 <= status < 500:
                self._passed(f"status {status}")
                self._begin("models")
            self._stop(error)
        except LlmtuiError as error:
            self._stop(error)
        self._passed("")
        for stage, detail in (("auth", ""), ("models", f"{len(self.models)} found")):
            self._begin(stage)
            self._passed(detail)

    def fail(self, detail: str) -> None:
        """Record that the current stage failed."""
        self._record(self._stage, CheckState.FAILED, detail)

    @contextmanager
    def _staged(self, stage: str, url: str) -> Iterator[None]:
        self._begin(stage)
        try:
            yield
        except LlmtuiError as error:
            self._stop(error)
        except ValueError:
            self.fail("the base URL is no address")
            raise _Stopped("set base_url to a URL such as http://127.0.0.1:8080/v1") from None
        except OSError as error:
            self._stop(transport_error(error, url, started=False, context=self._context, secrets=()))

    def _begin(self, stage: str) -> None:
        self._stage, self._began = stage, time.perf_counter()

    def _passed(self, detail: str) -> None:
        self._record(self._stage, CheckState.OK, detail)

    def _stop(self, error: LlmtuiError) -> None:
        self.fail(sanitise_line(str(error)))
        raise _Stopped(error.hint) from None

    def _record(self, stage: str, state: CheckState, detail: str) -> None:
        self.stages.append(CheckStage(stage, state, detail, time.perf_counter() - self._began))


def _through_proxy(scheme: str, host: str) -> bool:
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    direct = host in LOOPBACK or proxy_bypass(host)
    return bool(proxies.get(scheme) or proxies.get("all")) and not direct
