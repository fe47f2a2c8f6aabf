"""A line of the log for each request: who was asked, how it went and what it took, never what was said."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from types import MappingProxyType

from llmtui.core.errors import (
    ConfigError,
    ConnectError,
    IncompleteStream,
    LlmtuiError,
    ProviderError,
    Timeout,
)
from llmtui.core.events import DELTAS, Finish, Start, Status, StreamEvent, UsageUpdate
from llmtui.core.logs import logfmt
from llmtui.core.usage import Usage

_log = logging.getLogger(__name__)
_IN_OUR_WORDS = (ConfigError, ConnectError, IncompleteStream, Timeout)


async def logged(
    events: AsyncGenerator[StreamEvent, None], *, provider: str, model: str | None, host: str
) -> AsyncGenerator[StreamEvent, None]:
    """The same events; their end is logged, whatever it is, and each new try before it."""
    request = _Request(provider, model, host)
    error: BaseException | None = None
    try:
        async with aclosing(events):
            async for event in events:
                request.note(event)
                yield event
    except BaseException as problem:
        error = problem
        raise
    finally:
        request.log_end(error)


class _Request:
    def __init__(self, provider: str, model: str | None, host: str) -> None:
        self._provider = provider
        self._model = model
        self._host = host
        self._began_s = time.monotonic()
        self._first_s: float | None = None
        self._attempts = 1
        self._request_id: str | None = None
        self._usage = Usage()
        self._finish: Finish | None = None

    def note(self, event: StreamEvent) -> None:
        match event:
            case Start(model=model):
                self._model = model or self._model
                self._request_id = event.request_id
            case UsageUpdate(usage):
                self._usage = usage
            case Finish():
                self._finish = event
            case Status(kind="retrying"):
                self._attempts = event.attempt
                tries = {"attempt": event.attempt, "delay_s": event.delay_s}
                _log.warning(logfmt("retrying", provider=self._provider, **tries))
            case Status():
                _log.debug(logfmt(event.kind, provider=self._provider, detail=event.detail))
        if self._first_s is None and isinstance(event, DELTAS):
            self._first_s = time.monotonic() - self._began_s

    def log_end(self, error: BaseException | None) -> None:
        stopped = error is None or isinstance(error, asyncio.CancelledError | GeneratorExit)
        if stopped and self._finish is not None:
            self._log(logging.INFO, "complete", {"finish": self._finish.reason})
        elif stopped:
            self._log(logging.INFO, "stopped")
        elif isinstance(error, LlmtuiError):
            # The guard's name for a bug in a provider: its cause is what to look for.
            bug = error.__cause__ if type(error) is ProviderError else None
            self._log(logging.ERROR, type(error).__name__, _described(error), bug)
        else:
            self._log(logging.ERROR, type(error).__name__, crash=error)

    def _log(
        self,
        level: int,
        outcome: str,
        details: Mapping[str, object] = MappingProxyType({}),
        crash: BaseException | None = None,
    ) -> None:
        facts = {"provider": self._provider, "model": self._model, "host": self._host, "outcome": outcome}
        times = {"seconds": time.monotonic() - self._began_s, "first_s": self._first_s}
        more = {"attempts": self._attempts, "input": self._usage.input, "output": self._usage.output}
        line = logfmt("request", **facts, **{"request_id": self._request_id, **details}, **times, **more)
        _log.log(level, line, exc_info=crash)


def _described(error: LlmtuiError) -> Mapping[str, object]:
    """What is known of a failure, without a server's words: they can repeat what was asked."""
    words: dict[str, object] = {"message": error} if isinstance(error, _IN_OUR_WORDS) else {}
    if not isinstance(error, ProviderError):
        return words
    context = error.context
    known = {"status": context.status, "code": context.code, "request_id": context.request_id}
    return {**words, **{name: value for name, value in known.items() if value}, "partial": error.partial}
