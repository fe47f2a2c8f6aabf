"""Puts tool calls together from the fragments of a chat_completions stream.

Servers disagree on what identifies a call. Some give every parallel call the index 0, some give no index,
some no id or the id "null" after the first fragment; who trusts one of the two merges calls into one.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from llmtui.core.events import StreamEvent, ToolCallDelta, ToolCallEnd, ToolCallStart
from llmtui.core.untrusted import as_object, as_text, parsed


def new_call_id() -> str:
    """An id for a call that has none: nine letters and digits, which is all that Mistral takes."""
    return uuid4().hex[:9]


def parse_error(arguments: str) -> str | None:
    """Why a call's arguments are no JSON object; None when they are one."""
    try:
        value = parsed(arguments or "{}")
    except ValueError as error:
        return str(error)
    return None if isinstance(value, dict) else f"the arguments are no object but {type(value).__name__}"


class _Call:
    def __init__(self, wire_id: str | None, call_id: str) -> None:
        self.wire_id = wire_id
        self.id = call_id
        self.name = ""
        self._sent: list[str] = []
        self._held = ""

    @property
    def arguments(self) -> str:
        return "".join((*self._sent, self._held))

    def take(self, name: str, fragment: str) -> Iterator[StreamEvent]:
        """Add a fragment; the call is announced once its name is known."""
        self._held += fragment
        if name and not self.name:
            self.name = name
            yield ToolCallStart(self.id, name)
        if self.name and self._held:
            fragment, self._held = self._held, ""
            self._sent.append(fragment)
            yield ToolCallDelta(self.id, fragment)

    @property
    def whole(self) -> bool:
        """Whether nothing can follow: a name given again is then another call."""
        return bool(self.name and self._sent) and parse_error(self.arguments) is None


class ToolCallAssembler:
    """Keyed by index and by id."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._latest: dict[int, _Call] = {}

    def __bool__(self) -> bool:
        return bool(self._calls)

    def feed(self, entries: Sequence[Mapping[str, Any]]) -> Iterator[StreamEvent]:
        """The events of one chunk's `tool_calls`."""
        for position, entry in enumerate(entries):
            function = as_object(entry.get("function"))
            name = as_text(function.get("name"))
            call = self._call(entry, position, name)
            yield from call.take(name, _text(function.get("arguments")))

    def end(self) -> Iterator[StreamEvent]:
        """Close all calls, in the order in which they began."""
        for call in self._calls:
            if not call.name:
                yield ToolCallStart(call.id, "")
            yield ToolCallEnd(call.id, call.name, call.arguments, parse_error(call.arguments))

    def _call(self, entry: Mapping[str, Any], position: int, name: str) -> _Call:
        index = entry.get("index")
        slot = index if isinstance(index, int) else position
        wire_id = _id(entry.get("id"))
        call = self._known(index, slot, wire_id, name) or self._begin(wire_id)
        call.wire_id = call.wire_id or wire_id
        self._latest[slot] = call
        return call

    def _known(self, index: object, slot: int, wire_id: str | None, name: str) -> _Call | None:
        """The call that a fragment continues."""
        latest = self._latest.get(slot)
        if wire_id is None:
            return None if latest is not None and name and latest.whole else latest
        if latest is not None and latest.wire_id in (None, wire_id):
            return latest
        if latest is None and isinstance(index, int):
            return None
        return next((call for call in self._calls if call.wire_id == wire_id), None)

    def _begin(self, wire_id: str | None) -> _Call:
        taken = {call.id for call in self._calls}
        call = _Call(wire_id, wire_id if wire_id and wire_id not in taken else new_call_id())
        self._calls.append(call)
        return call


def _id(value: object) -> str | None:
    return value if isinstance(value, str) and value not in ("", "null") else None


def _text(arguments: object) -> str:
    """Arguments are JSON text, but some servers send the object itself."""
    if arguments is None:
        return ""
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
