from collections.abc import Mapping
from importlib import import_module
from typing import Any

import pytest

from llmtui.config.schema import ProviderSettings
from llmtui.config.vendors import VENDORS
from llmtui.core.ports import Provider
from llmtui.testing.cases import ProviderCase
from llmtui.testing.encoders.base import dump
from llmtui.testing.encoders.chat_completions import ChatCompletionsEncoder
from llmtui.testing.encoders.dialects import ReusedIndexes
from llmtui.testing.encoders.gemini import GeminiEncoder
from llmtui.testing.encoders.messages import MessagesEncoder
from llmtui.testing.encoders.ollama import OllamaEncoder
from llmtui.testing.encoders.responses import ResponsesEncoder
from llmtui.testing.encoders.vendors import (
    AzureEncoder,
    CohereEncoder,
    DeepSeekEncoder,
    MistralEncoder,
    OpenRouterEncoder,
)


def build(settings: Mapping[str, Any]) -> Provider:
    module, name = PROVIDERS[settings["kind"]]
    provider: Provider = getattr(import_module(module), name)(ProviderSettings.model_validate(settings))
    return provider


def build_vendor(settings: Mapping[str, Any]) -> Provider:
    from llmtui.providers.vendor_adapters import vendor_adapter

    return vendor_adapter(VENDORS[settings["kind"]])(ProviderSettings.model_validate(settings))


PROVIDERS = {
    "openai_compat": ("llmtui.providers.openai_compat", "OpenAICompatProvider"),
    "anthropic": ("llmtui.providers.anthropic", "AnthropicProvider"),
    "gemini": ("llmtui.providers.gemini", "GeminiProvider"),
    "openai": ("llmtui.providers.openai", "OpenAIProvider"),
    "ollama": ("llmtui.providers.ollama.provider", "OllamaProvider"),
}
OLLAMA_SHOW = {
    "capabilities": ["completion", "tools", "thinking", "vision"],
    "details": {"family": "llama", "parameter_size": "1B", "quantization_level": "Q4_0"},
    "model_info": {"general.architecture": "llama", "llama.context_length": 8192},
}
OLLAMA_REPLIES = {
    "/api/version": dump({"version": "0.13.0"}),
    "/api/show": dump(OLLAMA_SHOW),
    "/api/tags": dump({"models": [{"name": "test-model", "model": "test-model"}]}),
    "/api/ps": dump({"models": []}),
}
CHAT = "/chat/completions"
CASES = {
    "openai_compat": ProviderCase(
        "openai_compat", build, ChatCompletionsEncoder(), CHAT, dialects={"reused-indexes": ReusedIndexes()}
    ),
    "anthropic": ProviderCase("anthropic", build, MessagesEncoder(), "/v1/messages"),
    "gemini": ProviderCase("gemini", build, GeminiEncoder(), "/v1beta/models/*:streamGenerateContent"),
    "openai": ProviderCase("openai", build, ResponsesEncoder(), "/responses"),
    "ollama": ProviderCase("ollama", build, OllamaEncoder(), "/api/chat", OLLAMA_REPLIES),
    "mistral": ProviderCase("mistral", build_vendor, MistralEncoder(), CHAT),
    "deepseek": ProviderCase("deepseek", build_vendor, DeepSeekEncoder(), CHAT),
    "openrouter": ProviderCase("openrouter", build_vendor, OpenRouterEncoder(), CHAT),
    "cohere": ProviderCase("cohere", build_vendor, CohereEncoder(), CHAT),
    "azure": ProviderCase("azure", build_vendor, AzureEncoder(), f"/openai/v1{CHAT}"),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> ProviderCase:
    """Each provider that speaks a wire."""
    if request.param in ("anthropic", "openai"):
        # The SDK's import is no part of what a test measures.
        import_module(request.param)
    return CASES[request.param]
