"""Retries around a provider: only before the first visible event, visible, and cancellable."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from llmtui.core.chat import ChatRequest, ChatResponse, fold
from llmtui.core.errors import LlmtuiError, ProviderError
from llmtui.core.events import DELTAS, Finish, Status, StreamEvent
from llmtui.core.guard import Clocks, bug_of, guard
from llmtui.core.logs import logfmt
from llmtui.core.model_admin import ModelAdmin
from llmtui.core.models import (
    Capabilities,
    ConfigIssue,
    ConnectionReport,
    ModelInfo,
    ProviderType,
    StageListener,
)
from llmtui.core.ports import Provider
from llmtui.routing.request_log import logged
from llmtui.routing.uses import Uses

_log = logging.getLogger(__name__)
ATTEMPTS = 2
BASE_DELAY_S = 0.5
LONGEST_DELAY_S = 8.0
LONGEST_RETRY_AFTER_S = 60.0


def backoff_s(attempt: int, retry_after_s: float | None, rng: random.Random) -> float | None:
    """Seconds before the next try, with full jitter; None when the server asks for too long a wait.

    Source: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """
    if retry_after_s is not None:
        return retry_after_s if retry_after_s <= LONGEST_RETRY_AFTER_S else None
    return rng.uniform(0, min(LONGEST_DELAY_S, BASE_DELAY_S * 2**attempt))


class RetryingProvider:
    """A provider behind the guard that tries once more when nothing was shown yet."""

    def __init__(
        self,
        inner: Provider,
        clocks: Clocks,
        *,
        host: str = "",
        rng: random.Random | None = None,
        sleep: Callable[[float], Any] = asyncio.sleep,
    ) -> None:
        self._inner = inner
        self._clocks = clocks
        self._host = host
        self._rng = rng or random.Random()
        self._sleep = sleep
        self._uses = Uses(inner.aclose)

    @property
    def id(self) -> str:
        """The inner provider's id."""
        return self._inner.id

    @property
    def name(self) -> str:
        """The inner provider's name."""
        return self._inner.name

    @property
    def type(self) -> ProviderType:
        """The inner provider's type."""
        return self._inner.type

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        """Ask, at most `ATTEMPTS` times before the first visible event, and log how that went."""
        tries = self._tries(request)
        if not request.private:
            tries = logged(tries, provider=self.id, model=request.model, host=self._host)
        async with self._uses.one(), aclosing(tries) as events:
            async for event in events:
                yield event

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """Ask, and return the whole reply."""
        return await fold(self.stream_chat(request))

    def capabilities(self, model: str | None = None) -> Capabilities:
        """What the inner provider knows of the model; nothing where it fails at that."""
        try:
            return self._inner.capabilities(model)
        # A plugin's bug costs what it would have told, and not the screen that asks.
        except Exception:  # noqa: BLE001
            _log.exception(logfmt("provider's capabilities failed", provider=self.id, model=model))
            return Capabilities()

    def validate_config(self, config: Mapping[str, Any]) -> list[ConfigIssue]:
        """What the inner provider says of the settings."""
        return self._inner.validate_config(config)

    async def check(self, *, with_key: bool = True) -> ConnectionReport:
        """The inner provider's check, never retried."""
        async with self._uses.one():
            return await self._inner.check(with_key=with_key)

    async def examine(self, told: StageListener) -> ConnectionReport:
        """The inner provider's full check, never retried."""
        async with self._uses.one():
            return await self._inner.examine(told)

    def default_models(self) -> list[ModelInfo]:
        """The inner provider's models; none where it fails at that."""
        try:
            return self._inner.default_models()
        except Exception:  # noqa: BLE001
            _log.exception(logfmt("provider's default models failed", provider=self.id))
            return []

    async def list_models(self) -> list[ModelInfo]:
        """The inner provider's live list, never retried."""
        async with self._uses.one():
            try:
                return await self._inner.list_models()
            except LlmtuiError:
                raise
            except Exception as error:
                raise bug_of(error, self.id) from error

    def model_admin(self) -> ModelAdmin | None:
        """What manages the inner provider's models; it outlives the provider."""
        return self._inner.model_admin()

    async def retire(self) -> None:
        """Close the inner provider when its last stream has ended."""
        await self._uses.retire()

    async def aclose(self) -> None:
        """Close the inner provider."""
        await self._inner.aclose()

    async def _tries(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        for attempt in range(1, ATTEMPTS + 1):
            shown = _Shown()
            try:
                async with aclosing(self._guarded(request)) as events:
                    async for event in events:
                        for ready in shown.take(event):
                            yield ready
                return
            except ProviderError as error:
                delay = self._delay(error, attempt)
                if delay is None:
                    for kept in shown.rest():
                        yield kept
                    raise
                yield Status("retrying", str(error), attempt=attempt + 1, delay_s=delay)
            await self._sleep(delay)

    def _guarded(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        return guard(self._inner.stream_chat(request), self.id, self._clocks)

    def _delay(self, error: ProviderError, attempt: int) -> float | None:
        if not error.retryable or error.partial or attempt >= ATTEMPTS:
            return None
        return backoff_s(attempt, error.context.retry_after_s, self._rng)


class _Shown:
    """One try: holds everything but Status until something is visible, so that a retry starts clean."""

    def __init__(self) -> None:
        self._held: list[StreamEvent] | None = []

    def take(self, event: StreamEvent) -> Sequence[StreamEvent]:
        """What may pass now that this event has come."""
        if self._held is None or isinstance(event, Status):
            return (event,)
        self._held.append(event)
        return self.rest() if isinstance(event, (*DELTAS, Finish)) else ()

    def rest(self) -> Sequence[StreamEvent]:
        """What was held; from now on everything passes."""
        held, self._held = self._held or (), None
        return held
