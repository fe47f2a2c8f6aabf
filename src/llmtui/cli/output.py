"""Where the events of a reply go: text as it comes, or one JSON object at the end."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Protocol

from llmtui.cli.console import dimmed, is_live, say, warn
from llmtui.core.chat import ReplyBuilder
from llmtui.core.conversation import JSON, Message, Role
from llmtui.core.errors import LlmtuiError
from llmtui.core.events import Finish, FinishReason, ReasoningDelta, Status, StreamEvent, TextDelta, Warning

_ENDINGS: Mapping[FinishReason, str] = {
    FinishReason.LENGTH: "the reply was cut: it reached its limit of tokens",
    FinishReason.CONTEXT_FULL: "the reply was cut: the model's context is full",
    FinishReason.CONTENT_FILTER: "the vendor's filter ended the reply",
    FinishReason.REFUSAL: "the model declined to answer",
    FinishReason.PAUSE: "the vendor paused the reply before its end",
    FinishReason.TOOL_CALLS: "the model asked for a tool, and `ask` runs none",
}


class Output(Protocol):
    """Takes the events of one reply."""

    def show(self, event: StreamEvent) -> None:
        """Take the next event."""
        ...

    def end(self, error: BaseException | None) -> None:
        """The reply is over: whole, or ended by an error."""
        ...


class TextOutput:
    """Text on standard output as it comes, everything else on standard error."""

    def __init__(self, *, reasoning: bool) -> None:
        self._reasoning = reasoning
        self._thinking = False
        self._last = "\n"

    def show(self, event: StreamEvent) -> None:
        """Print an event where it belongs."""
        match event:
            case ReasoningDelta(text):
                self._show_reasoning(text)
            case TextDelta(text):
                self._end_reasoning()
                print(text, end="", flush=True)
                self._last = text[-1]
            case _:
                remark(event)

    def end(self, error: BaseException | None) -> None:
        """End the last line."""
        self._end_reasoning()
        if self._last != "\n":
            print(flush=True)

    def _show_reasoning(self, text: str) -> None:
        if self._reasoning:
            self._thinking = True
            print(dimmed(text), end="", file=sys.stderr, flush=True)

    def _end_reasoning(self) -> None:
        if self._thinking:
            self._thinking = False
            print("\n", file=sys.stderr, flush=True)


class JsonOutput:
    """One object at the end; after an error it holds what had arrived."""

    def __init__(self) -> None:
        self._reply = ReplyBuilder()

    def show(self, event: StreamEvent) -> None:
        """Gather an event."""
        self._reply.add(event)
        remark(event)

    def end(self, error: BaseException | None) -> None:
        """Print the object."""
        # Escaped, so that it passes any locale unchanged.
        print(json.dumps(self._object(error)), flush=True)

    def _object(self, error: BaseException | None) -> dict[str, JSON]:
        reply = self._reply
        message = Message(Role.ASSISTANT, reply.parts)
        start, finish = reply.start, reply.finish
        return {
            "text": message.text,
            "reasoning": message.reasoning,
            "tool_calls": [asdict(call) for call in message.tool_calls],
            "provider": start.provider if start else None,
            "model": start.model if start else None,
            "finish": finish.reason if finish else None,
            "usage": asdict(reply.usage) if reply.usage else None,
            "warnings": [asdict(warning) for warning in reply.warnings],
            "error": _described(error) if error else None,
        }


def remark(event: StreamEvent) -> None:
    """Say on standard error what a person should know of an event that is no text."""
    match event:
        case Status() if is_live():
            say(dimmed(f"{event.kind}: {event.detail}" if event.detail else event.kind))
        case Warning(message=message):
            warn(message)
        case Finish(reason=reason) if reason in _ENDINGS:
            warn(_ENDINGS[reason])


def _described(error: BaseException) -> dict[str, JSON]:
    if isinstance(error, LlmtuiError):
        return {"type": type(error).__name__, "message": str(error), "hint": error.hint}
    return {"type": "Interrupted", "message": "stopped before the end", "hint": ""}
