"""Writes the table of vendors in docs/providers.md from the rows in config/vendors.py."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from llmtui.config.vendors import VENDORS, Vendor

PAGE = Path(__file__).parent.parent / "docs" / "providers.md"
BEGIN, END = "<!-- vendors: made by scripts/vendor_table.py -->\n", "<!-- vendors: end -->\n"
UNCONFIRMED = "unconfirmed against the live service"
HEAD = ("kind", "vendor", "text goes to", "address", "key", "model", "what differs", "state")
PLACES = {"cloud": "the vendor", "local": "this machine", "hybrid": "this machine and from there to others"}


def main() -> int:
    """Write the table; with --check only say whether it is up to date."""
    page = PAGE.read_text("utf-8")
    fresh = with_table(page)
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(fresh, "utf-8")
    elif fresh != page:
        sys.exit("docs/providers.md: the table of vendors is out of date; run scripts/vendor_table.py")
    return 0


def with_table(page: str) -> str:
    """The page with the table as it is now."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}{table()}{END}{after}"


def table() -> str:
    """The rows in Markdown."""
    rows = [HEAD, ("---",) * len(HEAD), *map(_row, VENDORS.values())]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(vendor: Vendor) -> tuple[str, ...]:
    address = _code(vendor.base_url) if vendor.base_url else f"yours, or {_code(vendor.address or '')}"
    if vendor.base_url and vendor.address:
        address += f", or {_code(vendor.address)}"
    keys = ", ".join(map(_code, vendor.keys)) + ("" if vendor.type == "cloud" else ", where it wants one")
    return (
        _code(vendor.id),
        f"[{vendor.name}]({vendor.source})",
        PLACES[vendor.type],
        address,
        keys,
        _code(vendor.model) if vendor.model else "",
        "; ".join(_differences(vendor)),
        UNCONFIRMED,
    )


def _differences(vendor: Vendor) -> Iterator[str]:
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
