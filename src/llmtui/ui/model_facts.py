"""What a model can do, in words: a few beside its name, all of them with their sources below a list."""

from collections.abc import Iterable
from decimal import Decimal

from textual.content import Content

from llmtui.core.models import Capabilities, Fact, FactSource, Limit, ModelInfo, Price

_COLUMNS = {"tools": "tools", "image": "vision", "reasoning": "think"}
_ASKED = {"tools": "tools", "image": "vision", "reasoning": "thinking"}
"""What one picks a model for: said even where nobody knows."""
_NEEDED = {"image": "images"}
_BESIDES = {
    "documents": "documents",
    "audio": "audio",
    "video": "video",
    "structured_output": "structured output",
}


def columns(model: ModelInfo) -> str:
    """What a model can do, how much it reads and what it costs, each at its own place in a line.

    Nothing stands for what it cannot do, `?` for what nobody knows.
    """
    can = model.capabilities
    words = [_column(getattr(can, name).value, word).ljust(len(word)) for name, word in _COLUMNS.items()]
    return f"{' '.join(words)} {context(can):>5} {price(model.price):>11}"


def price(told: Price) -> str:
    """Dollars per million tokens that are read, and written, such as `$0.15/0.6`; `?` where nobody says."""
    if told.input is None or told.output is None:
        return "?"
    return "$0" if told.input == told.output == 0 else f"${_amount(told.input)}/{_amount(told.output)}"


def context(capabilities: Capabilities) -> str:
    """How many tokens a model reads, such as `200k`; `?` where nobody says."""
    return _tokens(capabilities.context_window.tokens) or "?"


def spelled(model: ModelInfo, *, listed: str = "") -> list[Content]:
    """All that is known of a model and who says so, what it cannot do in grey.

    `listed` is the age of a list that is not of now.
    """
    can = model.capabilities
    remote = [Content("leaves this machine")] if model.leaves_machine else []
    window = _limit("context", can.context_window, listed)
    asked = [_fact(word, getattr(can, name), listed) for name, word in _ASKED.items()]
    besides = [
        _fact(word, fact, listed)
        for name, word in _BESIDES.items()
        if (fact := getattr(can, name)).value is not None
    ]
    longest = _limit("longest reply", can.max_output, listed)
    return [*remote, window, _price(model.price, listed), *asked, longest, *besides]


def packed(items: Iterable[Content], width: int) -> Content:
    """The items on as few lines as there is room for, none of them broken."""
    lines: list[Content] = []
    for item in items:
        if lines and lines[-1].cell_length + 3 + item.cell_length <= width:
            lines[-1] += " · " + item
        else:
            lines.append(item)
    return Content("\n").join(lines)


def cannot(capabilities: Capabilities, needed: Iterable[str]) -> str:
    """What keeps a model from taking all that a chat holds, such as `reads no images`, or nothing."""
    missing = [words for name, words in _NEEDED.items() if name in needed and _refused(capabilities, name)]
    return f"reads no {' and no '.join(missing)}" if missing else ""


def _refused(capabilities: Capabilities, name: str) -> bool:
    return getattr(capabilities, name).value is False


def _column(value: bool | None, word: str) -> str:
    return "?" if value is None else word if value else ""


def _fact(word: str, fact: Fact, listed: str) -> Content:
    if fact.value is None:
        return Content(f"{word}: unknown")
    said = f"{word}: {'yes' if fact.value else 'no'} ({_source(fact.source, listed)})"
    return Content(said) if fact.value else Content.styled(said, "dim")


def _limit(word: str, limit: Limit, listed: str) -> Content:
    tokens = _tokens(limit.tokens)
    return Content(f"{word}: {tokens} ({_source(limit.source, listed)})" if tokens else f"{word}: unknown")


def _price(told: Price, listed: str) -> Content:
    if told.input is None or told.output is None:
        return Content("price: unknown")
    if told.input == told.output == 0:
        return Content(f"price: $0 ({told.note or _source(told.source, listed)})")
    amounts = f"${_amount(told.input)} in, ${_amount(told.output)} out per million"
    besides = f"; {told.note}" if told.note else ""
    return Content(f"price: {amounts} ({_source(told.source, listed)}{besides})")


def _amount(dollars: Decimal) -> str:
    return f"{float(dollars):.3g}"


def _source(source: FactSource, listed: str) -> str:
    return listed if source == "live" and listed else source


def _tokens(tokens: int | None) -> str:
    if tokens is None:
        return ""
    if tokens >= 1_000_000:
        return f"{tokens / 1_000_000:.3g}M"
    return f"{tokens / 1000:.0f}k" if tokens >= 1000 else str(tokens)
