"""`llmtui models list`, `show` and `ps`: what a provider's server tells of its models."""

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from llmtui.cli.admin import Shelf, in_words, shelf_of
from llmtui.cli.console import say
from llmtui.cli.tables import table
from llmtui.core.errors import LlmtuiError
from llmtui.core.model_admin import ModelDetails, OfferedModel, RunningModel, StoredModel
from llmtui.core.models import Capabilities, ModelInfo
from llmtui.core.text import sanitise, sanitise_line

_STORED = ("NAME", "SIZE", "FAMILY", "PARAMETERS", "QUANTIZATION", "CONTEXT", "CAN", "MODIFIED")
_OFFERED = ("NAME", "SIZE", "LICENCE", "INSTALLED", "DESCRIPTION")
_RUNNING = ("NAME", "MEMORY", "ON GPU", "CONTEXT", "UNTIL")
_ABILITIES: Mapping[str, str] = {
    "tools": "tools",
    "image": "images",
    "audio": "audio",
    "reasoning": "thinks",
}
LONGEST_DESCRIPTION = 80


def run(arguments: argparse.Namespace) -> int:
    """Print what was asked for."""
    asyncio.run(_shown(arguments))
    return 0


async def _shown(arguments: argparse.Namespace) -> None:
    actions: Mapping[str, Callable[[Shelf, argparse.Namespace], Awaitable[None]]]
    actions = {"list": _list, "show": _show, "ps": _ps}
    async with shelf_of(arguments) as shelf:
        await actions[arguments.action](shelf, arguments)


async def _list(shelf: Shelf, arguments: argparse.Namespace) -> None:
    if arguments.offered:
        offered = await shelf.managed.offered()
        there: set[str] = set()
        # What is worth knowing needs no server, and so no answer of one.
        with suppress(LlmtuiError):
            there = {one.name for one in await shelf.managed.stored()}
        _print(arguments, [asdict(one) for one in offered], _OFFERED, [_offer(one, there) for one in offered])
    elif shelf.admin is None:
        named = await shelf.provider.list_models()
        _print(arguments, [_named_object(one) for one in named], (), [(one.id, one.detail) for one in named])
    else:
        stored = await shelf.admin.stored()
        _print(arguments, [_stored_object(one) for one in stored], _STORED, [_row(one) for one in stored])


async def _ps(shelf: Shelf, arguments: argparse.Namespace) -> None:
    running = await shelf.managed.running()
    _print(arguments, [asdict(one) for one in running], _RUNNING, [_process(one) for one in running])


async def _show(shelf: Shelf, arguments: argparse.Namespace) -> None:
    details = await shelf.managed.show(arguments.model)
    if arguments.modelfile:
        print(sanitise(details.modelfile))
    elif arguments.json:
        print(_json({**asdict(details), "facts": dict(details.facts)}))
    else:
        print(_page(details))


def _print(
    arguments: argparse.Namespace,
    objects: Sequence[Mapping[str, Any]],
    header: tuple[str, ...],
    rows: Sequence[tuple[str, ...]],
) -> None:
    if arguments.json:
        print(_json(objects))
    elif rows:
        print(table([header, *rows] if header else rows))
    else:
        say("none")


def _json(value: object) -> str:
    return json.dumps(value, indent=2, default=lambda moment: moment.isoformat())


def _page(details: ModelDetails) -> str:
    texts = {
        "template": details.template,
        "parameters": details.parameters,
        "system": details.system,
        "licence": details.licence,
    }
    facts = table(list(details.facts.items())) if details.facts else details.name
    sections = [f"{label}:\n{sanitise(text).strip()}" for label, text in texts.items() if text.strip()]
    return "\n\n".join([facts, *sections])


def _named_object(model: ModelInfo) -> dict[str, str]:
    return {"id": model.id, "name": model.name, "detail": model.detail}


def _stored_object(model: StoredModel) -> dict[str, Any]:
    detail = sanitise_line(f"{model.parameters} {model.quantization}")
    return {"id": model.name, "detail": detail, **asdict(model)}


def _row(model: StoredModel) -> tuple[str, ...]:
    size = "runs elsewhere" if model.leaves_machine else in_words(model.size)
    window = model.capabilities.context_window.tokens
    when = f"{model.modified_at.astimezone():%Y-%m-%d %H:%M}" if model.modified_at else ""
    kind = (model.family, model.parameters, model.quantization)
    return model.name, size, *kind, str(window or ""), _abilities(model.capabilities), when


def _abilities(capabilities: Capabilities) -> str:
    return ", ".join(word for name, word in _ABILITIES.items() if getattr(capabilities, name).value)


def _offer(model: OfferedModel, there: set[str]) -> tuple[str, ...]:
    installed = model.installed or bool({model.name, f"{model.name}:latest"} & there)
    description = sanitise_line(model.description)[:LONGEST_DESCRIPTION]
    return model.name, in_words(model.size), model.licence, "yes" if installed else "", description


def _process(model: RunningModel) -> tuple[str, ...]:
    share = f"{model.size_gpu / model.size:.0%}" if model.size and model.size_gpu is not None else ""
    return model.name, in_words(model.size), share, str(model.context or ""), _until(model.expires_at)


def _until(moment: datetime | None) -> str:
    if moment is None:
        return ""
    minutes = max(0.0, (moment - datetime.now(UTC)).total_seconds()) / 60
    return f"{moment.astimezone():%H:%M} ({minutes:.0f} min)"
