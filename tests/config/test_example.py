import re
from pathlib import Path

import pytest

from llmtui.config.loader import load_settings
from llmtui.config.schema import (
    AgentSettings,
    AppSettings,
    NetworkSettings,
    ProviderSettings,
    TimeoutSettings,
)

EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"


def test_the_example_is_valid_without_any_variable() -> None:
    loaded = load_settings(EXAMPLE, {})
    assert loaded.warnings == []
    assert loaded.settings.default_provider == "embedded"


@pytest.mark.parametrize(
    "model", [AppSettings, ProviderSettings, NetworkSettings, TimeoutSettings, AgentSettings]
)
def test_the_example_mentions_every_key(model: type[AppSettings]) -> None:
    text = EXAMPLE.read_text("utf-8")
    missing = [key for key in model.model_fields if not re.search(rf"^[ -]*{key}:", text, re.MULTILINE)]
    assert missing == []
