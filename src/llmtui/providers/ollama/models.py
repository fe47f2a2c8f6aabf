"""What an Ollama server says of its models: `/api/tags`, `/api/show` and `/api/ps`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmtui.core.models import UNKNOWN, Capabilities, Fact, Limit, ModelInfo, is_cloud_name
from llmtui.core.text import sanitise_line
from llmtui.core.untrusted import as_count, as_object, as_objects, as_text

COMFORTABLE_CONTEXT = 8192
"""Enough for a long chat, and small enough for the memory of most machines."""
CAUTIOUS_CONTEXT = 4096
"""Where nobody says what the model was trained with."""
CONTEXT_STEP = 1024


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What `/api/show` says; None means that the server is too old to say it."""

    abilities: frozenset[str] | None = None
    trained_context: int | None = None
    is_remote: bool = False

    def can(self, ability: str) -> bool | None:
        """Whether the model has an ability, as far as is known."""
        return None if self.abilities is None else ability in self.abilities

    @property
    def capabilities(self) -> Capabilities:
        """The facts in our vocabulary."""
        window = Limit(self.trained_context, "live") if self.trained_context else Limit()
        return Capabilities(
            tools=self._fact("tools"),
            image=self._fact("vision"),
            audio=self._fact("audio"),
            reasoning=self._fact("thinking"),
            context_window=window,
        )

    @property
    def num_ctx(self) -> int:
        """A context for this model, chosen once: it is set at load time, another value loads it again."""
        if self.trained_context is None:
            return CAUTIOUS_CONTEXT
        if self.trained_context >= COMFORTABLE_CONTEXT:
            return COMFORTABLE_CONTEXT
        # Up to the next step, so that two clients which guess alike do not evict each other's model.
        return -(-self.trained_context // CONTEXT_STEP) * CONTEXT_STEP

    def _fact(self, ability: str) -> Fact:
        can = self.can(ability)
        return UNKNOWN if can is None else Fact(can, "live")


def full_name(model: str) -> str:
    """The name with its tag."""
    return model if ":" in model.rpartition("/")[2] else f"{model}:latest"


def models_of(tags: object) -> list[ModelInfo]:
    """The models of an `/api/tags` answer."""
    return [_model(entry) for entry in entries_of(tags) if name_of(entry)]


def digests_of(tags: object) -> dict[str, str]:
    """What tells whether a model of an `/api/tags` answer is still the same, by its full name."""
    return {full_name(name_of(entry)): as_text(entry.get("digest")) for entry in entries_of(tags)}


def facts_of(show: object) -> ModelFacts:
    """The facts of an `/api/show` answer."""
    answer = as_object(show)
    info = as_object(answer.get("model_info"))
    context = info.get(f"{info.get('general.architecture')}.context_length")
    return ModelFacts(
        abilities=_abilities(answer),
        trained_context=as_count(context) or None,
        is_remote=bool(answer.get("remote_host")),
    )


def loaded_context(ps: object, model: str) -> tuple[bool, int | None]:
    """Whether a model is loaded, and with which context."""
    for entry in entries_of(ps):
        if full_name(name_of(entry)) == full_name(model):
            return True, as_count(entry.get("context_length")) or None
    return False, None


def entries_of(answer: object) -> list[dict[str, Any]]:
    """The models of an answer that lists some."""
    return as_objects(as_object(answer).get("models"))


def name_of(entry: Mapping[str, Any]) -> str:
    """What a listed model is called."""
    return sanitise_line(str(entry.get("name") or entry.get("model") or ""))


def listed_facts(entry: Mapping[str, Any]) -> ModelFacts:
    """The facts of a listed model; only new servers list any."""
    context = as_object(entry.get("details")).get("context_length")
    return ModelFacts(_abilities(entry), as_count(context) or None)


def _model(entry: Mapping[str, Any]) -> ModelInfo:
    details = as_object(entry.get("details"))
    words = (details.get("parameter_size"), details.get("quantization_level"))
    remote = bool(entry.get("remote_host")) or is_cloud_name(name_of(entry))
    return ModelInfo(
        id=name_of(entry),
        capabilities=listed_facts(entry).capabilities,
        leaves_machine=True if remote else None,
        detail=sanitise_line(" ".join(str(word) for word in words if word)),
    )


def _abilities(entry: Mapping[str, Any]) -> frozenset[str] | None:
    abilities = entry.get("capabilities")
    return frozenset(map(str, abilities)) if isinstance(abilities, list) else None
