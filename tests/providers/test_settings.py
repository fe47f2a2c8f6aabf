"""What every kind says of its settings before anything is built."""

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.config.schema import ProviderSettings
from llmtui.providers.anthropic import AnthropicProvider
from llmtui.providers.base import BaseProvider
from llmtui.providers.embedded.provider import EmbeddedProvider
from llmtui.providers.ollama.provider import OllamaProvider
from llmtui.providers.openai import OpenAIProvider
from llmtui.providers.openai_compat import OpenAICompatProvider
from llmtui.providers.scripted import ScriptedProvider

KINDS = [
    OpenAIProvider,
    OpenAICompatProvider,
    AnthropicProvider,
    OllamaProvider,
    EmbeddedProvider,
    ScriptedProvider,
]
OPTIONS = ("model_path", "n_ctx", "thinking", "num_ctx", "script", "extra_body", "nonsense")
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
VALUES = LEAVES | st.lists(LEAVES, max_size=2) | st.dictionaries(st.sampled_from(OPTIONS), LEAVES, max_size=3)
CONFIGS = st.dictionaries(st.sampled_from([*ProviderSettings.model_fields, "nonsense"]), VALUES)


@pytest.mark.parametrize("kind", KINDS)
@given(config=CONFIGS)
def test_any_settings_are_judged_without_an_error(
    kind: type[BaseProvider], config: dict[str, object]
) -> None:
    for issue in kind.validate_config({"id": "p", "kind": "k"} | config):
        assert issue.message


@pytest.mark.parametrize("kind", [OpenAIProvider, OpenAICompatProvider, AnthropicProvider])
@pytest.mark.parametrize(
    "url", ["llm.example.com/v1", "localhost:8080", "http://h:99999", "http://[::1", "ftp://h"]
)
def test_an_address_that_leads_nowhere_is_found_offline(kind: type[BaseProvider], url: str) -> None:
    issues = kind.validate_config({"id": "p", "kind": "k", "base_url": url})
    assert [issue.key for issue in issues] == ["base_url"]


@pytest.mark.parametrize(
    ("source", "key", "words"),
    [
        ({"command": "a", "file": "/b"}, "api_key", "should name one of"),
        ({}, "api_key", "should name one of"),
        ({"command": ""}, "api_key.command", "is empty"),
        ({"keyrig": "a"}, "api_key.keyrig", "did you mean 'keyring'?"),
        ({"file": "key"}, "api_key.file", "should be a whole path"),
        ([], "api_key", "should be text"),
    ],
)
def test_a_wrong_place_of_a_key_is_named(source: object, key: str, words: str) -> None:
    (issue,) = ScriptedProvider.validate_config({"id": "p", "kind": "k", "api_key": source})
    assert (issue.key, words in issue.message) == (key, True)


def test_every_option_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text("utf-8")
    text = text.partition("## `options` of each kind")[2]
    kind, documented = "", set()
    for named, option in re.findall(r"^\| (?:`(\w+)`)? ?\| `(\w+)` \| .+ \|$", text, re.MULTILINE):
        kind = named or kind
        documented.add((kind, option))
    points = entry_points(group="llmtui.providers")
    kinds = {point.name: point.load() for point in points if point.value.startswith("llmtui.")}
    assert documented == {
        (name, option) for name, kind in kinds.items() for option in kind.options_model.model_fields
    }


@pytest.mark.parametrize("kind", KINDS)
def test_settings_without_an_address_are_fine(kind: type[BaseProvider]) -> None:
    assert kind.validate_config({"id": "p", "kind": "k"}) == []
