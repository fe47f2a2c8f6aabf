"""What is the example's own, beside the contract: its settings, its body, its list of models."""

from encoder import ExampleEncoder
from llmtui_example_provider.provider import ExampleProvider

from llmtui.config.schema import ProviderSettings
from llmtui.core.chat import ChatRequest, fold
from llmtui.core.conversation import user
from llmtui.testing.scenarios import TEXT
from llmtui.testing.wire_server import WireServer


def provider_at(url: str, **settings: object) -> ExampleProvider:
    own = {"id": "mine", "kind": "example", "base_url": url, "api_key": "sk-1", **settings}
    return ExampleProvider(ProviderSettings.model_validate(own))


async def test_what_the_settings_say_is_sent() -> None:
    async with WireServer() as server:
        server.reply("/chat", ExampleEncoder().encode(TEXT), content_type=ExampleEncoder.content_type)
        provider = provider_at(server.url, system_prompt="Be brief.", options={"tone": "friendly"})
        await fold(provider.stream_chat(ChatRequest((user("Hello"),))))
        await provider.aclose()
    (request,) = server.requests
    assert request.headers["authorization"] == "Bearer sk-1"
    assert request.json() == {
        "model": "example-1",
        "system": "Be brief.",
        "said": [{"role": "user", "text": "Hello"}],
        "tone": "friendly",
    }


async def test_the_models_are_listed_and_the_connection_is_checked() -> None:
    async with WireServer() as server:
        server.reply("/models", [b'["a", "b"]'])
        provider = provider_at(server.url)
        assert [model.id for model in await provider.list_models()] == ["a", "b"]
        report = await provider.check(with_key=False)
        assert report.ok
        assert report.key_kept_back
        assert "authorization" not in server.requests[-1].headers
        await provider.aclose()
    assert not (await provider.check()).ok


def test_wrong_settings_are_told_without_building_anything() -> None:
    wrong = {"id": "x", "kind": "example", "options": {"tone": "rude"}}
    assert [issue.key for issue in ExampleProvider.validate_config(wrong)] == ["options.tone"]
