"""What is wrong with a value, in words for people."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches

from pydantic_core import ErrorDetails

from llmtui.config.schema import KEY_TAGS

_WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "model_type": "should be a mapping of keys to values",
    "dict_type": "should be a mapping of keys to values",
    "list_type": "should be a list",
    "string_too_short": "is empty",
    "float_parsing": "should be a number",
    "int_parsing": "should be a whole number",
    "int_from_float": "should be a whole number",
    "string_type": "should be text; words such as `off` and numbers need quotes to be text",
    "string_pattern_mismatch": "should be of letters, digits, '.', '_', '-' and begin with a letter or digit",
}
"""Our words for pydantic's error types; its own are fine for the others."""


def place_of(problem: ErrorDetails) -> tuple[str | int, ...]:
    """The keys from the top to what is wrong, without the tags that tell a literal key from its source."""
    pairs = zip((None, *problem["loc"]), problem["loc"], strict=False)
    return tuple(key for before, key in pairs if before != "api_key" or key not in KEY_TAGS)


def in_words(problem: ErrorDetails, known: Collection[str]) -> str:
    """What one of pydantic's complaints means; `known` are the keys that may stand at its place."""
    if problem["type"] == "extra_forbidden":
        return unknown_key(str(problem["loc"][-1]), known)
    own = problem["msg"].removeprefix("Value error, ").replace("Input should", "should")
    return _WORDS.get(problem["type"], own)


def unknown_key(key: str, known: Collection[str]) -> str:
    """The complaint of a key that nobody knows, with the one that was probably meant."""
    if close := get_close_matches(key, known, n=1):
        return f"unknown key; did you mean '{close[0]}'?"
    return f"unknown key; known: {', '.join(known)}" if known else "unknown key"
