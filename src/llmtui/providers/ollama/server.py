"""What an Ollama server says of itself, asked as seldom as possible."""

from llmtui.core.errors import ModelNotFound, ProviderError
from llmtui.core.models import ModelInfo
from llmtui.core.text import sanitise_line
from llmtui.core.untrusted import as_object, as_text
from llmtui.providers.api import Api
from llmtui.providers.ollama.models import (
    ModelFacts,
    digests_of,
    facts_of,
    full_name,
    loaded_context,
    models_of,
)

LOOK_CLOCK_S = 3.0
"""For questions that a chat can do without."""
LONGEST_VERSION = 64
OBEYS_TRUNCATE = (0, 12, 4)
"""The first version for which `truncate: false` makes an error of an overflow."""


class OllamaServer:
    """The questions that cost no tokens; what does not change is asked once."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.known_version = ""
        self.known_facts: dict[str, ModelFacts] = {}
        self._digests: dict[str, str] = {}

    async def models(self) -> list[ModelInfo]:
        """The models that are there; raises ProviderError.

        What was known of one that was pulled or made anew meanwhile is forgotten.
        """
        tags = await self._api.json("GET", "/api/tags")
        before, self._digests = self._digests, digests_of(tags)
        changed = {name for name, digest in before.items() if self._digests.get(name) != digest}
        self.known_facts = {
            model: facts for model, facts in self.known_facts.items() if full_name(model) not in changed
        }
        return models_of(tags)

    async def facts(self, model: str) -> ModelFacts:
        """What is known of a model; unknown when the server refuses to say.

        Raises ProviderError when nobody answers, and ModelNotFound.
        """
        if model not in self.known_facts:
            try:
                shown = await self._api.json("POST", "/api/show", {"model": model})
            except ProviderError as error:
                if error.context.status is None or isinstance(error, ModelNotFound):
                    raise
                return ModelFacts()
            self.known_facts[model] = facts_of(shown)
        return self.known_facts[model]

    async def loaded(self, model: str) -> tuple[bool, int | None]:
        """Whether a model is in memory, and with which context; taken as loaded when nobody says."""
        try:
            return loaded_context(await self._api.json("GET", "/api/ps", clock_s=LOOK_CLOCK_S), model)
        except ProviderError:
            return True, None

    async def version(self) -> str:
        """The server's version; empty when it does not say."""
        if not self.known_version:
            try:
                answer = await self._api.json("GET", "/api/version", clock_s=LOOK_CLOCK_S)
            except ProviderError:
                return ""
            self.known_version = sanitise_line(as_text(as_object(answer).get("version")))[:LONGEST_VERSION]
        return self.known_version


def version_numbers(version: str) -> tuple[int, ...]:
    """A version's leading numbers, to compare; an unknown version counts as the oldest."""
    numbers = version.partition("-")[0].split(".")
    return tuple(int(number) for number in numbers if number.isdecimal())
