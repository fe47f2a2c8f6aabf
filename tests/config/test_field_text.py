from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.config.credentials import MASK
from llmtui.config.field_text import masked, parsed, shown, unmasked
from llmtui.core.settings import FieldKind, SettingField

THINK = ("true", "false", "low")
EFFORTS = ("off", "low")


def field(kind: FieldKind, *choices: str) -> SettingField:
    return SettingField("x", kind, choices=choices)


@pytest.mark.parametrize(
    ("one", "value", "text"),
    [
        (field("text"), "a: #b", "a: #b"),
        (field("lines"), " a\n", " a\n"),
        (field("number"), 0.5, "0.5"),
        (field("number"), "${TEMPERATURE}", "${TEMPERATURE}"),
        (field("choice", *THINK), True, "true"),
        (field("choice", *THINK), "low", "low"),
        (field("choice", *EFFORTS), "off", "off"),
        (field("value"), {"a": [1, "ä"]}, '{"a": [1, "ä"]}'),
        (field("value"), "5m", "5m"),
        (field("value"), "off", "off"),
        (field("value"), "5", '"5"'),
        (field("value"), "[", '"["'),
        (field("value"), " a", '" a"'),
        (field("value"), "${BODY}", "${BODY}"),
        (field("value"), 1024, "1024"),
        (field("text"), None, ""),
    ],
)
def test_a_value_comes_back_from_its_text(one: SettingField, value: Any, text: str) -> None:
    assert shown(one, value) == text
    assert parsed(one, text) == value


@given(
    st.recursive(
        st.booleans() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
    )
)
def test_any_value_comes_back(value: Any) -> None:
    one = field("value")
    assert parsed(one, shown(one, value)) == value


def test_yaml_in_braces_is_taken_and_what_is_broken_told() -> None:
    assert parsed(field("value"), "{top_k: 3, stop: [a]}") == {"top_k": 3, "stop": ["a"]}
    for broken in ("{a: 1", "[a, {]", "{a: 2020-13-45}"):
        with pytest.raises(ValueError, match="not valid YAML"):
            parsed(field("value"), broken)


def test_what_is_no_number_is_left_to_the_schema() -> None:
    assert parsed(field("number"), "1e") == "1e"
    assert parsed(field("choice", *EFFORTS), "true") is True
    assert shown(field("choice", *EFFORTS), False) == "off"


def test_secrets_of_an_address_are_hidden_and_put_back() -> None:
    address = "https://me:pw@host/v1?key=k"
    assert masked(address) == f"https://{MASK}@host/v1?{MASK}"
    assert unmasked(masked(address).replace("host", "other"), address) == address.replace("host", "other")
    assert unmasked("http://new", address) == "http://new"
    with pytest.raises(ValueError, match="whole address"):
        unmasked(f"https://{MASK}@host", address)
    assert masked("https://${USER}@host/v1") == "https://${USER}@host/v1"
    assert masked("gpu-box:1234") == "gpu-box:1234"
