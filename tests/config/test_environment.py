from pathlib import Path

import pytest

from llmtui.config.document import Document, KeyPath
from llmtui.config.environment import expand


def expanded(data: object, environ: dict[str, str]) -> tuple[object, dict[KeyPath, str]]:
    document = Document(Path("f"), data)
    expand(document, environ)
    return document.data, document.problems


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("${A}", "one"),
        ("x-${A}/${B}-y", "x-one/two-y"),
        ("$${A}", "${A}"),
        ("$${${A}}", "${one}"),
        ("$A and $$", "$A and $$"),
        ("${EMPTY}", ""),
        ("${NESTED}", "${A}"),
        ("${", "${"),
    ],
)
def test_variables_are_replaced_once(text: str, result: str) -> None:
    environ = {"A": "one", "B": "two", "EMPTY": "", "NESTED": "${A}"}
    assert expanded({"theme": text}, environ) == ({"theme": result}, {})


def test_values_at_any_depth_are_replaced_and_others_left() -> None:
    data = {"a": [{"b": "${A}"}, 7, None], "${A}": True}
    assert expanded(data, {"A": "one"}) == ({"a": [{"b": "one"}, 7, None], "${A}": True}, {})


def test_an_unset_variable_is_a_problem_at_its_place() -> None:
    data, problems = expanded({"keys": {"a": "${NOPE}"}}, {})
    assert problems == {("keys", "a"): "the environment variable NOPE is not set"}
    assert data == {"keys": {"a": "${NOPE}"}}


def test_what_is_no_name_is_a_problem() -> None:
    assert "names no variable" in expanded({"theme": "${A-B}"}, {})[1][("theme",)]


@pytest.mark.parametrize(
    ("provider", "environ", "result"),
    [
        pytest.param({"api_key": "${K}"}, {"K": "sk"}, {"api_key": "sk", "api_key_env": "K"}, id="set"),
        pytest.param({"api_key": "${K}"}, {}, {"api_key_env": "K"}, id="unset"),
        pytest.param({"api_key": "${K}"}, {"K": ""}, {"api_key_env": "K"}, id="empty"),
        pytest.param({"api_key": "a-${K}"}, {"K": "b"}, {"api_key": "a-b", "api_key_env": "K"}, id="inside"),
        pytest.param({"api_key": "a-${K}"}, {}, {"api_key_env": "K"}, id="inside-unset"),
        pytest.param({"api_key": "literal"}, {}, {"api_key": "literal"}, id="literal"),
        pytest.param({"api_key": "a$${b"}, {}, {"api_key": "a${b"}, id="escaped"),
        pytest.param({"api_key_env": "K"}, {"K": "sk"}, {"api_key": "sk", "api_key_env": "K"}, id="named"),
        pytest.param({"api_key_env": "K"}, {}, {"api_key_env": "K"}, id="named-unset"),
    ],
)
def test_a_providers_key_may_be_missing(
    provider: dict[str, object], environ: dict[str, str], result: dict[str, object]
) -> None:
    assert expanded({"providers": [provider]}, environ) == ({"providers": [result]}, {})


def test_api_key_elsewhere_is_a_text_like_any_other() -> None:
    assert expanded({"keys": {"api_key": "${K}"}}, {})[1]
