"""What a model can do, in words: a few beside its name, all of them with their sources below a list."""

from collections.abc import Iterable

from rich.cells import cell_len

from llmtui.core.models import Capabilities, Fact, FactSource, Limit, ModelInfo

_COLUMNS = {"tools": "tools", "image": "vision", "reasoning": "think"}
_ASKED = {"tools": "tools", "image": "vision", "reasoning": "thinking"}
"""What one picks a model for: said even where nobody knows."""
_BESIDES = {
    "documents": "documents",
    "audio": "audio",
    "video": "video",
    "structured_output": "structured output",
}


def columns(capabilities: Capabilities) -> str:
    """What a model is known to do, and how much it reads, each at its own place in a line."""
    words = [
        (word if getattr(capabilities, name).value else "").ljust(len(word))
        for name, word in _COLUMNS.items()
    ]
    return f"{' '.join(words)} {context(capabilities):>5}"


def context(capabilities: Capabilities) -> str:
    """How many tokens a model reads, such as `200k`; `?` where nobody says."""
    return _tokens(capabilities.context_window.tokens) or "?"


def spelled(model: ModelInfo, *, listed: str = "") -> list[str]:
    """All that is known of a model and who says so; `listed` is the age of a list that is not of now."""
    can = model.capabilities
    remote = ["leaves this machine"] if model.leaves_machine else []
    window = _limit("context", can.context_window, listed)
    asked = [_fact(word, getattr(can, name), listed) for name, word in _ASKED.items()]
    besides = [
        _fact(word, fact, listed)
        for name, word in _BESIDES.items()
        if (fact := getattr(can, name)).value is not None
    ]
    return [*remote, window, *asked, _limit("longest reply", can.max_output, listed), *besides]


def packed(items: Iterable[str], width: int) -> str:
    """The items on as few lines as there is room for, none of them broken."""
    lines: list[str] = []
    for item in items:
        if lines and cell_len(f"{lines[-1]} · {item}") <= width:
            lines[-1] += f" · {item}"
        else:
            lines.append(item)
    return "\n".join(lines)


def _fact(word: str, fact: Fact, listed: str) -> str:
    if fact.value is None:
        return f"{word}: unknown"
    return f"{word}: {'yes' if fact.value else 'no'} ({_source(fact.source, listed)})"


def _limit(word: str, limit: Limit, listed: str) -> str:
    tokens = _tokens(limit.tokens)
    return f"{word}: {tokens} ({_source(limit.source, listed)})" if tokens else f"{word}: unknown"


def _source(source: FactSource, listed: str) -> str:
    return listed if source == "live" and listed else source


def _tokens(tokens: int | None) -> str:
    if tokens is None:
        return ""
    if tokens >= 1_000_000:
        return f"{tokens / 1_000_000:.3g}M"
    return f"{tokens / 1000:.0f}k" if tokens >= 1000 else str(tokens)
