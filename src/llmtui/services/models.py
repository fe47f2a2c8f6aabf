"""Which models can be asked: those known without asking, and those that the servers list."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from llmtui.core.errors import LlmtuiError
from llmtui.core.history import RequestRecord, StoredMessage, Target, now
from llmtui.core.models import Cost, ModelInfo, ModelList
from llmtui.core.ports import ModelCatalogue, ProviderRegistry
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
        *,
        catalogue: ModelCatalogue | None = None,
    ) -> None:
        """`may_ask` tells whether a server may be asked that the person has not turned to."""
        self.memory = memory or ModelMemory()
        self._registry = registry
        self._may_ask = may_ask
        self._catalogue = catalogue

    async def known(self, provider_id: str) -> list[ModelInfo]:
        """The models known now, without asking the server; of one that cannot be built, its last list."""
        return await asyncio.to_thread(self._merged, provider_id, self._listed(provider_id))

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
        return await asyncio.to_thread(self._merged, provider_id, listed)

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

    async def priced(self, record: RequestRecord) -> RequestRecord:
        """The ledger's row with what the request has cost; as it was where nobody knows that."""
        usage, catalogue = record.usage, self._catalogue
        if usage is None or catalogue is None:
            return record
        await self.memory.recall()
        listed = self._listed(record.provider)

        def found() -> Cost | None:
            info = self._registry.info(record.provider)
            # The server may name the model that answered more exactly than anybody prices it.
            for model in dict.fromkeys([record.model, record.requested]):
                known = self._described(Target(record.provider, model), listed)
                if info and (cost := catalogue.cost(info, known, usage)):
                    return cost
            return None

        cost = await asyncio.to_thread(found)
        if cost is None:
            return record
        date = record.started_at.date().isoformat()
        return replace(record, cost=f"{cost.dollars:f}", price_source=cost.source, price_date=date)

    async def context_window(self, target: Target) -> int | None:
        """Tokens that the target's model can read, where anybody said so."""
        await self.memory.recall()
        listed = self._listed(target.provider)
        return (await asyncio.to_thread(self._described, target, listed)).capabilities.context_window.tokens

    def _listed(self, provider_id: str) -> Sequence[ModelInfo]:
        found = self.memory.lists.get(provider_id)
        return found.models if found else ()

    def _merged(self, provider_id: str, listed: Sequence[ModelInfo]) -> list[ModelInfo]:
        """The server's list, then the defaults that it leaves out, each with all that is known of it.

        Of a provider that cannot be built, only what was listed. Blocks.
        """
        try:
            provider = self._registry.get(provider_id)
        except LlmtuiError:
            return self._looked_up(provider_id, listed)
        ids = {model.id for model in listed}
        models = [*listed, *(model for model in provider.default_models() if model.id not in ids)]
        told = (ModelInfo(model.id, capabilities=provider.capabilities(model.id)) for model in models)
        return self._looked_up(
            provider_id, [model.completed(more) for model, more in zip(models, told, strict=True)]
        )

    def _described(self, target: Target, listed: Sequence[ModelInfo]) -> ModelInfo:
        """All that is known of one model, listed or not. Blocks."""
        model = next((one for one in listed if one.id == target.model), ModelInfo(target.model or ""))
        with suppress(LlmtuiError):
            provider = self._registry.get(target.provider)
            model = model.completed(ModelInfo(model.id, capabilities=provider.capabilities(target.model)))
        return self._looked_up(target.provider, [model])[0]

    def _looked_up(self, provider_id: str, models: Sequence[ModelInfo]) -> list[ModelInfo]:
        if self._catalogue is None or (info := self._registry.info(provider_id)) is None:
            return list(models)
        return self._catalogue.lookup(info, models)
