from enum import StrEnum
from typing import Any, Literal

import pytest
from pydantic import Field, SecretStr

from llmtui.core.settings import SettingField
from llmtui.providers.anthropic import AnthropicOptions
from llmtui.providers.base import KindOptions
from llmtui.providers.embedded.provider import EmbeddedOptions
from llmtui.providers.ollama.provider import OllamaOptions
from llmtui.providers.openai_compat import OpenAICompatOptions
from llmtui.providers.option_fields import option_fields, option_schema
from llmtui.providers.scripted import ScriptedOptions


class Shape:
    """A type that JSON schema does not know."""


class Colour(StrEnum):
    """Of the pen."""

    RED = "red"
    BLUE = "blue"


class Options(KindOptions):
    """Of every sort."""

    on: bool = True
    """Whether it
    is on."""
    maybe: bool | None = None
    size: int | None = Field(default=None, description="How large.")
    share: float = 0.5
    word: Literal["a", "b"] = "a"
    only: Literal["x"] | None = None
    either: Literal["a"] | int | None = None
    text: str = ""
    body: dict[str, Any] = Field(default_factory=dict)
    names: tuple[str, ...] = ()
    colour: Colour = Colour.RED
    other: Colour | None = None
    token: SecretStr | None = None


class Inherited(Options):
    """With one more."""

    more: str = "much"
    """More of it."""


class Strange(KindOptions, arbitrary_types_allowed=True):
    """Of a sort that nobody can describe."""

    shape: Shape | None = None


def test_each_option_is_a_field_of_its_sort() -> None:
    assert option_fields(option_schema(Options)) == (
        SettingField("options.on", "choice", "Whether it\nis on.", ("true", "false"), "true"),
        SettingField("options.maybe", "choice", "", ("true", "false")),
        SettingField("options.size", "number", "How large."),
        SettingField("options.share", "number", default="0.5"),
        SettingField("options.word", "choice", "", ("a", "b"), "a"),
        SettingField("options.only", "choice", "", ("x",)),
        SettingField("options.either", "value"),
        SettingField("options.text", "text"),
        SettingField("options.body", "value"),
        SettingField("options.names", "value"),
        SettingField("options.colour", "choice", "", ("red", "blue"), "red"),
        SettingField("options.other", "choice", "", ("red", "blue")),
        SettingField("options.token", "secret"),
    )


def test_options_of_a_base_are_described_too() -> None:
    fields = {one.key: one for one in option_fields(option_schema(Inherited))}
    assert fields["options.on"].description == "Whether it\nis on."
    assert fields["options.more"] == SettingField("options.more", "text", "More of it.", default="much")


def test_a_plugins_strange_type_is_a_value() -> None:
    assert option_fields(option_schema(Strange)) == (SettingField("options.shape", "value"),)


@pytest.mark.parametrize(
    "model", [AnthropicOptions, EmbeddedOptions, OllamaOptions, OpenAICompatOptions, ScriptedOptions]
)
def test_every_kind_of_ours_has_its_fields(model: type[KindOptions]) -> None:
    assert [one.key for one in option_fields(option_schema(model))] == [
        f"options.{name}" for name in model.model_fields
    ]
