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
    OpaqueBlock,
    ReasoningDelta,
    ReasoningEnd,
    Start,
    Status,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    UsageUpdate,
    Warning,
)
from llmtui.core.logs import scrubbed
from llmtui.core.text import Sanitiser, sanitise, sanitise_line, well_formed

ENDS_TEXT = (*DELTAS, Finish)
"""Events after which a held character cannot find its other half."""


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
    # The one boundary with foreign code: a plugin's bug ends its reply, not the app.
    except Exception as error:
        # A reply that is complete stays so, whatever goes wrong in closing its connection.
        if grammar.finished:
            return
        for clean in grammar.flush():
            yield clean
        if isinstance(error, ProviderError):
            grammar.describe(error)
            raise
        bug = bug_of(error)
        grammar.describe(bug)
        raise bug from error
    finally:
        timer.close()


def bug_of(error: Exception, provider: str = "") -> ProviderError:
    """What an error means that a provider should not raise."""
    return ProviderError(
        scrubbed(f"{type(error).__name__}: {error}"),
        context=ErrorContext(provider=provider),
        hint="this is a bug in the provider",
    )


class _Timer:
    """Waits for the next event, as long as the clocks allow.

    Works like `asyncio.timeout` with one timer for the whole stream: an event only moves the deadline,
    and the timer looks at it when it fires. It acts only while the stream is waited for.
    """

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self._loop = asyncio.get_running_loop()
        self._started = False
        self._ends = math.inf if clocks.total is None else self._loop.time() + clocks.total
        self._phase: TimeoutPhase = "first_event"
        self._deadline = math.inf
        self._handle: asyncio.TimerHandle | None = None
        self._waiting: asyncio.Task[object] | None = None
        self._expired = False

    async def next_of(self, stream: AsyncGenerator[StreamEvent, None]) -> StreamEvent | None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a stream is read inside a task")
        self._set_deadline()
        cancelling, event = task.cancelling(), None
        self._waiting = task
        try:
            event = await anext(stream, None)
        except asyncio.CancelledError:
            # Somebody else's cancellation wins, even when it came at the same moment.
            if not self._expired or task.uncancel() > cancelling:
                raise
        except Exception:
            if not self._expired:
                raise
            task.uncancel()
        else:
            # The stream may have swallowed our cancellation: nothing of it may remain in the task.
            if self._expired:
                task.uncancel()
        finally:
            self._waiting = None
        if self._expired:
            raise Timeout(self._words(), phase=self._phase)
        self._started = self._started or not isinstance(event, Status | Warning)
        return event

    def close(self) -> None:
        if self._handle is not None:
            self._handle.cancel()

    def _set_deadline(self) -> None:
        now = self._loop.time()
        self._phase = "idle" if self._started else "first_event"
        limit = self._clocks.idle if self._started else self._clocks.first_event
        self._deadline = math.inf if limit is None else now + limit
        if self._ends < self._deadline:
            self._phase, self._deadline = "total", self._ends
        if now >= self._deadline:
            raise Timeout(self._words(), phase=self._phase)
        if self._handle is None or self._handle.when() > self._deadline:
            self._arm()

    def _arm(self) -> None:
        self.close()
        self._handle = None if self._deadline == math.inf else self._loop.call_at(self._deadline, self._fire)

    def _fire(self) -> None:
        self._handle = None
        if self._waiting is None:
            return
        if self._loop.time() < self._deadline:
            self._arm()
            return
        self._expired = True
        self._waiting.cancel()

    def _words(self) -> str:
        if self._phase == "total":
            return f"the reply took longer than {self._clocks.total:g} s"
        if self._phase == "idle":
            return f"the stream stalled: nothing new for {self._clocks.idle:g} s"
        return f"no answer within {self._clocks.first_event:g} s"


class Grammar:
    """The state of one stream: what may come next."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._start: Start | None = None
        self._shown = False
        self._last: type[StreamEvent] | None = None
        self._open_calls: set[str] = set()
        self._seen_calls: set[str] = set()
        self._text = Sanitiser()
        self._reasoning = Sanitiser()
        self.finished = False

    def accept(self, event: StreamEvent) -> Iterator[StreamEvent]:
        """Check an event and yield it clean; raises ProtocolError when it may not come now."""
        if isinstance(event, ENDS_TEXT) and type(event) is not self._last:
            yield from self.flush()
            self._last = type(event)
        self._check(event)
        clean = self._clean(event)
        self.finished = isinstance(clean, Finish)
        if isinstance(clean, TextDelta | ReasoningDelta) and not clean.text:
            return
        if isinstance(clean, DELTAS):
            self._shown = True
        yield clean

    def flush(self) -> Iterator[StreamEvent]:
        """Characters that were held back because they could have been half of a pair."""
        for kind, held in ((ReasoningDelta, self._reasoning), (TextDelta, self._text)):
            if rest := held.flush():
                self._shown = True
                yield kind(rest)

    def describe(self, error: ProviderError) -> None:
        """Tell the error what is known here: the provider, the model, whether text was shown."""
        model = self._start.model if self._start else ""
        known = error.context
        error.context = replace(
            known,
            provider=known.provider or self._provider,
            # A plugin may have put anything there.
            model=sanitise_line(str(known.model or model)),
            code=sanitise_line(str(known.code)),
            request_id=_line_or_none(known.request_id),
        )
        error.args = (sanitise(str(error)),)
        error.partial = self._shown

    def _check(self, event: StreamEvent) -> None:
        match event:
            # The most frequent first.
            case TextDelta() | ReasoningDelta() | ReasoningEnd() | OpaqueBlock() | UsageUpdate():
                pass
            case Start():
                self._require(self._start is None, "a second Start")
                self._start = event
            case Status() | Warning():
                pass
            case Finish():
                self._require(self._start is not None, "Finish before Start")
                self._require(not self._open_calls, "Finish inside a tool call")
            case ToolCallStart(id=call_id):
                self._require(call_id not in self._seen_calls, "a tool call's id twice")
                self._open_calls.add(call_id)
                self._seen_calls.add(call_id)
            case ToolCallDelta(id=call_id):
                self._require(call_id in self._open_calls, "a fragment of no open tool call")
            case ToolCallEnd(id=call_id):
                self._require(call_id in self._open_calls, "the end of no open tool call")
                self._open_calls.discard(call_id)
            case _:
                self._require(False, f"{type(event).__name__} is no event")
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
            case ToolCallDelta(id=call_id, fragment=fragment):
                return ToolCallDelta(well_formed(call_id), well_formed(fragment))
            case Start(model=model, request_id=request_id):
                return replace(event, model=sanitise_line(model), request_id=_line_or_none(request_id))
            case ToolCallStart(id=call_id, name=name):
                return ToolCallStart(well_formed(call_id), sanitise_line(name))
            case ToolCallEnd(id=call_id, name=name, arguments=arguments, parse_error=problem):
                # A tool gets its arguments as the model wrote them; who shows them sanitises them.
                return ToolCallEnd(
                    well_formed(call_id), sanitise_line(name), well_formed(arguments), _line_or_none(problem)
                )
            case Finish(raw_reason=raw):
                return replace(event, raw_reason=sanitise_line(raw))
            case Status(detail=detail):
                return replace(event, detail=sanitise_line(detail))
            case Warning(message=message):
                return replace(event, message=sanitise_line(message))
        return event


def _line_or_none(text: str | None) -> str | None:
    return None if text is None else sanitise_line(str(text))
