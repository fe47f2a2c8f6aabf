"""Where each value stands in the text of a YAML or JSON file."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from llmtui.config.document import KeyPath


@dataclass(slots=True)
class Place:
    """A value from its first to behind its last character; comments and blank lines behind it are no part."""

    start: int
    end: int
    text: str = ""
    """A scalar's text."""
    style: str | None = None
    """The quote that a scalar stands in, or `|` or `>`."""
    flow: bool = False
    """Whether a collection stands in braces or brackets."""
    pairs: list[tuple["Place", "Place"]] = field(default_factory=list)
    items: list["Place"] = field(default_factory=list)

    def pair(self, key: str) -> tuple["Place", "Place"] | None:
        """Key and value of a mapping."""
        return next((pair for pair in self.pairs if pair[0].text == key), None)


def find_places(text: str) -> Place | None:
    """The one value of a document, with all that stands in it; None where there is none."""
    from ruamel.yaml import YAML
    from ruamel.yaml.events import AliasEvent, MappingStartEvent, ScalarEvent, SequenceStartEvent

    starts = (AliasEvent, MappingStartEvent, ScalarEvent, SequenceStartEvent)
    # JSON may be indented by tabs; the places stay the same.
    events = YAML(pure=True).parse(text.replace("\t", " ") if is_json(text) else text)
    for event in events:
        if isinstance(event, starts):
            return _Reader(text, events).read(event)
    return None


def is_json(text: str) -> bool:
    """Whether the whole document stands in braces."""
    return text.lstrip().startswith("{")


def place_of(root: Place | None, path: KeyPath) -> Place | None:
    """The value at a path, if it is there."""
    place = root
    for key in path:
        if place is None:
            return None
        if isinstance(key, int):
            place = place.items[key] if key < len(place.items) else None
        else:
            place = (place.pair(key) or (None, None))[1]
    return place


class _Reader:
    def __init__(self, text: str, events: Iterator[Any]) -> None:
        self._text = text
        self._events = events

    def read(self, event: Any) -> Place:
        from ruamel.yaml.events import MappingStartEvent, SequenceStartEvent

        place = Place(event.start_mark.index, event.end_mark.index)
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            self._fill(place, event, is_mapping=isinstance(event, MappingStartEvent))
        else:
            place.text = getattr(event, "value", "")
            place.style = getattr(event, "style", None)
            if place.style in ("|", ">"):
                place.end = place.start + len(self._text[place.start : place.end].rstrip())
        return place

    def _fill(self, place: Place, start: Any, *, is_mapping: bool) -> None:
        from ruamel.yaml.events import CollectionEndEvent

        place.flow = bool(start.flow_style)
        while not isinstance(event := next(self._events), CollectionEndEvent):
            first = self.read(event)
            last = self.read(next(self._events)) if is_mapping else first
            if is_mapping:
                if not last.text and last.start == last.end:
                    # The parser puts an empty value before whatever comes next.
                    last.start = last.end = self._text.index(":", first.end) + 1
                place.pairs.append((first, last))
            else:
                place.items.append(first)
            place.end = last.end
        if place.flow:
            place.end = event.end_mark.index
