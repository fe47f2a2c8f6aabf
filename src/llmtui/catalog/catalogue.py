"""All that is known of a model without asking its server, each fact with its source."""

import logging
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

from llmtui.catalog.genai_prices import cost, data_version, priced
from llmtui.catalog.models_dev import ModelsDev
from llmtui.config.vendors import VENDORS
from llmtui.core.logs import logfmt
from llmtui.core.models import Cost, ModelInfo, Price, ProviderInfo, is_cloud_name
from llmtui.core.usage import Usage

_log = logging.getLogger(__name__)
OWN_MACHINE = Price(Decimal(0), Decimal(0), source="provider", note="runs on your own machines")


class Catalogue:
    """Asks, for each model: the person's settings, `genai-prices`, and what was last read from models.dev."""

    def __init__(self, models_dev: Path) -> None:
        """`models_dev` is the file that `llmtui models refresh` writes; it need not be there."""
        self._models_dev = ModelsDev(models_dev)

    def lookup(self, provider: ProviderInfo, models: Sequence[ModelInfo]) -> list[ModelInfo]:
        """The models with all that the person and the catalogues say of them too; offline.

        The first call imports a package and reads files: call it on a thread.
        """
        return [self._completed(provider, model) for model in models]

    def cost(self, provider: ProviderInfo, model: ModelInfo, usage: Usage) -> Cost | None:
        """What so many tokens of a model that was looked up cost now; None where nobody knows."""
        price = model.price
        if price.source != "genai-prices":
            dollars = price.cost(usage)
            return None if dollars is None else Cost(dollars, price.source)
        # Its prices have steps, and some have an hour: its own arithmetic knows them.
        dollars = cost(provider.base_url, model.id, usage)
        return None if dollars is None else Cost(dollars, f"{price.source} {data_version()}")

    def _completed(self, provider: ProviderInfo, model: ModelInfo) -> ModelInfo:
        told = [provider.stated.get(model.id), *self._catalogued(provider, model.id)]
        if _stays(provider, model):
            told.append(ModelInfo(model.id, price=OWN_MACHINE))
        return model.completed(*filter(None, told))

    def _catalogued(self, provider: ProviderInfo, model: str) -> list[ModelInfo | None]:
        vendor = VENDORS.get(provider.kind)
        # A deployment has the name that its owner gave it: the catalogues' model of that name is another one.
        if provider.type == "local" or (vendor and vendor.own_names):
            return []
        sources: tuple[Callable[[str, str], ModelInfo | None], ...] = (priced, self._models_dev.find)
        return [_asked(source, provider.base_url, model) for source in sources]


def _stays(provider: ProviderInfo, model: ModelInfo) -> bool:
    """Whether nothing of what is sent to a model leaves one's own machines, also before it is listed."""
    if model.leaves_machine is not None:
        return not model.leaves_machine
    return provider.type == "local" and not (provider.kind == "ollama" and is_cloud_name(model.id))


def _asked(source: Callable[[str, str], ModelInfo | None], base_url: str, model: str) -> ModelInfo | None:
    try:
        return source(base_url, model)
    # Prices are an ornament: no fault of another package's data may keep anybody from a model.
    except Exception:  # noqa: BLE001
        _log.exception(logfmt("catalogue failed", model=model))
        return None
