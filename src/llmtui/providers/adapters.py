"""Which class each kind of provider is; of our own kinds the facts are known without it."""

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from llmtui.config.schema import canonical_kind
from llmtui.core.errors import ConfigError
from llmtui.providers.kinds import Kind, known_kind

if TYPE_CHECKING:
    from llmtui.providers.base import BaseProvider
    from llmtui.providers.plugins import Plugins

ProviderClass: TypeAlias = "type[BaseProvider]"


class Adapters:
    """Finds classes by their kinds; raises ConfigError where there is none, or it cannot be used.

    `registered` are known before any entry point; `disabled` names kinds and packages that are not loaded.
    """

    def __init__(
        self, disabled: Collection[str] = (), registered: Mapping[str, ProviderClass] | None = None
    ) -> None:
        self.registered = dict(registered or {})
        self._disabled = frozenset(disabled)
        self._disabled_kinds = {canonical_kind(name) for name in disabled}

    def facts(self, kind: str) -> type[Kind]:
        """What is known of a kind; of our own ones without loading their adapters."""
        kind = canonical_kind(kind)
        known = None if kind in self._disabled_kinds else known_kind(kind)
        return self.registered.get(kind) or known or self.load(kind)

    def load(self, kind: str) -> ProviderClass:
        """The adapter of a kind."""
        kind = canonical_kind(kind)
        return self.registered.get(kind) or self._plugins.load(kind)

    def is_loadable(self, kind: str) -> bool:
        """Whether there is a class to build providers of this kind by."""
        try:
            self.facts(kind)
        except ConfigError:
            return False
        return True

    @cached_property
    def _plugins(self) -> "Plugins":
        # The first frame needs no package's metadata, nor what reads it.
        from llmtui.providers.plugins import Plugins

        return Plugins(self._disabled)
