"""Another value in the text of a YAML or JSON file; every other character stays as it is."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from llmtui.config.document import KeyPath
from llmtui.config.places import Place, find_places, is_json, place_of

_INDENT = 2


def revised(text: str, path: KeyPath, value: Any, order: Sequence[str] = ()) -> str:
    """The text with this value at a path, or without the key when the value is None.

    What is missing on the way is made; what gets empty by taking a key away goes too. A new key comes behind
    those that stand before it in `order`.
    """
    root = find_places(text)
    *way, key = path
    if value is None:
        return _without(text, root, path)
    for depth in range(len(way)):
        parent = place_of(root, path[: depth + 1])
        if parent is None or not (parent.pairs or parent.items):
            return revised(text, path[: depth + 1], _nested(path[depth + 1 :], value), order)
    mapping = place_of(root, tuple(way))
    if mapping is None:
        return _joined(text, _fragment(str(key), value))
    if (pair := mapping.pair(str(key))) is not None:
        return _replaced(text, *pair, value, flow=mapping.flow)
    if mapping.flow:
        return _added_in_braces(text, mapping, str(key), value)
    return _added_as_line(text, mapping, str(key), value, order)


def _nested(path: KeyPath, value: Any) -> Any:
    for key in reversed(path):
        value = {key: value}
    return value


def _joined(text: str, fragment: str) -> str:
    """A fragment behind all there is."""
    eol = _eol(text)
    gap = "" if not text or text.endswith("\n") else eol
    return text + gap + fragment.replace("\n", eol) + eol


def _replaced(text: str, key: Place, value: Place, new: Any, *, flow: bool) -> str:
    colon = text.index(":", key.end) + 1
    gap, behind = text[colon : value.start], _line_end(text, value.end)
    if flow:
        return text[:colon] + (gap or " ") + _json(new) + text[value.end :]
    column, eol = _column(text, key.start), _eol(text)
    fragment = _fragment(key.text, new, value.style, lines=_has_room(text, behind, column))
    fragment = fragment.removeprefix(f"{key.text}:")
    head, more, rest = _shifted(fragment, " " * column).replace("\n", eol).partition(eol)
    # What stood below its key may have had a comment beside the key.
    comment = gap.partition("\n")[0].rstrip() if "\n" in gap else ""
    lead = gap if gap and "\n" not in gap else " "
    first = lead + head.strip() if head.strip() else ""
    return text[:colon] + first + comment + text[value.end : behind] + more + rest + text[behind:]


def _added_in_braces(text: str, mapping: Place, key: str, value: Any) -> str:
    quoted = is_json(text) or (mapping.pairs and mapping.pairs[0][0].style == '"')
    entry = f"{_json(key) if quoted else key}: {_json(value)}"
    if not mapping.pairs:
        return text[: mapping.start + 1] + entry + text[mapping.start + 1 :]
    first, last = mapping.pairs[-1]
    line = text.rfind("\n", 0, first.start) + 1
    margin = text[line : first.start]
    gap = _eol(text) + margin if line and not margin.strip() else " "
    if isinstance(value, list | dict) and gap != " ":
        entry = f"{_json(key)}: {_json(value, margin)}"
    return f"{text[: last.end]},{gap}{entry}{text[last.end :]}"


def _added_as_line(text: str, mapping: Place, key: str, value: Any, order: Sequence[str]) -> str:
    before = order[: order.index(key)] if key in order else [name.text for name, _ in mapping.pairs]
    known = [pair for pair in mapping.pairs if pair[0].text in before] or mapping.pairs[-1:]
    at = _line_end(text, known[-1][1].end)
    eol, column = _eol(text), _column(text, mapping.pairs[0][0].start)
    fragment = _fragment(key, value, lines=_has_room(text, at, column))
    entry = _shifted(fragment, " " * column).replace("\n", eol)
    return text[:at] + eol + entry + text[at:]


def _without(text: str, root: Place | None, path: KeyPath) -> str:
    mapping = place_of(root, path[:-1])
    pair = mapping.pair(str(path[-1])) if mapping else None
    if mapping is None or pair is None:
        return text
    if len(mapping.pairs) == 1:
        return _without(text, root, path[:-1])
    key, value = pair
    at = mapping.pairs.index(pair)
    line = text.rfind("\n", 0, key.start) + 1
    if mapping.flow and at:
        start, end = mapping.pairs[at - 1][1].end, value.end
    elif mapping.flow or text[line : key.start].strip():
        # The next key takes the place of the first one behind the brace or dash, if no comment is between.
        start, end = key.start, mapping.pairs[at + 1][0].start
        end = value.end if "#" in text[value.end : end] else end
    else:
        start, end = line, _line_end(text, value.end)
        end += len(_eol(text)) if end < len(text) else 0
    return text[:start] + text[end:]


def _has_room(text: str, at: int, column: int) -> bool:
    """Whether lines of text may end here: a comment that stands deeper would become one of them."""
    behind = text[at:].lstrip("\r\n \t")
    return _column(text, len(text) - len(behind)) <= column


def _fragment(key: str, value: Any, quote: str | None = None, *, lines: bool = True) -> str:
    """`key: value` as YAML, in a form that means this value to PyYAML, which reads it.

    Without `lines` a text is not written on lines of its own.
    """
    for text in _forms(key, value, quote):
        if not lines and isinstance(value, str) and "\n" in text.rstrip("\n"):
            continue
        if yaml.load(text, Loader=yaml.CSafeLoader) == {key: value}:
            return text.rstrip("\n")
    raise ValueError(f"{key} cannot be written as YAML")


def _forms(key: str, value: Any, quote: str | None) -> Iterator[str]:
    """The most readable form first."""
    from io import StringIO

    from ruamel.yaml import YAML
    from ruamel.yaml.scalarstring import (
        DoubleQuotedScalarString,
        LiteralScalarString,
        SingleQuotedScalarString,
    )

    writer = YAML(pure=True)
    writer.width = 2**20
    writer.indent(mapping=_INDENT, sequence=2 * _INDENT, offset=_INDENT)
    quotes = {'"': DoubleQuotedScalarString, "'": SingleQuotedScalarString}
    shown = value
    if isinstance(value, str) and "\n" in value and all(line == line.rstrip() for line in value.split("\n")):
        shown = LiteralScalarString(value)
    elif isinstance(value, str) and quote in quotes and "\n" not in value:
        shown = quotes[quote](value)
    stream = StringIO()
    writer.dump({key: shown}, stream)
    yield stream.getvalue()
    yield f"{key}: {_json(value)}"


def _json(value: Any, margin: str | None = None) -> str:
    """JSON, which is YAML too; with a margin on several lines."""
    if margin is None:
        return json.dumps(value, ensure_ascii=False)
    return _shifted(json.dumps(value, ensure_ascii=False, indent=_INDENT), margin).lstrip()


def _shifted(text: str, margin: str) -> str:
    return "\n".join(margin + line if line else line for line in text.split("\n"))


def _column(text: str, at: int) -> int:
    return at - (text.rfind("\n", 0, at) + 1)


def _line_end(text: str, at: int) -> int:
    """Where the line of a place ends, before its line break."""
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    return end - 1 if text[at:end].endswith("\r") else end


def _eol(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
