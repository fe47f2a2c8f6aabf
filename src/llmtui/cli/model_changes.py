"""`llmtui models rm`, `cp`, `load` and `unload`."""

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping

from llmtui.cli.admin import Shelf, in_words, shelf_of
from llmtui.cli.console import say
from llmtui.core.errors import BadRequest, ConfigError, ErrorContext, Unsupported
from llmtui.core.text import sanitise_line
from llmtui.services.shelf import keep_alive_of

_YES = ("y", "yes")


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked for, and say that it was done."""
    done = asyncio.run(_done(arguments))
    if arguments.json:
        print(json.dumps({"done": done is not None, "model": arguments.model}))
    elif done:
        say(done)
    return 0 if done else 1


async def _done(arguments: argparse.Namespace) -> str | None:
    actions: Mapping[str, Callable[[Shelf, argparse.Namespace], Awaitable[str | None]]]
    actions = {"rm": _remove, "cp": _copy, "load": _load, "unload": _unload}
    async with shelf_of(arguments) as shelf:
        return await actions[arguments.action](shelf, arguments)


async def _remove(shelf: Shelf, arguments: argparse.Namespace) -> str | None:
    model = arguments.model
    if not arguments.yes and not await _confirmed(shelf, model):
        return None
    await shelf.managed.delete(model)
    return f"deleted {model}"


async def _confirmed(shelf: Shelf, model: str) -> bool:
    if not (sys.stdin and sys.stdin.isatty()):
        problem = ConfigError(f"nobody can be asked whether to delete {model}")
        problem.hint = "say --yes where no person is"
        raise problem
    say(f"delete {sanitise_line(model)} of {shelf.info.name}{await _what_goes(shelf, model)}? [y/N]")
    return (await _typed()).strip().lower() in _YES


async def _typed() -> str:
    """The next line of the terminal; ctrl+c ends the waiting, which a thread's would not."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(sys.stdin, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline()


async def _what_goes(shelf: Shelf, model: str) -> str:
    """What a person should know of the model before it goes."""
    stored = await shelf.managed.stored()
    found = next((one for one in stored if one.name in (model, f"{model}:latest")), None)
    if found is None:
        return ""
    others = [one.name for one in stored if one.digest and one.digest == found.digest and one is not found]
    if others:
        return f" (it stays as {sanitise_line(', '.join(others))})"
    size = in_words(found.size)
    return f" ({size}, its last name: the files go too)" if size else ""


async def _copy(shelf: Shelf, arguments: argparse.Namespace) -> str:
    model, name = arguments.model, arguments.destination
    # A server would drop the model that has the name, and say nothing.
    if any(one.name in (name, f"{name}:latest") for one in await shelf.managed.stored()):
        hint = "choose another name, or delete that one first with `llmtui models rm`"
        context = ErrorContext(shelf.info.id, model)
        raise BadRequest(f"there is a {name} already", context=context, hint=hint)
    await shelf.managed.copy(model, name)
    return f"{model} is also called {name}"


async def _load(shelf: Shelf, arguments: argparse.Namespace) -> str:
    if not shelf.info.host:
        words = f"{shelf.info.name} loads its model into llmtui itself, and this command ends at once"
        raise Unsupported(words, context=ErrorContext(shelf.info.id, arguments.model))
    keep = None if arguments.keep is None else keep_alive_of(arguments.keep)
    await shelf.managed.load(arguments.model, keep)
    return f"{arguments.model} is in memory"


async def _unload(shelf: Shelf, arguments: argparse.Namespace) -> str:
    await shelf.managed.unload(arguments.model)
    return f"{arguments.model} is out of memory"
