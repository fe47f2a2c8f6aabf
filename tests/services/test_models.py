import pytest

from llmtui.config.schema import ProviderSettings
from llmtui.core.conversation import assistant
from llmtui.core.errors import LlmtuiError
from llmtui.core.history import RequestRecord, StoredMessage, Target, now
from llmtui.core.usage import Usage
from llmtui.providers.registry import Registry
from llmtui.services.models import Fullness, ModelService


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


def asked(usage: Usage | None) -> StoredMessage:
    request = RequestRecord("r", "fake", "echo", now(), usage=usage)
    return StoredMessage("m", "c", None, assistant("a"), request=request)


async def test_fullness_counts_what_was_read_and_written_and_tells_an_estimate() -> None:
    models, target = service(context_window=4096), Target("fake", "echo")
    assert await models.fullness([asked(Usage(100, 20))], target) == Fullness(120, 4096, False)
    guess = Usage(100, 20, source="estimated")
    assert await models.fullness([asked(guess)], target) == Fullness(120, 4096, True)
    assert await models.fullness([asked(None)], target) is None
    assert await models.fullness([], target) is None


async def test_a_server_is_left_alone_until_it_may_be_asked_or_the_person_wants_it() -> None:
    registry = Registry([ProviderSettings(id="fake", kind="scripted", options={"models": ["one"]})])
    models = ModelService(registry, may_ask=lambda provider_id: provider_id != "fake")
    with pytest.raises(LlmtuiError, match="no message went"):
        await models.refresh("fake")
    assert models.listed_at("fake") is None
    assert [model.id for model in await models.refresh("fake", wanted=True)] == ["one"]
