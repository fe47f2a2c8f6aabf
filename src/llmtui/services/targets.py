"""Which provider and model the next message goes to, and which it went to before."""

from collections.abc import Sequence

from llmtui.core.history import Target
from llmtui.core.models import ProviderInfo


class Targets:
    """The current target, the one before it, and the model last used at each provider."""

    def __init__(self, providers: Sequence[ProviderInfo], current: Target) -> None:
        self._models = {info.id: info.model for info in providers}
        self.current = self._filled(current)
        self._before: Target | None = None

    def use(self, target: Target) -> Target:
        """Make a target the current one; a missing model means the one last used there."""
        target = self._filled(target)
        if target != self.current:
            self._before, self.current = self.current, target
        self._models[target.provider] = target.model
        return target

    def configure(self, before: Sequence[ProviderInfo], now: Sequence[ProviderInfo]) -> Target:
        """Take other providers, and their new models where the old one was in use or none was chosen."""
        old = {info.id: info.model for info in before}
        chosen = {name: model for name, model in self._models.items() if model not in (old.get(name), None)}
        self._models = {info.id: chosen.get(info.id, info.model) for info in now}
        here = self.current.provider
        if here in self._models and self.current.model in (old.get(here), None):
            self.current = self._filled(Target(here))
        if self._before is not None and self._before.provider not in self._models:
            self._before = None
        return self.current

    def previous(self) -> Target | None:
        """The target before the current one."""
        return self._before

    def next_provider(self, order: Sequence[str]) -> Target:
        """The provider after the current one."""
        here = order.index(self.current.provider) if self.current.provider in order else -1
        return self._filled(Target(order[(here + 1) % len(order)]))

    def _filled(self, target: Target) -> Target:
        return target if target.model else Target(target.provider, self._models.get(target.provider))
