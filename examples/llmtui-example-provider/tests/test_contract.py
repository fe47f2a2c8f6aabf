"""The example keeps the contract of a provider; one case is all that the suite needs."""

from collections.abc import Mapping
from typing import Any

import pytest
from encoder import ExampleEncoder
from llmtui_example_provider.provider import ExampleProvider

from llmtui.config.schema import ProviderSettings
from llmtui.core.ports import Provider
from llmtui.testing.conformance import ConformanceSuite, ProviderCase
from llmtui.testing.encoders.base import dump


def build(settings: Mapping[str, Any]) -> Provider:
    return ExampleProvider(ProviderSettings.model_validate(settings))


@pytest.fixture
def case() -> ProviderCase:
    return ProviderCase(
        "example",
        build,
        ExampleEncoder(),
        "/chat",
        other_replies={"/models": dump(["example-1"])},
        # No tools, images, temperature and limit of tokens; nor does it name the model that answers.
        traits=frozenset({"reasoning", "system prompt", "usage"}),
    )


class TestExample(ConformanceSuite):
    """By the case above."""
