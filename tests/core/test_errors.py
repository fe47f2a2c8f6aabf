import pickle

import pytest

from llmtui.core import errors
from llmtui.core.errors import (
    BadRequest,
    ErrorContext,
    LlmtuiError,
    MissingKey,
    ProviderError,
    ServerError,
    Timeout,
    Unsupported,
)

KINDS = ProviderError.__subclasses__()


def make(kind: type[ProviderError]) -> ProviderError:
    context = ErrorContext("p", "m", 429, "code", "req", 2.5)
    if issubclass(kind, Timeout):
        return kind("words", phase="idle", context=context)
    return kind("words", context=context)


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_survives_pickling_whole(kind: type[ProviderError]) -> None:
    error = make(kind)
    error.partial = True
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert (str(copy), copy.__dict__) == ("words", error.__dict__)


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_names_a_next_step(kind: type[ProviderError]) -> None:
    # What a server refuses for reasons of its own has no hint but the server's words.
    assert make(kind).hint or kind in (BadRequest, Unsupported)


def test_a_better_hint_replaces_the_usual_one() -> None:
    assert ServerError("x").hint == ServerError.default_hint
    assert ServerError("x", hint="do this").hint == "do this"


def test_every_error_has_an_exit_code_of_its_own() -> None:
    codes = [kind.exit_code for kind in KINDS]
    assert len(set(codes)) == len(codes)
    assert all(1 < code < 126 for code in codes)


def test_the_tree_of_the_docstring_is_the_tree() -> None:
    classes = [value for value in vars(errors).values() if isinstance(value, type)]
    documented = errors.__doc__ or ""
    for error in filter(lambda kind: issubclass(kind, LlmtuiError), classes):
        assert f" {error.__name__} " in f" {documented.replace(chr(10), ' ')} "


def test_a_missing_key_names_its_variable() -> None:
    error = MissingKey("Claude", "ANTHROPIC_API_KEY")
    assert error.variable == "ANTHROPIC_API_KEY"
    assert "ANTHROPIC_API_KEY" in error.hint
