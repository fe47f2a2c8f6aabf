"""One reply: from the request to the last event, recorded as it arrives."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from llmtui.core.chat import ChatRequest, ReplyBuilder
from llmtui.core.conversation import Message, Part, Role, TextPart
from llmtui.core.errors import ConfigError, LlmtuiError
from llmtui.core.events import (
    DELTAS,
    ReasoningDelta,
    Start,
    Status,
    StreamEvent,
    TextDelta,
)
from llmtui.core.history import JournalEntry, MessageState, RequestRecord, StoredMessage
from llmtui.core.logs import logfmt
from llmtui.core.ports import ProviderRegistry
from llmtui.core.usage import Usage, estimate_tokens
from llmtui.services.journal import Journal
from llmtui.services.recorder import Recorder

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReplyOpened:
    """The reply has its place in the tree, and the request is on its way."""

    message: StoredMessage


@dataclass(frozen=True, slots=True)
class ReplyClosed:
    """The reply is as it will stay; `error` says why it is not whole."""

    message: StoredMessage
    error: LlmtuiError | None = None


ReplyEvent: TypeAlias = ReplyOpened | StreamEvent | ReplyClosed
Priced: TypeAlias = Callable[[RequestRecord], Awaitable[RequestRecord]]
"""Adds to a row of the ledger what the request has cost."""


class Reply:
    """Runs one request, records it, and tells what happens.

    `prefix` is the text that a continued reply begins with.
    """

    def __init__(
        self,
        message: StoredMessage,
        record: RequestRecord,
        request: ChatRequest,
        *,
        registry: ProviderRegistry,
        recorder: Recorder,
        prefix: str = "",
        priced: Priced | None = None,
    ) -> None:
        self.message = message
        self.record = record
        self.started_s = self.last_event_s = time.monotonic()
        """Monotonic seconds of the request and of the newest event: how long a person has waited."""
        self.status: Status | None = None
        """What the provider last said that it waits for."""
        self.closed = asyncio.Event()
        """Set when the reply is recorded as it will stay."""
        self._request = request
        self._registry = registry
        self._recorder = recorder
        self._prefix = prefix
        self._priced = priced
        self._builder = ReplyBuilder()
        self._begun = False
        """Whether the store knows the reply; if not, it gets it whole at the end."""
        self._scope: asyncio.Timeout | None = None
        self._stop_requested = False

    @property
    def conversation_id(self) -> str:
        """The conversation that it belongs to."""
        return self.message.conversation_id

    @property
    def has_text(self) -> bool:
        """Whether anything of the answer was shown."""
        return self.record.first_token_at is not None

    def stop(self) -> None:
        """Close the stream now and keep what arrived."""
        self._stop_requested = True
        if self._scope is not None and not self._scope.expired():
            self._scope.reschedule(asyncio.get_running_loop().time())

    async def run(self, emit: Callable[[ReplyEvent], None]) -> None:
        """Ask and record until the end; `emit` gets every event, `ReplyClosed` the last.

        A cancellation from outside counts as a stop, is recorded, and goes on.
        """
        journal = Journal(self._write_journal)
        error: LlmtuiError | None = None
        state = MessageState.STOPPED
        self._begun = await self._recorder.write(self._recorder.store.begin_reply(self.message, self.record))
        emit(ReplyOpened(self.message))
        try:
            async with asyncio.timeout(None) as self._scope:
                if self._stop_requested:
                    self.stop()
                await self._stream(emit, journal)
            state = MessageState.COMPLETE
        except TimeoutError:
            pass
        except LlmtuiError as problem:
            state, error = MessageState.FAILED, problem
            if isinstance(problem, ConfigError) and not self._request.private:
                # What a provider answers is logged with its request; this one was never sent.
                _log.warning(logfmt("not asked", provider=self.record.provider, problem=problem))
        finally:
            self._scope = None
            await journal.close()
            await self._close(state, error)
            emit(ReplyClosed(self.message, error))
            self.closed.set()

    async def _stream(self, emit: Callable[[ReplyEvent], None], journal: Journal) -> None:
        provider = await asyncio.to_thread(self._registry.get, self.record.provider)
        async with aclosing(provider.stream_chat(self._request)) as events:
            async for event in events:
                self._note(event)
                match event:
                    case TextDelta(text):
                        journal.add("text", text)
                    case ReasoningDelta(text):
                        journal.add("reasoning", text)
                emit(event)

    def _note(self, event: StreamEvent) -> None:
        self._builder.add(event)
        self.last_event_s = time.monotonic()
        self.status = event if isinstance(event, Status) else None
        if isinstance(event, Status) and event.kind == "retrying":
            self.record = replace(self.record, attempts=event.attempt)
        elif isinstance(event, Start):
            self.record = replace(self.record, model=event.model or self.record.model)
        elif isinstance(event, DELTAS) and not self.has_text:
            self.record = replace(self.record, first_token_at=self._clock())

    async def _close(self, state: MessageState, error: LlmtuiError | None) -> None:
        finish = self._builder.finish
        self.record = replace(
            self.record,
            ended_at=self._clock(),
            usage=self._builder.usage or self._estimated_usage(),
            outcome=type(error).__name__ if error else str(state),
            error=_words(error),
            finish_reason=str(finish.reason) if finish else "",
        )
        parts = _joined(self._prefix, self._builder.parts)
        self.message = replace(
            self.message, message=Message(Role.ASSISTANT, parts), state=state, request=self.record
        )
        # Shielded: quitting cancels this task, and the partial reply must reach the disk all the same.
        await asyncio.shield(self._settle())

    async def _settle(self) -> None:
        if self._priced is not None:
            try:
                self.record = await self._priced(self.record)
            # What it has cost is an ornament: no fault of a price keeps a reply from the disk.
            except Exception:  # noqa: BLE001
                _log.exception(logfmt("cost not known", provider=self.record.provider))
            self.message = replace(self.message, request=self.record)
        await self._recorder.write(self._final_write())

    def _final_write(self) -> Awaitable[None]:
        store, message = self._recorder.store, self.message
        if self._begun:
            return store.end_reply(message.id, message.message.parts, message.state, self.record)
        return store.add_message(message)

    def _clock(self) -> datetime:
        """The time by the monotonic clock, so that a changed system clock bends no duration."""
        return self.record.started_at + timedelta(seconds=time.monotonic() - self.started_s)

    def _estimated_usage(self) -> Usage | None:
        if not self.has_text:
            return None
        sent = sum(estimate_tokens(message.text) for message in self._request.messages)
        got = sum(estimate_tokens(getattr(part, "text", "")) for part in self._builder.parts)
        return Usage(input=sent + estimate_tokens(self._request.system or ""), output=got, source="estimated")

    async def _write_journal(self, entries: Sequence[JournalEntry]) -> None:
        await self._recorder.write(self._recorder.store.journal(self.message.id, entries))


def _words(error: LlmtuiError | None) -> str:
    return "" if error is None else "\n".join(filter(None, (str(error), error.hint)))


def _joined(prefix: str, parts: Sequence[Part]) -> tuple[Part, ...]:
    """The parts with the prefix in front of their first text."""
    if not prefix:
        return tuple(parts)
    for index, part in enumerate(parts):
        if isinstance(part, TextPart):
            return (*parts[:index], TextPart(prefix + part.text), *parts[index + 1 :])
    return (TextPart(prefix), *parts)
