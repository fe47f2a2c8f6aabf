"""`llmtui config`: where the file is, what is wrong with it, what it comes to, and old settings anew."""

import argparse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from llmtui.bootstrap import build_registry
from llmtui.cli import config_migrate, config_show
from llmtui.cli.console import warn
from llmtui.cli.options import add_config_option
from llmtui.cli.session import config_path, load_aloud
from llmtui.config.document import Document, KeyPath
from llmtui.config.loader import LoadedSettings
from llmtui.config.paths import Paths, user_paths
from llmtui.core.errors import ConfigError

_HELP: Mapping[str, str] = {
    "path": "print where the config file is, or would be",
    "check": "check the file with each provider's options; exits with 2 when it is wrong",
    "show": "print the settings in effect as YAML, without anything secret",
    "migrate": "write flat settings (model, api_key, ...) anew in today's form, beside the file",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="|".join(_HELP))
    parsers = {name: actions.add_parser(name, help=text, description=text) for name, text in _HELP.items()}
    for action in parsers.values():
        add_config_option(action)
    config_show.add_arguments(parsers["show"])
    config_migrate.add_arguments(parsers["migrate"])


def run(arguments: argparse.Namespace) -> int:
    """Run the action."""
    actions: Mapping[str, Callable[[argparse.Namespace], int]] = {
        "path": _path,
        "check": _check,
        "show": config_show.run,
        "migrate": config_migrate.run,
    }
    return actions[arguments.action](arguments)


def _path(arguments: argparse.Namespace) -> int:
    paths = user_paths()
    print(config_path(arguments, paths) or paths.config_file)
    return 0


def _check(arguments: argparse.Namespace) -> int:
    loaded, paths = load_aloud(arguments)
    document = loaded.document or Document(Path("(no config file)"))
    warnings = [*_check_kinds(loaded, document), *_check_screen(loaded, paths, document)]
    for warning in warnings:
        warn(warning)
    if document.problems:
        raise ConfigError("\n".join(document.report()))
    said = f", {len(warnings)} warning(s)" if warnings else ""
    print(f"{document.path}: {len(loaded.settings.providers)} provider(s), no errors{said}")
    return 0


def _check_kinds(loaded: LoadedSettings, document: Document) -> Iterator[str]:
    """Complain of what the kinds refuse in their providers' options; yields what they warn of."""
    registry = build_registry(loaded.settings)
    for index, provider in enumerate(loaded.settings.providers):
        for issue in registry.validate(provider.id):
            place = _place(document, index, issue.key.split("."))
            if issue.severity == "error":
                document.complain(place, issue.message)
            else:
                yield document.describe(place, issue.message)


def _place(document: Document, index: int, keys: list[str]) -> KeyPath:
    """Where a provider's setting stands, or the app's that it stems from."""
    own: KeyPath = ("providers", index, *keys)
    return tuple(keys) if own not in document.lines and tuple(keys) in document.lines else own


def _check_screen(loaded: LoadedSettings, paths: Paths, document: Document) -> Iterator[str]:
    """What the screen would warn of: keys and themes never stop it."""
    # Textual is loaded by this one command-line check only.
    from llmtui.ui.keymap import validate_keymap
    from llmtui.ui.theming import load_themes

    for problem in validate_keymap(loaded.settings.keys)[1]:
        yield document.describe(("keys",), problem.removeprefix("keys: "))
    themes, problems = load_themes([paths.theme_dir])
    yield from map(str, problems)
    known = [theme.name for theme in themes]
    if (theme := loaded.settings.theme) is not None and theme not in known:
        yield document.describe(("theme",), f"there is no theme '{theme}'; there are: {', '.join(known)}")
