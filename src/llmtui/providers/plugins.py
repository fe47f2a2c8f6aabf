"""Adapters by the name of their kind, from entry points: our own and other packages'."""

import logging
from collections.abc import Iterable
from functools import cached_property
from importlib.metadata import EntryPoint, PackageNotFoundError, distribution, entry_points

from llmtui.config.vendors import VENDORS, Vendor
from llmtui.core.errors import ConfigError
from llmtui.core.logs import logfmt
from llmtui.providers.base import BaseProvider

_log = logging.getLogger(__name__)
ENTRY_POINT_GROUP = "llmtui.providers"


class Plugins:
    """What is installed, read when it is first needed."""

    def load(self, kind: str) -> type[BaseProvider]:
        """Import the adapter of a kind; raises ConfigError where there is none, or it is broken."""
        if (vendor := VENDORS.get(kind)) is not None:
            return _of_vendor(vendor)
        point = self.own.get(kind) or self.all.get(kind)
        if point is None:
            known = sorted({*self.all, *VENDORS})
            raise ConfigError(f"unknown kind '{kind}'; known: {', '.join(known)}")
        try:
            loaded = point.load()
        # A broken plugin is listed with its error and stops nothing.
        except Exception as error:
            _log.exception(logfmt("provider plugin is broken", plugin=point.value))
            raise ConfigError(f"the provider plugin '{point.value}' is broken: {error}") from error
        if not (isinstance(loaded, type) and issubclass(loaded, BaseProvider)):
            raise ConfigError(f"the provider plugin '{point.value}' is broken: it is no BaseProvider")
        return loaded

    @cached_property
    def own(self) -> dict[str, EntryPoint]:
        """The kinds of this package; they alone are found without reading all packages' metadata."""
        try:
            return _by_name(distribution("llmtui").entry_points.select(group=ENTRY_POINT_GROUP))
        except PackageNotFoundError:
            return {}

    @cached_property
    def all(self) -> dict[str, EntryPoint]:
        """The kinds of all installed packages, third parties' included."""
        return _by_name(entry_points(group=ENTRY_POINT_GROUP))


def _by_name(points: Iterable[EntryPoint]) -> dict[str, EntryPoint]:
    return {point.name.lower(): point for point in points}


def _of_vendor(vendor: Vendor) -> type[BaseProvider]:
    # As an entry point does, it loads the adapter when a kind that needs it is asked for.
    from llmtui.providers.vendor_adapters import vendor_adapter

    return vendor_adapter(vendor)
