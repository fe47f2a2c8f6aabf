"""The kinds of provider that installed packages bring, from entry points: our own and other packages'."""

import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import EntryPoint, PackageNotFoundError, distribution, entry_points
from typing import Any, Literal

from llmtui.config.schema import canonical_kind, canonical_package
from llmtui.config.vendors import VENDORS, Vendor
from llmtui.core.errors import ConfigError
from llmtui.core.logs import logfmt, scrubbed
from llmtui.providers.base import API_VERSION, BaseProvider, KindOptions
from llmtui.providers.option_fields import option_schema

_log = logging.getLogger(__name__)
ENTRY_POINT_GROUP = "llmtui.providers"
ROW_OF = "openai_compat"
"""The kind whose adapter serves the rows of the table of vendors."""
PluginState = Literal["built in", "loaded", "disabled", "broken"]


@dataclass(frozen=True, slots=True)
class Plugin:
    """A kind that a package brings."""

    kind: str
    distribution: str
    version: str
    """Of the distribution."""
    object: str
    """What the entry point names: `module:Class`."""
    state: PluginState
    error: str = ""
    """Why it is broken."""


class Plugins:
    """What is installed, read when it is first needed; `disabled` names kinds and packages.

    What is disabled is never imported, what cannot be used is told with its reason and stops nothing.
    """

    def __init__(self, disabled: Collection[str] = ()) -> None:
        self._disabled_kinds = {canonical_kind(name) for name in disabled}
        self._disabled_packages = {canonical_package(name) for name in disabled}
        self._loaded: dict[str, type[BaseProvider] | str] = {}
        """By what the entry point names: the class, or what is wrong with it."""

    def load(self, kind: str) -> type[BaseProvider]:
        """Import the adapter of a kind; raises ConfigError where there is none, or it cannot be used."""
        kind = canonical_kind(kind)
        if kind in VENDORS and kind not in self._disabled_kinds:
            return _of_vendor(VENDORS[kind])
        point = self._point(kind)
        loaded = self._import(point)
        if isinstance(loaded, str):
            raise ConfigError(f"the provider plugin '{point.value}' is broken: {loaded}")
        return loaded

    def installed(self) -> list[Plugin]:
        """All kinds, ours first; those of other packages are imported unless they are disabled."""
        ours = [self._described(point, "built in") for point in self.own.values()]
        rows = [self._of_row(kind) for kind in VENDORS if ROW_OF in self.own]
        return [
            *ours,
            *rows,
            *sorted(map(self._examined, self.foreign), key=lambda one: (one.kind, one.distribution)),
        ]

    def options_of(self, kind: str) -> Mapping[str, Any]:
        """The JSON schema of a kind's options; raises ConfigError as `load` does."""
        return option_schema(self.load(kind).options_model)

    @cached_property
    def own(self) -> dict[str, EntryPoint]:
        """The kinds of this package; they alone are found without reading all packages' metadata."""
        try:
            points = distribution("llmtui").entry_points.select(group=ENTRY_POINT_GROUP)
        except PackageNotFoundError:
            return {}
        return {canonical_kind(point.name): point for point in points}

    @cached_property
    def foreign(self) -> list[EntryPoint]:
        """What other packages bring."""
        ours = set(self.own.values())
        return [point for point in entry_points(group=ENTRY_POINT_GROUP) if point not in ours]

    def _point(self, kind: str) -> EntryPoint:
        if kind in self._disabled_kinds:
            raise ConfigError(_disabled(f"the kind '{kind}'"))
        if kind in self.own:
            return self.own[kind]
        found = [point for point in self.foreign if canonical_kind(point.name) == kind]
        enabled = [point for point in found if not self._is_package_disabled(point)]
        if found and not enabled:
            raise ConfigError(_disabled(f"the package '{_package(found[0])}' of the kind '{kind}'"))
        if len(enabled) > 1:
            raise ConfigError(_claimed(kind, enabled))
        if not enabled:
            known = {*self.own, *VENDORS, *(canonical_kind(point.name) for point in self.foreign)}
            raise ConfigError(f"unknown kind '{kind}'; known: {', '.join(sorted(known))}")
        return enabled[0]

    def _examined(self, point: EntryPoint) -> Plugin:
        kind = canonical_kind(point.name)
        if kind in self._disabled_kinds or self._is_package_disabled(point):
            return self._described(point, "disabled")
        if kind in self.own or kind in VENDORS:
            return self._described(
                point, "broken", f"the kind '{point.name}' is built in: it needs another name"
            )
        try:
            loaded = self._import(self._point(kind))
        except ConfigError as error:
            return self._described(point, "broken", str(error))
        return self._described(point, *(("broken", loaded) if isinstance(loaded, str) else ("loaded",)))

    def _described(self, point: EntryPoint, state: PluginState, error: str = "") -> Plugin:
        kind = canonical_kind(point.name)
        if kind in self._disabled_kinds:
            state = "disabled"
        version = point.dist.version if point.dist else ""
        return Plugin(kind, _package(point), version, point.value, state, error)

    def _of_row(self, kind: str) -> Plugin:
        adapter = self._described(self.own[ROW_OF], "built in")
        return replace(adapter, kind=kind, state="disabled" if kind in self._disabled_kinds else "built in")

    def _import(self, point: EntryPoint) -> type[BaseProvider] | str:
        """The class, or what is wrong with it, which is found out once."""
        if point.value not in self._loaded:
            self._loaded[point.value] = _imported(point, is_own=point in self.own.values())
        return self._loaded[point.value]

    def _is_package_disabled(self, point: EntryPoint) -> bool:
        return canonical_package(_package(point)) in self._disabled_packages


def _of_vendor(vendor: Vendor) -> type[BaseProvider]:
    # As an entry point does, it loads the adapter when a kind that needs it is asked for.
    from llmtui.providers.vendor_adapters import vendor_adapter

    return vendor_adapter(vendor)


def _imported(point: EntryPoint, *, is_own: bool) -> type[BaseProvider] | str:
    try:
        loaded = point.load()
    # Some packages leave the interpreter when what they need is missing.
    except (Exception, SystemExit) as error:  # noqa: BLE001
        _log.exception(logfmt("provider plugin is broken", plugin=point.value))
        return scrubbed(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
    if not (isinstance(loaded, type) and issubclass(loaded, BaseProvider)):
        return "it is no BaseProvider"
    return "; ".join(_flaws(loaded, is_own=is_own)) or loaded


def _flaws(provider_class: type[BaseProvider], *, is_own: bool) -> Iterator[str]:
    version = getattr(provider_class, "api_version", None)
    if not is_own and version != API_VERSION:
        made_for = "it names no api_version" if version is None else f"it is made for api_version {version}"
        yield f"{made_for}; this llmtui has {API_VERSION}"
    elif missing := ", ".join(sorted(provider_class.__abstractmethods__)):
        yield f"it lacks {missing}"
    elif not _is_options(provider_class.options_model):
        yield "its options_model is no KindOptions"


def _is_options(model: object) -> bool:
    return isinstance(model, type) and issubclass(model, KindOptions)


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else ""


def _disabled(what: str) -> str:
    return f"{what} is disabled: take it out of plugins.disabled in the config file"


def _claimed(kind: str, points: Collection[EntryPoint]) -> str:
    packages = ", ".join(sorted(map(_package, points)))
    return f"the kind '{kind}' is claimed by more than one package: {packages}; disable all but one"
