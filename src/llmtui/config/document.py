"""A YAML or JSON file as plain data that remembers on which line each value stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys and list indices from the top of the file to a value."""

_DEEPEST = 50
_SURROGATES = re.compile(r"((?<!\\)(?:\\\\)*)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)
_EXPONENT = re.compile(r"-?\d+(?:\.\d+)?[eE][+-]?\d+")
_TAB_HINT = "a tab is used for indentation; YAML takes only spaces"
_TIMESTAMP_TAG = "tag:yaml.org,2002:timestamp"
_MERGE_TAG = "tag:yaml.org,2002:merge"


def dotted(path: KeyPath) -> str:
    """A path for people: `providers[0].timeouts.idle`."""
    words = "".join(f"[{key}]" if isinstance(key, int) else f".{_printable(key)}" for key in path)
    return words.removeprefix(".")


def _printable(key: str) -> str:
    return key if key.isprintable() else ascii(key)[1:-1]


@dataclass(slots=True)
class Document:
    """The data of one file, and what is wrong with it so far; one problem a place, the first one found."""

    path: Path
    data: Any = field(default=None, repr=False)
    """Holds secrets in plain text."""
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: dict[KeyPath, str] = field(default_factory=dict)
    moved: dict[KeyPath, KeyPath] = field(default_factory=dict)
    """Where in the file a value of `data` stands, if `data` was brought into another form."""

    def complain(self, path: KeyPath, message: str) -> None:
        """Note what is wrong with the value at a path."""
        self.problems.setdefault(path, message)

    def place(self, path: KeyPath) -> KeyPath:
        """The path of a value in the file itself."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.moved:
                return (*self.moved[path[:end]], *path[end:])
        return path

    def line_of(self, path: KeyPath) -> int:
        """The line of a value, or of the nearest one around it that stands in the file."""
        path = self.place(path)
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def describe(self, path: KeyPath, message: str) -> str:
        """A remark on the value at a path: `FILE:LINE: key: remark`."""
        key = dotted(self.place(path))
        return f"{self.path}:{self.line_of(path)}: {key + ': ' if key else ''}{message}"

    def report(self) -> list[str]:
        """Every problem, in the order of the file."""
        places = sorted(self.problems, key=lambda path: (self.line_of(path), dotted(path)))
        return [self.describe(path, self.problems[path]) for path in places]


def read_document(path: Path) -> Document:
    """Read and parse a file; raises OSError when it cannot be read, else what is wrong is in `problems`."""
    return parse_document(path, path.read_bytes())


def parse_document(path: Path, raw: bytes) -> Document:
    """The data of a file of this content; what is wrong is in `problems`."""
    document = Document(path)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        document.lines[()] = raw.count(b"\n", 0, error.start) + 1
        document.complain((), f"not UTF-8 text: byte 0x{raw[error.start]:02x}")
        return document
    _parse(text, document)
    return document


def _parse(text: str, document: Document) -> None:
    is_json = text.lstrip().startswith("{")
    if is_json:
        text = text.replace("\t", " ")  # JSON may be indented by tabs, and its strings cannot hold any.
        text = _SURROGATES.sub(_joined, text)
    try:
        if _is_too_deep(text):
            document.complain((), "nested too deeply")
            return
        loader = yaml.CSafeLoader(text)
        root = loader.get_single_node()
        document.data = _Reader(loader, document, is_json=is_json).read(root, ()) if root else None
    except yaml.reader.ReaderError as error:
        document.lines[()] = text.count("\n", 0, text.find(chr(error.character))) + 1
        document.complain((), f"the character U+{error.character:04X} is not allowed")
    except yaml.MarkedYAMLError as error:
        _explain(error, text, document)


def _joined(pair: re.Match[str]) -> str:
    """JSON writes what is beyond 16 bits as two escapes, which YAML takes for no characters."""
    halves = bytes.fromhex(pair[2] + pair[3])
    return pair[1] + halves.decode("utf-16-be")


def _is_too_deep(text: str) -> bool:
    """Whether composing its nodes, which recurses in C, could crash."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            return True
    return False


def _explain(error: yaml.MarkedYAMLError, text: str, document: Document) -> None:
    mark = error.problem_mark or error.context_mark
    line = mark.line if mark else 0
    lines = text.splitlines()
    document.lines[()] = line + 1
    source = lines[line] if line < len(lines) else ""
    if "\t" in source[: len(source) - len(source.lstrip())]:
        document.complain((), _TAB_HINT)
        return
    words = " ".join(filter(None, (error.context, error.problem)))
    document.complain((), f"not valid YAML: {words}")


class _Reader:
    """Turns composed nodes into data."""

    def __init__(self, loader: yaml.CSafeLoader, document: Document, *, is_json: bool) -> None:
        self._loader = loader
        self._document = document
        self._is_json = is_json
        self._open: set[int] = set()

    def read(self, node: yaml.Node, path: KeyPath) -> Any:
        self._document.lines.setdefault(path, node.start_mark.line + 1)
        if id(node) in self._open:
            self._document.complain(path, "an alias stands inside of what it means")
            return None
        self._open.add(id(node))
        try:
            return self._value(node, path)
        finally:
            self._open.discard(id(node))

    def _value(self, node: yaml.Node, path: KeyPath) -> Any:
        if isinstance(node, yaml.MappingNode):
            return dict(self._items(node, path))
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _scalar(self, node: yaml.Node, path: KeyPath) -> Any:
        if node.tag == _TIMESTAMP_TAG:
            return node.value
        # YAML 1.1 has no `1e-7`.
        plain = isinstance(node, yaml.ScalarNode) and not node.style
        if self._is_json and plain and _EXPONENT.fullmatch(node.value):
            return float(node.value)
        try:
            return self._loader.construct_object(node)
        except ValueError:
            self._document.complain(path, "not a number; put it in quotes to mean the text")
            return None

    def _items(self, node: yaml.MappingNode, path: KeyPath) -> Iterator[tuple[str, Any]]:
        self._find_duplicates(node, path)
        self._loader.flatten_mapping(node)
        for key_node, value_node in node.value:
            key = self._key(key_node)
            self._document.lines[(*path, key)] = key_node.start_mark.line + 1
            yield key, self.read(value_node, (*path, key))

    def _find_duplicates(self, node: yaml.MappingNode, path: KeyPath) -> None:
        first: dict[str, int] = {}
        for key_node, _ in node.value:
            line = key_node.start_mark.line + 1
            if key_node.tag == _MERGE_TAG:
                continue
            key = self._key(key_node)
            if key in first:
                self._document.complain((*path, key), f"stands here twice, first on line {first[key]}")
            first.setdefault(key, line)

    def _key(self, node: yaml.Node) -> str:
        return str(node.value) if isinstance(node, yaml.ScalarNode) else "?"
