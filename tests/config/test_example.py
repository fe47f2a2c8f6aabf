import re
from pathlib import Path

import pytest

from llmtui.bootstrap import build_registry
from llmtui.config.loader import load_settings
from llmtui.config.schema import (
    AgentSettings,
    AppSettings,
    ModelSettings,
    NetworkSettings,
    PluginSettings,
    PriceSettings,
    ProviderSettings,
    TerminalSettings,
    TimeoutSettings,
)

MIGRATION = Path(__file__).parents[2] / "docs" / "migration.md"
EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"


def test_the_example_is_valid_without_any_variable() -> None:
    loaded = load_settings(EXAMPLE, {})
    assert loaded.warnings == []
    assert loaded.settings.default_provider == "embedded"


@pytest.mark.parametrize(
    "model",
    [
        AppSettings,
        PluginSettings,
        ProviderSettings,
        ModelSettings,
        PriceSettings,
        NetworkSettings,
        TerminalSettings,
        TimeoutSettings,
        AgentSettings,
    ],
)
def test_the_example_mentions_every_key(model: type[AppSettings]) -> None:
    text = EXAMPLE.read_text("utf-8")
    missing = [key for key in model.model_fields if not re.search(rf"^[ -]*{key}:", text, re.MULTILINE)]
    assert missing == []


@pytest.mark.parametrize(
    "place", re.findall(r"^    # (api_key: .+?) #", EXAMPLE.read_text("utf-8"), re.MULTILINE)
)
def test_the_places_of_keys_in_the_example_are_valid(tmp_path: Path, place: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"providers:\n  - id: a\n    kind: openai_compat\n    {place}\n")
    assert load_settings(path, {}).settings.providers[0].key_source is not None


@pytest.mark.parametrize(
    "block", re.findall(r"```(?:yaml|json)\n(.+?)```", MIGRATION.read_text("utf-8"), re.DOTALL)
)
def test_what_the_guide_shows_is_valid(tmp_path: Path, block: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(block)
    path.chmod(0o600)
    environ = {"OPENAI_ORG_ID": "org"}
    loaded = load_settings(path, environ)
    assert loaded.settings.providers
    registry = build_registry(loaded.settings)
    assert [issue for one in loaded.settings.providers for issue in registry.validate(one.id)] == []
