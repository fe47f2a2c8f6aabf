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

    def configure(self, info: ProviderInfo, before: str | None) -> Target:
        """Take a provider's new model, where its model `before` was in use or none was chosen."""
        if self._models.get(info.id) in (before, None):
            self._models[info.id] = info.model
        if self.current.provider == info.id and self.current.model in (before, None):
            self.current = Target(info.id, info.model)
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
