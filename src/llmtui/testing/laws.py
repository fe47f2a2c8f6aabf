"""The laws of a provider's stream, as functions that raise AssertionError in words."""

import json
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from llmtui.core.chat import ReplyBuilder
from llmtui.core.errors import ProviderError
from llmtui.core.events import (
    DELTAS,
    Finish,
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
from llmtui.core.text import sanitise
from llmtui.core.usage import Usage
from llmtui.testing.scenarios import Scenario


@dataclass(slots=True)
class Outcome:
    """What a stream yielded and how it ended."""

    events: list[StreamEvent] = field(default_factory=list)
    error: ProviderError | None = None

    @property
    def text(self) -> str:
        """The text that a person would have seen."""
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))

    def reply(self) -> ReplyBuilder:
        """The events folded."""
        builder = ReplyBuilder()
        for event in self.events:
            builder.add(event)
        return builder


async def drain(stream: AsyncGenerator[StreamEvent, None]) -> Outcome:
    """Read a stream to its end, check it against the grammar and return what came."""
    outcome = Outcome()
    try:
        async with aclosing(stream) as events:
            async for event in events:
                outcome.events.append(event)
    except ProviderError as error:
        outcome.error = error
    check_grammar(outcome.events, outcome.error)
    return outcome


def check_grammar(events: Sequence[StreamEvent], error: ProviderError | None = None) -> None:
    """Check a whole stream; `error` is what it raised after its last event."""
    _check_start(events)
    _check_end(events, error)
    _check_tool_calls(events)
    _check_usage([event.usage for event in events if isinstance(event, UsageUpdate)])
    for event in events:
        if isinstance(event, TextDelta | ReasoningDelta):
            assert event.text, "an empty delta"
            assert event.text == sanitise(event.text), f"text that acts on a terminal: {event.text!r}"


def _check_start(events: Sequence[StreamEvent]) -> None:
    starts = [index for index, event in enumerate(events) if isinstance(event, Start)]
    assert len(starts) <= 1, f"{len(starts)} Starts"
    first = starts[0] if starts else len(events)
    early = [event for event in events[:first] if isinstance(event, (*DELTAS, Finish))]
    assert not early, f"before Start came {early[0]}"


def _check_end(events: Sequence[StreamEvent], error: ProviderError | None) -> None:
    finishes = [index for index, event in enumerate(events) if isinstance(event, Finish)]
    if error is None:
        assert finishes, "the stream ended with neither Finish nor an error"
        assert finishes == [len(events) - 1], f"after Finish came {events[finishes[0] + 1 :]}"
        return
    assert not finishes, "Finish and an error"
    shown = any(isinstance(event, DELTAS) for event in events)
    assert error.partial == shown, f"the error says partial={error.partial}, deltas were shown: {shown}"
    assert str(error).strip(), f"an error without words: {error!r}"
    assert error.context.provider, "an error that does not say whose it is"


def _check_tool_calls(events: Sequence[StreamEvent]) -> None:
    fragments: dict[str, list[str]] = defaultdict(list)
    names: dict[str, str] = {}
    ended: set[str] = set()
    for event in events:
        match event:
            case ToolCallStart(id=call_id, name=name):
                assert call_id not in names, f"the tool call {call_id} began twice"
                names[call_id] = name
            case ToolCallDelta(id=call_id, fragment=fragment):
                assert call_id in names.keys() - ended, f"a fragment of {call_id}, which is not open"
                fragments[call_id].append(fragment)
            case ToolCallEnd(id=call_id):
                assert call_id in names.keys() - ended, f"the end of {call_id}, which is not open"
                assert event.name == names[call_id], f"the tool call {call_id} changed its name"
                if fragments[call_id]:
                    joined = "".join(fragments[call_id])
                    assert joined == event.arguments, f"{call_id}: fragments differ from the arguments"
                ended.add(call_id)
            case Finish():
                assert ended == names.keys(), f"tool calls never ended: {names.keys() - ended}"


def _check_usage(usages: Sequence[Usage]) -> None:
    outputs = [usage.output for usage in usages if usage.output is not None]
    assert outputs == sorted(outputs), f"usage is cumulative, but the output went {outputs}"


def normal_form(events: Scenario, usage_fields: frozenset[str]) -> list[object]:
    """The events as far as every wire can carry them, so that two wires can be compared.

    Adjacent deltas are joined, tool calls keep their end alone, with arguments parsed where they are JSON,
    the last usage stands before Finish with the fields that the wire has, and what a person waits for is
    left out, as is a reasoning's end: most wires do not mark it, and what it carries is the vendor's own.
    """
    form: list[object] = []
    usage: Usage | None = None
    for event in events:
        match event:
            case Start(model=model):
                form.append(("start", model))
            case TextDelta(text) | ReasoningDelta(text):
                _join(form, type(event).__name__, text)
            case ToolCallEnd(id=call_id, name=name, arguments=arguments):
                form.append(("tool call", call_id, name, _parsed(arguments)))
            case UsageUpdate(usage):
                pass
            case Finish(reason):
                form += [("usage", _carried(usage, usage_fields)), ("finish", reason)]
            case Status() | Warning() | ToolCallStart() | ToolCallDelta() | ReasoningEnd():
                pass
            case _:
                form.append(event)
    return [_harmless(item) for item in form]


def _parsed(arguments: str) -> object:
    try:
        return json.loads(arguments)
    except ValueError:
        return ("not JSON", arguments)


def _harmless(item: object) -> object:
    """Joined before it is made harmless: a surrogate pair may come in halves."""
    match item:
        case (("TextDelta" | "ReasoningDelta") as kind, str(text)):
            return kind, sanitise(text)
    return item


def _join(form: list[object], kind: str, text: str) -> None:
    last = form[-1] if form else None
    if isinstance(last, tuple) and last[0] == kind:
        form[-1] = (kind, last[1] + text)
    else:
        form.append((kind, text))


def _carried(usage: Usage | None, fields: frozenset[str]) -> Usage | None:
    if usage is None:
        return None
    unknown: dict[str, Any] = dict.fromkeys(set(Usage.__slots__) - fields - {"source"})
    return replace(usage, **unknown)
