"""What is remembered of models: marks, who answered lately, and what each server listed last."""

from collections.abc import Sequence

from llmtui.core.history import Target
from llmtui.core.models import ModelList
from llmtui.core.ports import ModelStore
from llmtui.services.recorder import Recorder


class ModelMemory:
    """Remembers for as long as the program runs."""

    def __init__(self) -> None:
        self.favourites: list[Target] = []
        """The models that the person marked, in that order."""
        self.lists: dict[str, ModelList] = {}
        """The last list of each provider's server."""

    async def recall(self) -> None:
        """Bring back what earlier sessions left; nothing here."""

    async def recent(self) -> Sequence[Target]:
        """The models that answered lately, the newest first."""
        return ()

    def toggle(self, target: Target) -> None:
        """Mark a model as a favourite, or take the mark away."""
        if target in self.favourites:
            self.favourites.remove(target)
        else:
            self.favourites.append(target)

    async def save_mark(self, target: Target) -> None:
        """Remember whether a model is marked now."""

    async def keep(self, provider_id: str, found: ModelList | None) -> None:
        """Remember a server's list instead of its last one; None: remember none."""
        if found is None:
            self.lists.pop(provider_id, None)
        else:
            self.lists[provider_id] = found


class StoredMemory(ModelMemory):
    """Remembers across sessions; where the database cannot, as long as the program runs."""

    def __init__(self, recorder: Recorder, store: ModelStore) -> None:
        super().__init__()
        self._recorder = recorder
        self._store = store
        self._recalled = False

    async def recall(self) -> None:
        """Bring back what earlier sessions left; lists that came meanwhile are newer and stay."""
        if self._recalled:
            return
        lists = await self._recorder.read(self._store.model_lists(), None)
        favourites = await self._recorder.read(self._store.favourites(), None)
        if lists is None or favourites is None or self._recalled:
            return
        self._recalled = True
        self.lists = lists | self.lists
        self.favourites = list(dict.fromkeys([*favourites, *self.favourites]))

    async def recent(self) -> Sequence[Target]:
        """The models that answered lately, the newest first."""
        return await self._recorder.read(self._store.recent_targets(), [])

    async def save_mark(self, target: Target) -> None:
        """Remember whether a model is marked now."""
        await self._recorder.write(self._store.set_favourite(target, marked=target in self.favourites))

    async def keep(self, provider_id: str, found: ModelList | None) -> None:
        """Remember a server's list instead of its last one; None: remember none."""
        await super().keep(provider_id, found)
        await self._recorder.write(self._store.save_model_list(provider_id, found))
