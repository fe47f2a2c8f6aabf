"""What is wrong with a value, in words for people."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches

from pydantic_core import ErrorDetails

_WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "model_type": "should be a mapping of keys to values",
    "dict_type": "should be a mapping of keys to values",
    "list_type": "should be a list",
    "float_parsing": "should be a number",
    "int_parsing": "should be a whole number",
    "int_from_float": "should be a whole number",
    "string_type": "should be text; words such as `off` and numbers need quotes to be text",
    "string_pattern_mismatch": "should be of letters, digits, '.', '_', '-' and begin with a letter or digit",
}
"""Our words for pydantic's error types; its own are fine for the others."""


def in_words(problem: ErrorDetails, known: Collection[str]) -> str:
    """What one of pydantic's complaints means; `known` are the keys that may stand at its place."""
    if problem["type"] == "extra_forbidden":
        return _unknown_key(str(problem["loc"][-1]), known)
    own = problem["msg"].removeprefix("Value error, ").replace("Input should", "should")
    return _WORDS.get(problem["type"], own)


def _unknown_key(key: str, known: Collection[str]) -> str:
    if close := get_close_matches(key, known, n=1):
        return f"unknown key; did you mean '{close[0]}'?"
    return f"unknown key; known: {', '.join(known)}" if known else "unknown key"
