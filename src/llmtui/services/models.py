"""Which models can be asked: those known without asking, and those that the servers list."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from llmtui.core.errors import LlmtuiError
from llmtui.core.history import StoredMessage, Target, now
from llmtui.core.models import ModelInfo, ModelList
from llmtui.core.ports import Provider, ProviderRegistry
from llmtui.services.memory import ModelMemory

LIST_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Fullness:
    """How much of a model's context a conversation takes, in tokens."""

    used: int
    window: int | None
    """None where nobody said how much the model can read."""
    estimated: bool


class ModelService:
    """The models of each provider: what its server listed last, now or in an earlier session, and defaults.

    Without a memory that is stored, lists and marks end with the program.
    """

    def __init__(
        self,
        registry: ProviderRegistry,
        memory: ModelMemory | None = None,
        may_ask: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """`may_ask` tells whether a server may be asked that the person has not turned to."""
        self.memory = memory or ModelMemory()
        self._registry = registry
        self._may_ask = may_ask

    async def known(self, provider_id: str) -> list[ModelInfo]:
        """The models known now, without asking the server; of one that cannot be built, its last list."""
        listed = self._listed(provider_id)
        try:
            provider = await asyncio.to_thread(self._registry.get, provider_id)
        except LlmtuiError:
            return list(listed)
        return _merged(provider, listed)

    async def refresh(self, provider_id: str, *, wanted: bool = False) -> list[ModelInfo]:
        """The models known after asking the server; raises LlmtuiError.

        `wanted` when the person asks for it, and knows that the key goes there.
        """
        if not wanted and not self._may_ask(provider_id):
            raise LlmtuiError("not asked: no message went to this server yet")
        try:
            async with asyncio.timeout(LIST_TIMEOUT_S):
                provider = await asyncio.to_thread(self._registry.get, provider_id)
                listed = tuple(await provider.list_models())
        except TimeoutError:
            raise LlmtuiError(f"no model list within {LIST_TIMEOUT_S:g} s") from None
        await self.memory.keep(provider_id, ModelList(listed, now()))
        return _merged(provider, listed)

    def listed_at(self, provider_id: str) -> datetime | None:
        """When the server gave its last list; None when it never did."""
        found = self.memory.lists.get(provider_id)
        return found.fetched_at if found else None

    async def forget(self, provider_id: str) -> None:
        """Forget what the server has listed: it is another one by now."""
        await self.memory.keep(provider_id, None)

    async def fullness(self, branch: Sequence[StoredMessage], target: Target) -> Fullness | None:
        """How full the target's context is after the last reply; None when no tokens were counted."""
        usage = next((message.request.usage for message in reversed(branch) if message.request), None)
        if usage is None or usage.input is None:
            return None
        used = usage.input + (usage.output or 0)
        return Fullness(used, await self.context_window(target), usage.source == "estimated")

    async def context_window(self, target: Target) -> int | None:
        """Tokens that the target's model can read, where anybody said so."""
        await self.memory.recall()
        for model in self._listed(target.provider):
            if model.id == target.model and model.capabilities.context_window.tokens:
                return model.capabilities.context_window.tokens
        try:
            provider = await asyncio.to_thread(self._registry.get, target.provider)
        except LlmtuiError:
            return None
        return provider.capabilities(target.model).context_window.tokens

    def _listed(self, provider_id: str) -> Sequence[ModelInfo]:
        found = self.memory.lists.get(provider_id)
        return found.models if found else ()


def _merged(provider: Provider, listed: Sequence[ModelInfo]) -> list[ModelInfo]:
    """The server's list, then the defaults that it leaves out, each with what the provider knows besides."""
    ids = {model.id for model in listed}
    models = [*listed, *(model for model in provider.default_models() if model.id not in ids)]
    return [
        replace(model, capabilities=model.capabilities.over(provider.capabilities(model.id)))
        for model in models
    ]
