"""Writes the tables of docs/providers.md from what the code knows of each kind of provider."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from llmtui.catalog.genai_prices import data_version, priced
from llmtui.config.schema import ProviderSettings
from llmtui.config.vendors import VENDORS, Vendor
from llmtui.core.models import Price
from llmtui.providers.kinds import BUILT_IN, Kind, vendor_kind

PAGE = Path(__file__).parent.parent / "docs" / "providers.md"
BEGIN, END = "<!-- {}: made by scripts/provider_tables.py -->\n", "<!-- {}: end -->\n"
UNCONFIRMED = "unconfirmed against the live service"
KIND_HEAD = ("kind", "text goes to", "carries beside text", "what its first model costs", "choose it when")
VENDOR_HEAD = ("kind", "vendor", "address", "key", "model", "what differs", "state")
PLACES = {
    "openai": "OpenAI",
    "openai_compat": "wherever its address leads",
    "anthropic": "Anthropic",
    "gemini": "Google",
    "ollama": "your own machines; what is sent to a cloud model, ollama.com",
}
"""Where text goes, for the kinds that are no rows."""
AS_OF = datetime(2026, 11, 30, 12, tzinfo=UTC)
"""Prices change on a day or with the hour: the table has those of this one."""


def main() -> int:
    """Write the tables; with --check only say whether they are up to date."""
    page = PAGE.read_text("utf-8")
    fresh = with_tables(page)
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(fresh, "utf-8")
    elif fresh != page:
        sys.exit("docs/providers.md: the tables are out of date; run scripts/provider_tables.py")
    return 0


def with_tables(page: str) -> str:
    """The page with the tables as they are now."""
    for name, content in TABLES.items():
        begin, end = BEGIN.format(name), END.format(name)
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}{content()}{end}{rest.partition(end)[2]}"
    return page


def kinds() -> str:
    """Every kind: where text goes, what a request can hold, what it costs, and for whom it is."""
    known = {**BUILT_IN, **{name: vendor_kind(row) for name, row in VENDORS.items()}}
    source = (
        f"Prices are those that `genai-prices` {data_version()} has for {AS_OF:%Y-%m-%d}, in US dollars per "
        "million tokens.\n\n"
    )
    return source + _table(KIND_HEAD, (_kind_row(name, kind) for name, kind in known.items()))


def vendors() -> str:
    """The rows of config/vendors.py."""
    return _table(VENDOR_HEAD, map(_vendor_row, VENDORS.values()))


TABLES: Mapping[str, Callable[[], str]] = {"kinds": kinds, "vendors": vendors}


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, ("---",) * len(head), *rows])


def _kind_row(name: str, kind: type[Kind]) -> tuple[str, ...]:
    return _code(name), _place(name, kind), ", ".join(kind.carries), _cost(name, kind), kind.choose_when


def _place(name: str, kind: type[Kind]) -> str:
    if name in PLACES:
        return PLACES[name]
    match kind.type_of(ProviderSettings(id=name, kind=name)):
        case "cloud":
            return VENDORS[name].name
        case "hybrid":
            return "your own machines, and from there to others"
        case "local":
            return "your own machines"


def _cost(name: str, kind: type[Kind]) -> str:
    settings = ProviderSettings(id=name, kind=name)
    if kind.type_of(settings) == "local":
        return "nothing per token"
    model = kind.model_of(settings) or ""
    found = priced(kind.base_url_of(settings), model, AS_OF)
    return f"{_code(model)}: {_amounts(found.price)}" if model and found else "depends"


def _amounts(price: Price) -> str:
    note = f"; {price.note}" if price.note else ""
    return f"${price.input:f} in, ${price.output:f} out{note}"


def _vendor_row(vendor: Vendor) -> tuple[str, ...]:
    address = _code(vendor.base_url) if vendor.base_url else f"yours, or {_code(vendor.address or '')}"
    if vendor.base_url and vendor.address:
        address += f", or {_code(vendor.address)}"
    keys = ", ".join(map(_code, vendor.keys)) + ("" if vendor.type == "cloud" else ", where it wants one")
    return (
        _code(vendor.id),
        f"[{vendor.name}]({vendor.source})",
        address,
        keys,
        _code(vendor.model) if vendor.model else "",
        "; ".join(_differences(vendor)),
        UNCONFIRMED,
    )


def _differences(vendor: Vendor) -> Iterable[str]:
    if vendor.suffix:
        yield f"{_code(vendor.suffix)} is added to the address"
    for name, value in vendor.options.items():
        yield _code(f"{name}: {json.dumps(value)}")
    if vendor.quirks:
        yield vendor.quirks


def _code(text: str) -> str:
    return f"`{text}`"


if __name__ == "__main__":
    sys.exit(main())
