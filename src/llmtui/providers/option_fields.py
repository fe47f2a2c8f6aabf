"""A kind's own options as fields for a person, read from the options' model."""

import ast
import inspect
import json
from collections.abc import Mapping
from itertools import pairwise
from textwrap import dedent
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticUserError

from llmtui.core.settings import FieldKind, SettingField

_WORDS = ("true", "false")


def option_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The options as JSON schema, with the docstrings under the fields as descriptions.

    A type that JSON does not know leaves its field without any constraint.
    """
    try:
        schema = model.model_json_schema()
    except PydanticUserError:
        schema = {"type": "object", "properties": {name: {} for name in model.model_fields}}
    descriptions = _descriptions(model)
    for name, field in schema.get("properties", {}).items():
        if name in descriptions:
            field.setdefault("description", descriptions[name])
    return schema


def option_fields(schema: Mapping[str, Any]) -> tuple[SettingField, ...]:
    """One field for each option of a JSON schema, in its order."""
    named = {f"#/$defs/{name}": shape for name, shape in schema.get("$defs", {}).items()}
    return tuple(
        _field(f"options.{name}", field, named) for name, field in schema.get("properties", {}).items()
    )


def _field(key: str, schema: Mapping[str, Any], named: Mapping[str, Mapping[str, Any]]) -> SettingField:
    shapes = [named.get(shape.get("$ref", ""), shape) for shape in schema.get("anyOf", [schema])]
    shapes = [shape for shape in shapes if shape.get("type") != "null"]
    choices = _choices(shapes)
    return SettingField(key, _kind(shapes, choices), schema.get("description", ""), choices, _default(schema))


def _choices(shapes: list[Mapping[str, Any]]) -> tuple[str, ...]:
    """The words to choose from; none where anything else is possible too."""
    words: list[str] = []
    for shape in shapes:
        if shape.get("type") == "boolean":
            words += _WORDS
        elif "enum" in shape or "const" in shape:
            words += map(str, shape.get("enum", [shape.get("const")]))
        else:
            return ()
    return tuple(words)


def _kind(shapes: list[Mapping[str, Any]], choices: tuple[str, ...]) -> FieldKind:
    if choices:
        return "choice"
    types = {shape.get("type") for shape in shapes}
    if types == {"string"} and any(shape.get("format") == "password" for shape in shapes):
        return "secret"
    if types <= {"integer", "number"}:
        return "number"
    return "text" if types == {"string"} else "value"


def _default(schema: Mapping[str, Any]) -> str:
    default = schema.get("default")
    if default is None or default in ([], {}, ""):
        return ""
    return default if isinstance(default, str) else json.dumps(default, ensure_ascii=False)


def _descriptions(model: type[BaseModel]) -> dict[str, str]:
    """The docstrings under the fields, by the field's name.

    Read from the source when they are asked for: pydantic's own way would read it at every start.
    """
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        try:
            (body,) = ast.parse(dedent(inspect.getsource(one))).body
        # SystemError: two threads parse at once, https://github.com/python/cpython/issues/106905
        except (OSError, TypeError, SyntaxError, ValueError, SystemError):
            continue
        statements = getattr(body, "body", [])
        for statement, behind in pairwise(statements):
            match statement, behind:
                case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                    found[name] = inspect.cleandoc(text)
    return found
