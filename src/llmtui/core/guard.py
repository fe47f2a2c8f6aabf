"""The guard around every provider's stream: grammar, clocks, clean text, honest ends.

Whatever an adapter or a third-party plugin yields or raises, what leaves here obeys the grammar of
`core.events`, its text is sanitised, and the only exceptions are `ProviderError`s and cancellation.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace

from llmtui.core.errors import (
    ErrorContext,
    IncompleteStream,
    ProtocolError,
    ProviderError,
    Timeout,
    TimeoutPhase,
)
from llmtui.core.events import (
    DELTAS,
    Finish,
    ReasoningDelta,
    Start,
    Status,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    Warning,
)
from llmtui.core.text import Sanitiser, sanitise, sanitise_line


@dataclass(frozen=True, slots=True)
class Clocks:
    """Seconds that a request may take; None never runs out.

    `connect` is for the adapter's HTTP client. The others are kept by the guard and count decoded events,
    not bytes: a server that only sends keep-alives is stalled.
    """

    connect: float | None = 5.0
    first_event: float | None = 60.0
    idle: float | None = 120.0
    total: float | None = None


async def guard(
    stream: AsyncGenerator[StreamEvent, None], provider: str, clocks: Clocks
) -> AsyncGenerator[StreamEvent, None]:
    """Pass a stream's events on as the grammar allows them; closes the inner stream in every case."""
    grammar = Grammar(provider)
    timer = _Timer(clocks)
    try:
        async with aclosing(stream):
            while not grammar.finished and (event := await timer.next_of(stream)) is not None:
                for clean in grammar.accept(event):
                    yield clean
        if not grammar.finished:
            raise IncompleteStream("the connection ended before the reply was complete")
    except ProviderError as error:
        for clean in grammar.flush():
            yield clean
        grammar.describe(error)
        raise
    # The one boundary with foreign code: a plugin's bug ends its reply, not the app.
    except Exception as error:
        for clean in grammar.flush():
            yield clean
        bug = ProviderError(f"{type(error).__name__}: {error}", hint="this is a bug in the provider")
        grammar.describe(bug)
        raise bug from error


class _Timer:
    """Waits for the next event, as long as the clocks allow."""

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self._started = False
        self._deadline = asyncio.get_running_loop().time() + (clocks.total or math.inf)

    async def next_of(self, stream: AsyncGenerator[StreamEvent, None]) -> StreamEvent | None:
        phase, limit = self._limit()
        clock = asyncio.timeout(limit)
        try:
            async with clock:
                event = await anext(stream, None)
        except TimeoutError:
            if not clock.expired():
                raise
            raise Timeout(self._words(phase), phase=phase) from None
        self._started = self._started or not isinstance(event, Status | Warning)
        return event

    def _limit(self) -> tuple[TimeoutPhase, float | None]:
        phase: TimeoutPhase = "idle" if self._started else "first_event"
        limit = self._clocks.idle if self._started else self._clocks.first_event
        left = self._deadline - asyncio.get_running_loop().time()
        if left < (math.inf if limit is None else limit):
            return "total", left
        return phase, limit

    def _words(self, phase: TimeoutPhase) -> str:
        if phase == "total":
            return f"the reply took longer than {self._clocks.total:g} s"
        if phase == "idle":
            return f"the stream stalled: nothing new for {self._clocks.idle:g} s"
        return f"no answer within {self._clocks.first_event:g} s"


class Grammar:
    """The state of one stream: what may come next."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._start: Start | None = None
        self._shown = False
        self._open_calls: set[str] = set()
        self._seen_calls: set[str] = set()
        self._text = Sanitiser()
        self._reasoning = Sanitiser()
        self.finished = False

    def accept(self, event: StreamEvent) -> Iterator[StreamEvent]:
        """Check an event and yield it clean; raises ProtocolError when it may not come now."""
        if not isinstance(event, TextDelta | ReasoningDelta):
            yield from self.flush()
        self._check(event)
        clean = self._clean(event)
        if isinstance(clean, TextDelta | ReasoningDelta) and not clean.text:
            return
        if isinstance(clean, DELTAS):
            self._shown = True
        yield clean

    def flush(self) -> Iterator[StreamEvent]:
        """Characters that were held back because they could have been half of a pair."""
        if rest := self._reasoning.flush():
            yield ReasoningDelta(rest)
        if rest := self._text.flush():
            yield TextDelta(rest)

    def describe(self, error: ProviderError) -> None:
        """Tell the error what is known here: the provider, the model, whether text was shown."""
        model = self._start.model if self._start else ""
        known = error.context
        error.context = replace(known, provider=known.provider or self._provider, model=known.model or model)
        error.args = (sanitise(str(error)),)
        error.partial = self._shown

    def _check(self, event: StreamEvent) -> None:
        match event:
            case Start():
                self._require(self._start is None, "a second Start")
                self._start = event
            case Status() | Warning():
                pass
            case Finish():
                self._require(self._start is not None, "Finish before Start")
                self._require(not self._open_calls, "Finish inside a tool call")
                self.finished = True
            case ToolCallStart(id=call_id):
                self._require(call_id not in self._seen_calls, "a tool call's id twice")
                self._open_calls.add(call_id)
                self._seen_calls.add(call_id)
            case ToolCallDelta(id=call_id):
                self._require(call_id in self._open_calls, "a fragment of no open tool call")
            case ToolCallEnd(id=call_id):
                self._require(call_id in self._open_calls, "the end of no open tool call")
                self._open_calls.discard(call_id)
        if isinstance(event, DELTAS):
            self._require(self._start is not None, "a delta before Start")

    def _require(self, holds: bool, what: str) -> None:
        if not holds:
            raise ProtocolError(
                f"the provider broke the event grammar: {what}", context=ErrorContext(provider=self._provider)
            )

    def _clean(self, event: StreamEvent) -> StreamEvent:
        match event:
            case TextDelta(text):
                return TextDelta(self._text.feed(text))
            case ReasoningDelta(text):
                return ReasoningDelta(self._reasoning.feed(text))
            case Start(model=model):
                return replace(event, model=sanitise_line(model))
            case ToolCallStart(name=name) | ToolCallEnd(name=name):
                return replace(event, name=sanitise_line(name))
            case Status(detail=detail):
                return replace(event, detail=sanitise_line(detail))
            case Warning(message=message):
                return replace(event, message=sanitise_line(message))
        return event
