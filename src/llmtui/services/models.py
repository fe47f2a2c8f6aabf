"""Which models can be asked: those known without asking, and those that the servers list."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from llmtui.core.errors import LlmtuiError
from llmtui.core.history import StoredMessage, Target
from llmtui.core.models import ModelInfo
from llmtui.core.ports import ProviderRegistry

LIST_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Fullness:
    """How much of a model's context a conversation takes, in tokens."""

    used: int
    window: int | None
    """None where nobody said how much the model can read."""
    estimated: bool


class ModelService:
    """The models of each provider, remembered once a server has listed them."""

    def __init__(self, registry: ProviderRegistry) -> None:
        self._registry = registry
        self._live: dict[str, list[ModelInfo]] = {}

    async def known(self, provider_id: str) -> list[ModelInfo]:
        """The models known now, without asking the server; empty when the provider cannot be built."""
        try:
            provider = await asyncio.to_thread(self._registry.get, provider_id)
        except LlmtuiError:
            return []
        return _merged(self._live.get(provider_id, []), provider.default_models())

    async def refresh(self, provider_id: str) -> list[ModelInfo]:
        """The models known after asking the server; raises LlmtuiError."""
        try:
            async with asyncio.timeout(LIST_TIMEOUT_S):
                provider = await asyncio.to_thread(self._registry.get, provider_id)
                self._live[provider_id] = await provider.list_models()
        except TimeoutError:
            raise LlmtuiError(f"no model list within {LIST_TIMEOUT_S:g} s") from None
        return _merged(self._live[provider_id], provider.default_models())

    def forget(self, provider_id: str) -> None:
        """Forget what the server has listed: it may be another one by now."""
        self._live.pop(provider_id, None)

    async def fullness(self, branch: Sequence[StoredMessage], target: Target) -> Fullness | None:
        """How full the target's context is after the last reply; None when no tokens were counted."""
        usage = next((message.request.usage for message in reversed(branch) if message.request), None)
        if usage is None or usage.input is None:
            return None
        used = usage.input + (usage.output or 0)
        return Fullness(used, await self.context_window(target), usage.source == "estimated")

    async def context_window(self, target: Target) -> int | None:
        """Tokens that the target's model can read, where anybody said so."""
        for model in self._live.get(target.provider, []):
            if model.id == target.model and model.capabilities.context_window.tokens:
                return model.capabilities.context_window.tokens
        try:
            provider = await asyncio.to_thread(self._registry.get, target.provider)
        except LlmtuiError:
            return None
        return provider.capabilities(target.model).context_window.tokens


def _merged(live: list[ModelInfo], defaults: list[ModelInfo]) -> list[ModelInfo]:
    listed = {model.id for model in live}
    return live + [model for model in defaults if model.id not in listed]
