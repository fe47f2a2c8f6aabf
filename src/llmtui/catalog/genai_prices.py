"""Prices and context windows from the package `genai-prices`, which carries its data with it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from llmtui.core.models import Capabilities, Limit, ModelInfo, Price
from llmtui.core.usage import Usage

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo as Entry

_FIELDS: Mapping[str, str] = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
}
HUGGING_FACE = "router.huggingface.co"


def priced(base_url: str, model: str, at: datetime | None = None) -> ModelInfo | None:
    """What the package says of a model at an address; None where it knows none such.

    Prices are those of a moment, else of now: some change on a day, or with the hour.

    Imports the package when first called, which takes a quarter of a second.
    """
    from genai_prices.data_snapshot import get_snapshot

    address, name = _as_listed(base_url, model)
    try:
        _, entry = get_snapshot().find_provider_model(name, None, None, address)
    except LookupError:
        return None
    window = Limit(entry.context_window, "genai-prices") if entry.context_window else Limit()
    price = _price(entry, at or datetime.now(UTC))
    return ModelInfo(model, entry.name or "", Capabilities(context_window=window), price=price)


def cost(base_url: str, model: str, usage: Usage) -> Decimal | None:
    """Dollars for so many tokens now; None where the package has no price, or a count is missing."""
    import genai_prices

    if usage.input is None or usage.output is None or not usage.adds_up:
        return None
    counts = genai_prices.Usage(
        input_tokens=usage.input,
        cache_read_tokens=usage.cache_read or None,
        cache_write_tokens=usage.cache_write or None,
        output_tokens=usage.output,
    )
    address, name = _as_listed(base_url, model)
    try:
        return genai_prices.calc_price(counts, name, provider_api_url=address).total_price
    # A model that has no price per token, and counts that contradict each other.
    except (LookupError, ValueError):
        return None


def data_version() -> str:
    """The package's version, which tells how old its prices are."""
    from genai_prices import __version__

    return __version__


def _as_listed(base_url: str, model: str) -> tuple[str, str]:
    """Address and name as the package has them: it lists the companies behind Hugging Face one by one."""
    name, named, company = model.partition(":")
    if urlsplit(base_url).hostname == HUGGING_FACE and named:
        return f"https://{HUGGING_FACE}/{company}", name
    return base_url, model


def _price(entry: "Entry", at: datetime) -> Price:
    current = entry.get_prices(at)
    amounts = {name: getattr(current, field, None) for name, field in _FIELDS.items()}
    if all(amount is None for amount in amounts.values()):
        return Price()
    tiers = sorted({tier.start for amount in amounts.values() for tier in getattr(amount, "tiers", ())})
    note = f"other prices beyond {tiers[0] / 1000:.0f}k tokens" if tiers else ""
    told: dict[str, Any] = {name: _base(amount) for name, amount in amounts.items()}
    return Price(**told, source="genai-prices", note=note)


def _base(amount: Any) -> Decimal | None:
    base: Decimal | None = getattr(amount, "base", amount)
    return base
