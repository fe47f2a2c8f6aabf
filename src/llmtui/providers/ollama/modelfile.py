"""A Modelfile, read as Ollama's own client reads it: its server takes only what was read.

Source: https://github.com/ollama/ollama/blob/main/parser/parser.go and docs/modelfile.mdx
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from llmtui.core.errors import ConfigError

Instruction: TypeAlias = Literal[
    "from",
    "adapter",
    "draft",
    "template",
    "system",
    "license",
    "message",
    "parameter",
    "parser",
    "renderer",
    "requires",
]
INSTRUCTIONS: tuple[str, ...] = get_args(Instruction)
ROLES = ("system", "user", "assistant")
Value: TypeAlias = str | int | float | bool | list[str]
_TRIPLE = '"""'
_WHOLE = re.compile(r"[-+]?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,2})?", re.ASCII | re.IGNORECASE)
_LISTS = ("stop",)
"""Parameters that may stand several times."""
_TEXTS = {"template": "template", "system": "system", "parser": "parser", "renderer": "renderer"}
_TEXTS |= {"requires": "requires"}


@dataclass(frozen=True, slots=True)
class Command:
    """One instruction; `name` is the parameter's name or the message's role where there is one."""

    instruction: Instruction
    value: str
    name: str = ""
    line: int = 0


def read_modelfile(text: str) -> list[Command]:
    """The instructions in their order.

    Raises:
        ConfigError: What is wrong, and in which line.
    """
    commands = list(_commands(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")))
    if not any(command.instruction == "from" for command in commands):
        raise _wrong(None, "no FROM: it says which model or file to start from")
    return commands


def request_body(commands: list[Command]) -> dict[str, Any]:
    """What `/api/create` is told of these instructions, less those that name files or a model."""
    body: dict[str, Any] = {
        _TEXTS[one.instruction]: one.value for one in commands if one.instruction in _TEXTS
    }
    lists = {
        "license": [one.value for one in commands if one.instruction == "license"],
        "messages": [
            {"role": one.name, "content": one.value} for one in commands if one.instruction == "message"
        ],
    }
    parameters = _parameters(one for one in commands if one.instruction == "parameter")
    return (
        body
        | {key: found for key, found in lists.items() if found}
        | ({"parameters": parameters} if parameters else {})
    )


def files_named(commands: list[Command]) -> Mapping[str, list[Command]]:
    """The instructions that may name files, by the field of the request that takes them."""
    fields = {"from": "files", "adapter": "adapters", "draft": "draft_files"}
    named: dict[str, list[Command]] = {}
    for one in commands:
        if one.instruction in fields:
            named.setdefault(fields[one.instruction], []).append(one)
    return named


def _commands(text: str) -> Iterator[Command]:
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        begun, line = number, lines[number].strip(" \t")
        number += 1
        if not line or line.startswith("#"):
            continue
        instruction, name, value = _split(line, begun + 1)
        # A quotation may go over several lines, with all that stands at their ends.
        while (whole := _unquoted(value)) is None:
            if number == len(lines):
                raise _wrong(begun + 1, "the quotation has no end")
            value = f"{value}\n{lines[number]}"
            number += 1
        yield Command(instruction, whole, name, begun + 1)


def _split(line: str, number: int) -> tuple[Instruction, str, str]:
    """Instruction, name and the value's beginning."""
    word, value = _word(line)
    instruction = word.lower()
    if instruction not in INSTRUCTIONS:
        known = ", ".join(map(str.upper, INSTRUCTIONS))
        raise _wrong(number, f"unknown instruction '{word}'; known are {known}")
    name = ""
    if instruction in ("parameter", "message"):
        name, value = _word(value)
    if not value:
        raise _wrong(number, f"{instruction.upper()} has no value")
    if instruction == "message" and name not in ROLES:
        raise _wrong(number, f"a message is of {', '.join(ROLES)}, not of '{name}'")
    return instruction, name, value  # type: ignore[return-value]


def _word(text: str) -> tuple[str, str]:
    word, *rest = re.split(r"[ \t]+", text, maxsplit=1)
    return word, rest[0] if rest else ""


def _unquoted(value: str) -> str | None:
    """The text without its quotes; None while they are open."""
    value = value.strip(" \t\n")
    for quote in (_TRIPLE, '"'):
        if value.startswith(quote):
            closed = len(value) >= 2 * len(quote) and value.endswith(quote)
            return value[len(quote) : -len(quote)] if closed else None
    return value


def _parameters(commands: Iterator[Command]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for one in commands:
        if one.name in _LISTS:
            before = found.get(one.name)
            found[one.name] = [*(before if isinstance(before, list) else ()), one.value]
        else:
            found[one.name] = _typed(one.value)
    return found


def _typed(value: str) -> Value:
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    if _WHOLE.fullmatch(value):
        return int(value)
    # JSON has no name for what is no number or has no end.
    number = float(value) if _NUMBER.fullmatch(value) else math.inf
    return number if math.isfinite(number) else value


def _wrong(line: int | None, words: str) -> ConfigError:
    place = f"Modelfile, line {line}" if line else "Modelfile"
    problem = ConfigError(f"{place}: {words}")
    problem.hint = "https://docs.ollama.com/modelfile describes each instruction"
    return problem
