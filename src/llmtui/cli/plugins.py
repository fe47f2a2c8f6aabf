"""`llmtui plugins`: the kinds of provider that are installed, and which of them can be used."""

import argparse
import json
from dataclasses import asdict

from llmtui.cli.session import load_aloud
from llmtui.cli.tables import table
from llmtui.config.vendors import VENDORS
from llmtui.core.errors import ConfigError
from llmtui.providers.plugins import ROW_OF, Plugin, Plugins

_HEADERS = ("KIND", "PACKAGE", "VERSION", "STATE")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--json", action="store_true", help="print a JSON list, with the JSON schema of each kind's options"
    )


def run(arguments: argparse.Namespace) -> int:
    """List the kinds."""
    loaded, _ = load_aloud(arguments)
    plugins = Plugins(loaded.settings.plugins.disabled)
    found = plugins.installed()
    if arguments.json:
        print(json.dumps([_object(one, plugins) for one in found], indent=2))
    else:
        print(table([_HEADERS, *(_row(one) for one in found)]))
    return 0


def _object(plugin: Plugin, plugins: Plugins) -> dict[str, object]:
    usable = plugin.state in ("built in", "loaded")
    try:
        options = plugins.options_of(plugin.kind) if usable else None
    except ConfigError:
        options = None
    return asdict(plugin) | {"options": options}


def _row(plugin: Plugin) -> tuple[str, ...]:
    state = f"{plugin.state}: {plugin.error}" if plugin.error else plugin.state
    if plugin.state == "built in" and plugin.kind in VENDORS:
        state = f"{state}, a row of {ROW_OF}"
    return plugin.kind, plugin.distribution or "-", plugin.version or "-", state
