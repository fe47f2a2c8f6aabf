import pytest

from llmtui.config.schema import ProviderSettings
from llmtui.core.errors import LlmtuiError
from llmtui.core.history import Target
from llmtui.providers.registry import Registry
from llmtui.services.models import ModelService


def service(**options: object) -> ModelService:
    return ModelService(Registry([ProviderSettings(id="fake", kind="scripted", options=options)]))


async def test_models_known_without_asking_come_first_to_hand() -> None:
    models = service(models=["one", "two"])
    assert [model.id for model in await models.known("fake")] == ["one", "two"]
    assert [model.id for model in await models.refresh("fake")] == ["one", "two"]


async def test_a_provider_that_is_down_says_so_when_asked() -> None:
    models = service(models=["one"], down="connection refused")
    assert [model.id for model in await models.known("fake")] == ["one"]
    with pytest.raises(LlmtuiError, match="refused"):
        await models.refresh("fake")


async def test_an_unknown_context_window_is_unknown() -> None:
    assert await service().context_window(Target("fake", "echo")) is None
    assert await service(context_window=4096).context_window(Target("fake", "echo")) == 4096
    assert await service().context_window(Target("nobody")) is None
