"""A server's models in words: a line of the list each, and below it what that has no room for."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from textual.content import Content

from llmtui.core.model_admin import RunningModel, StoredModel
from llmtui.core.text import sanitise_line
from llmtui.services.shelf import ORDERS, Shelf
from llmtui.ui.ages import age
from llmtui.ui.columns import row, tail
from llmtui.ui.model_facts import context
from llmtui.ui.transfer_words import amount, lasting

LEAVES = "leaves this machine"
_COLUMNS = (
    ("size", 7, 0),
    ("memory", 25, 50),
    ("quant", 8, 70),
    ("context", 7, 76),
    ("family", 9, 86),
    ("modified", 10, 60),
)
"""Title, width, and from which width of the list on it is there, if any model has something in it."""
_NOTHING = ("", "?")
_CAN = {"tools": "tools", "image": "vision", "reasoning": "thinking", "audio": "audio"}


def tabulated(
    models: Sequence[StoredModel], shelf: Shelf, order: str, width: int, now: datetime
) -> tuple[Content, list[Content]]:
    """The titles, the one that the list is sorted by with its direction, and a line for each model."""
    found = [_cells(model, shelf.running_model(model.name), now) for model in models]
    columns = [
        (title, size)
        for title, size, needs in _COLUMNS
        if width >= needs and (not found or any(cells[title] not in _NOTHING for cells in found))
    ]
    titles = {title: title for title in ("name", *(title for title, *_ in _COLUMNS))}
    titles[order] += "↓" if ORDERS[order][1] else "↑"
    name_room = max(1, width - 2 - sum(size + 1 for _, size in columns))

    def line(mark: str, cells: Mapping[str, str]) -> Content:
        name = Content(mark + tail(cells["name"], name_room))
        return row(name, [(cells[title], size) for title, size in columns], width)

    return line("  ", titles), [line(cells["mark"], cells) for cells in found]


def _cells(model: StoredModel, running: RunningModel | None, now: datetime) -> Mapping[str, str]:
    """What stands in the columns, and the mark of what is in memory or leaves this machine."""
    return {
        "mark": "⇗ " if model.leaves_machine else "● " if running else "  ",
        "name": sanitise_line(model.name),
        "size": amount(model.size) if model.size is not None else "",
        "memory": LEAVES if model.leaves_machine else _memory(running, now),
        "quant": sanitise_line(model.quantization),
        "context": context(model.capabilities),
        "family": sanitise_line(model.family),
        "modified": age(model.modified_at, now) if model.modified_at else "",
    }


def _memory(running: RunningModel | None, now: datetime) -> str:
    """`3.1 GB 50% GPU 4 min`: how much, what of it on graphics processors, and when it is unloaded."""
    if running is None:
        return ""
    facts = [amount(running.size) if running.size is not None else "loaded"]
    if running.size and running.size_gpu is not None:
        share = 100 * running.size_gpu // running.size
        facts.append({0: "CPU", 100: "GPU"}.get(share, f"{share}% GPU"))
    if running.expires_at is not None:
        left_s = (running.expires_at - now).total_seconds()
        facts.append(lasting(left_s) if left_s > 0 else "ends")
    return " ".join(facts)


def about(model: StoredModel, shelf: Shelf) -> Iterator[str]:
    """What the columns have no room for."""
    can = model.capabilities
    abilities = ", ".join(word for name, word in _CAN.items() if getattr(can, name).value)
    running = shelf.running_model(model.name)
    loaded = f"loaded for {running.context:,} tokens" if running and running.context else ""
    others = [one.name for one in shelf.stored if one.digest and one.digest == model.digest and one != model]
    facts = [
        model.parameters and f"{model.parameters} parameters",
        model.quantization,
        f"reads {context(can)} tokens" if can.context_window.tokens else "",
        f"can: {abilities}" if abilities else "",
        loaded,
        model.digest.removeprefix("sha256:")[:12],
        f"the same as {', '.join(others)}" if others else "",
    ]
    yield sanitise_line(model.name)
    yield sanitise_line(" · ".join(filter(None, facts)))
