"""What is typed into the list of models: words of a name, and demands such as `:tools` or `:128k`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from llmtui.core.models import ModelInfo, ProviderInfo

Demand = Callable[[ProviderInfo, ModelInfo], bool | None]
"""Whether a model meets it; None where nobody knows."""

MARK = ":"
_CAPABILITIES = {
    "tools": "tools",
    "vision": "image",
    "thinking": "reasoning",
    "documents": "documents",
    "audio": "audio",
}
_UNITS = {"k": 1_000, "m": 1_000_000}
_TOKENS = re.compile(r"(\d{1,6})([km])", re.IGNORECASE)


def _able(capability: str) -> Demand:
    return lambda _, model: getattr(model.capabilities, capability).value


def _stays(info: ProviderInfo, model: ModelInfo) -> bool | None:
    if model.leaves_machine is not None:
        return not model.leaves_machine
    return None if info.type == "hybrid" else info.type == "local"


def _reads(tokens: int) -> Demand:
    def meets(_: ProviderInfo, model: ModelInfo) -> bool | None:
        window = model.capabilities.context_window.tokens
        return None if window is None else window >= tokens

    return meets


DEMANDS: Mapping[str, Demand] = {
    **{word: _able(capability) for word, capability in _CAPABILITIES.items()},
    "local": _stays,
}
"""What a word after a colon asks of a model."""


@dataclass(frozen=True, slots=True)
class ModelQuery:
    """A typed line, taken apart."""

    words: str
    """What is not a demand."""
    demands: tuple[Demand, ...] = ()
    unknown: tuple[str, ...] = ()
    """Words after a colon that ask for nothing that there is."""

    def meets(self, info: ProviderInfo, model: ModelInfo) -> bool | None:
        """Whether a model meets all demands; None where it may, for all that is known."""
        answers = [demand(info, model) for demand in self.demands]
        if self.unknown or False in answers:
            return False
        return None if None in answers else True


def parse(typed: str) -> ModelQuery:
    """Take a typed line apart; a demand may be cut short, and one that is only begun asks nothing yet."""
    words, demands, unknown = [], [], []
    for word in typed.split():
        if not word.startswith(MARK):
            words.append(word)
        elif demand := _demand(word.removeprefix(MARK).lower()):
            demands.append(demand)
        elif word != MARK:
            unknown.append(word)
    return ModelQuery(" ".join(words), tuple(demands), tuple(unknown))


def with_next_demand(typed: str) -> str:
    """The line with the first demand, or its last one changed to the next; after the last there is none.

    It ends in a space, so that one can go on typing.
    """
    *before, last = typed.split() or [""]
    names = list(DEMANDS)
    if not last.startswith(MARK):
        return " ".join(filter(None, [*before, last, f"{MARK}{names[0]} "]))
    at = next((at for at, name in enumerate(names) if name == last.removeprefix(MARK)), -1)
    following = [f"{MARK}{name} " for name in names[at + 1 : at + 2]]
    return " ".join([*before, *following])


def _demand(word: str) -> Demand | None:
    if tokens := _TOKENS.fullmatch(word):
        return _reads(int(tokens[1]) * _UNITS[tokens[2].lower()])
    return next((demand for name, demand in DEMANDS.items() if word and name.startswith(word)), None)


Order = Callable[[ModelInfo], tuple[bool, object]]


def _by_price(model: ModelInfo) -> tuple[bool, object]:
    told, read, written = model.price, model.price.input, model.price.output
    # Of a chat's tokens about three of four are read, and one is written.
    blend = None if read is None or written is None else (3 * read + written) / 4
    return blend is None or told.source == "unknown", blend or Decimal(0)


def _by_context(model: ModelInfo) -> tuple[bool, object]:
    window = model.capabilities.context_window.tokens
    return window is None, -(window or 0)


ORDERS: Mapping[str, Order | None] = {
    "": None,
    "price": _by_price,
    "context": _by_context,
    "name": lambda model: (False, model.id.lower()),
}
"""By name; the empty one is as listed, or by how well a model's name fits. What is unknown comes last."""
