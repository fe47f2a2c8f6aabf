"""The models to pick from, in groups: favourites, what was used lately, and each provider's own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from llmtui.core.history import Target
from llmtui.core.models import ModelInfo, ProviderInfo
from llmtui.services.memory import ModelMemory
from llmtui.ui.fuzzy import Match, match
from llmtui.ui.model_query import ORDERS, ModelQuery, parse

MOST_RECENT = 5
# No provider's id begins with an asterisk.
FAVOURITES, RECENT = "*favourites", "*recent"
_HEAD_START = 0.5
"""Added to the score of favourites and recent models: as good a fit comes first, scattered letters do not."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A model at one of the places where a list shows it."""

    group: str
    """`*favourites`, `*recent`, or the provider's id."""
    target: Target


@dataclass(frozen=True, slots=True)
class Choice:
    """A model that fits what is typed."""

    spot: Spot
    info: ProviderInfo
    model: ModelInfo
    fit: Match
    unsure: bool = False
    """Whether nobody knows if it meets all that is asked for."""


class ModelChoices:
    """Knows what has come so far of each provider's models; `current` is what answers now."""

    def __init__(self, providers: Sequence[ProviderInfo], current: Target, memory: ModelMemory) -> None:
        self.infos = {info.id: info for info in providers}
        configured = next((info.model for info in providers if info.id == current.provider), None)
        self.current = Target(current.provider, current.model or configured)
        self.recent: Sequence[Target] = ()
        """What was used lately, the newest first."""
        self.order = ""
        """One of `ORDERS`, by which the models of each group stand."""
        self._memory = memory
        self._models: dict[str, dict[str, ModelInfo]] = {}
        """Provider id -> model id -> what is known of it."""

    def put(self, provider_id: str, models: Iterable[ModelInfo]) -> None:
        """Take a provider's models, and the configured one, which a server need not list."""
        by_id = {model.id: model for model in models}
        configured = self.infos[provider_id].model
        if configured is not None and configured not in by_id:
            by_id = {configured: ModelInfo(configured)} | by_id
        self._models[provider_id] = by_id

    @property
    def known(self) -> frozenset[str]:
        """The providers of which anything has come."""
        return frozenset(self._models)

    def model(self, target: Target) -> ModelInfo:
        """What is known of a model; its name alone where nobody lists it."""
        name = target.model or ""
        return self._models.get(target.provider, {}).get(name) or ModelInfo(name)

    def is_favourite(self, target: Target) -> bool:
        """Whether the person marked it."""
        return target in self._memory.favourites

    def groups(self, typed: str) -> list[tuple[str, list[Choice]]]:
        """Each group with its fitting models; those come last of which nobody knows whether they fit.

        An empty line gives whole groups in their order; another gives each model once, the best group first.
        """
        query = parse(typed)
        found = [(group, self._fitting(group, query, targets)) for group, targets in self._all()]
        if not typed:
            return [(group, choices) for group, choices in found if choices or group in self.infos]
        found.sort(key=lambda pair: -self._best(*pair))
        seen: set[Target] = set()
        once = []
        for group, choices in found:
            fresh = [one for one in choices if one.spot.target not in seen]
            seen.update(one.spot.target for one in fresh)
            once.append((group, fresh))
        return [(group, choices) for group, choices in once if choices]

    def as_typed(self, typed: str) -> Target | None:
        """A name that nobody lists, at the provider before a slash or else the current one.

        None when it is listed, and as long as anything listed may still come.
        """
        query = parse(typed).words
        if not query or len(self._models) < len(self.infos):
            return None
        provider, slash, model = query.partition("/")
        named = slash and model and provider in self._models
        target = Target(provider, model) if named else Target(self.current.provider, query)
        return None if target.model in self._models.get(target.provider, {}) else target

    def _best(self, group: str, choices: Sequence[Choice]) -> float:
        head_start = 0.0 if group in self.infos else _HEAD_START
        return max((one.fit.score for one in choices), default=0.0) + head_start

    def _all(self) -> Iterable[tuple[str, Iterable[Target]]]:
        yield FAVOURITES, self._memory.favourites
        yield RECENT, self._lately()
        for provider_id in self.infos:
            yield provider_id, [Target(provider_id, model) for model in self._models.get(provider_id, {})]

    def _lately(self) -> list[Target]:
        """What was used last and is no favourite, with the current model first: there the list begins."""
        recent = [target for target in self.recent if target.provider in self.infos]
        if not recent and not self._memory.favourites:
            return []
        found = dict.fromkeys([self.current, *recent])
        return [target for target in found if not self.is_favourite(target)][:MOST_RECENT]

    def _fitting(self, group: str, query: ModelQuery, targets: Iterable[Target]) -> list[Choice]:
        choices = [
            Choice(Spot(group, target), info, model, fit, unsure=meets is None)
            for target in targets
            if target.model and (info := self.infos.get(target.provider))
            if (fit := match(query.words, searchable(info, model := self.model(target)))) is not None
            if (meets := query.meets(info, model)) is not False
        ]
        # Without an order favourites stand as they were marked, and recent models as they were used.
        order = ORDERS[self.order] or (lambda model: (False, 0))
        by_fit = bool(query.words) and not self.order
        return sorted(
            choices, key=lambda one: (one.unsure, order(one.model), -one.fit.score if by_fit else 0.0)
        )


def searchable(info: ProviderInfo, model: ModelInfo) -> str:
    """What a query is matched with: the provider's id, a slash, the model's id, and both names."""
    return f"{info.id}/{model.id} {info.name} {model.name}"
