"""Scripts of the scripted provider: steps as a config file writes them, actions as they are played."""

import asyncio
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from llmtui.core.errors import ErrorContext, ProviderError, Timeout, TimeoutPhase
from llmtui.core.events import (
    DELTAS,
    Finish,
    FinishReason,
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
from llmtui.core.usage import Usage

ERRORS: dict[str, type[ProviderError]] = {kind.__name__: kind for kind in ProviderError.__subclasses__()}


@dataclass(frozen=True, slots=True)
class Pause:
    """Let this many seconds pass."""

    seconds: float


class Fault(Enum):
    """How a reply can fail without an error."""

    CUT = "the stream ends without its terminal signal"
    HANG = "nothing comes any more"


Action: TypeAlias = StreamEvent | ProviderError | Pause | asyncio.Event | Fault
"""What is played: an event is yielded, an error raised, an `asyncio.Event` waited for."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ToolCallStep(_Model):
    """A tool call; `arguments` is an object, or the text that the model writes."""

    id: str = "call_1"
    name: str
    arguments: dict[str, Any] | str = Field(default_factory=dict)

    def actions(self) -> Iterator[Action]:
        """The call's events."""
        arguments = self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)
        yield ToolCallStart(self.id, self.name)
        yield ToolCallDelta(self.id, arguments)
        yield ToolCallEnd(self.id, self.name, arguments)


class ErrorStep(_Model):
    """A ProviderError by the name of its class."""

    kind: str = Field(alias="class")
    message: str
    retry_after_s: float | None = None
    status: int | None = None
    phase: TimeoutPhase = "first_event"

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        if kind not in ERRORS:
            raise ValueError(f"no error class '{kind}'; known: {', '.join(sorted(ERRORS))}")
        return kind

    def error(self) -> ProviderError:
        """A new error of this kind."""
        kind = ERRORS[self.kind]
        context = ErrorContext(status=self.status, retry_after_s=self.retry_after_s)
        if issubclass(kind, Timeout):
            return kind(self.message, phase=self.phase, context=context)
        return kind(self.message, context=context)


class Step(_Model):
    """One step of a script; exactly one of its keys is given."""

    text: str | None = None
    reasoning: str | None = None
    tool_call: ToolCallStep | None = None
    usage: Usage | None = None
    delay_s: float | None = Field(default=None, ge=0)
    status: Status | None = None
    warning: Warning | None = None
    error: ErrorStep | None = None
    finish: FinishReason | None = None
    cut: bool | None = None
    hang: bool | None = None

    @model_validator(mode="after")
    def _one_key(self) -> "Step":
        if len(self.model_fields_set) != 1:
            raise ValueError(f"a step has one key of {', '.join(type(self).model_fields)}")
        return self

    def actions(self) -> Iterator[Action]:
        """What this step plays."""
        if self.text is not None:
            yield from map(TextDelta, words(self.text))
        if self.reasoning is not None:
            yield from map(ReasoningDelta, words(self.reasoning))
            yield ReasoningEnd()
        if self.tool_call is not None:
            yield from self.tool_call.actions()
        if self.usage is not None:
            yield UsageUpdate(self.usage)
        if self.delay_s is not None:
            yield Pause(self.delay_s)
        if self.error is not None:
            yield self.error.error()
        if self.finish is not None:
            yield Finish(self.finish)
        yield from (event for event in (self.status, self.warning) if event is not None)
        yield from (fault for wanted, fault in ((self.cut, Fault.CUT), (self.hang, Fault.HANG)) if wanted)


def words(text: str) -> list[str]:
    """A text as the pieces in which it streams; joined they are the text."""
    return re.findall(r"\s*\S+\s?|\s+", text)


def complete(actions: Iterable[Action], start: Start) -> Iterator[Action]:
    """The actions with the Start that they need and a Finish at their end."""
    started = False
    reason: FinishReason | None = FinishReason.STOP
    for action in actions:
        if not started and isinstance(action, (Start, *DELTAS, UsageUpdate, Finish)):
            started = True
            if not isinstance(action, Start):
                yield start
        if isinstance(action, ToolCallEnd):
            reason = FinishReason.TOOL_CALLS
        if isinstance(action, Finish):
            reason = None
        yield action
    if reason is not None:
        if not started:
            yield start
        yield Finish(reason)
