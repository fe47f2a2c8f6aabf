"""`llmtui config migrate`: flat settings written anew in today's form; the file itself stays as it is."""

import argparse
import os
import shlex
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from llmtui.bootstrap import build_registry
from llmtui.cli.console import say, warn
from llmtui.config.loader import LoadedSettings, load_settings
from llmtui.config.migration import Migration, migrate
from llmtui.config.paths import user_paths
from llmtui.config.private_files import write_private
from llmtui.config.retired_models import retirement
from llmtui.core.errors import ConfigError

STANDARD_OUTPUT = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("file", metavar="FILE", type=Path, help="the flat settings, JSON or YAML")
    parser.add_argument("-o", "--output", metavar="OUT", help="where to; - prints (FILE with .yaml)")
    parser.add_argument("--force", action="store_true", help="overwrite OUT")


def run(arguments: argparse.Namespace) -> int:
    """Write the new form and report what became of each field, on standard error."""
    path: Path = arguments.file
    # As llmtui itself would read it: what it refuses is not written in another form.
    loaded = load_settings(path, os.environ)
    migration = migrate(path)
    if arguments.output == STANDARD_OUTPUT:
        print(migration.text, end="")
        _report(path, "standard output", migration, loaded)
        return 0
    out = Path(arguments.output) if arguments.output else _beside(path)
    _require_free(out, path, force=arguments.force)
    write_private(out, migration.text)
    _report(path, str(out), migration, loaded)
    if out.resolve() != user_paths().config_file.resolve():
        say(f"use it with `llmtui --config {shlex.quote(str(out))}`, or as {user_paths().config_file}")
    return 0


def _beside(path: Path) -> Path:
    """The same name as YAML; a file that has it already gets a name of its own beside it."""
    beside = path.with_suffix(".yaml")
    return path.with_suffix(".new.yaml") if beside == path else beside


def _require_free(out: Path, path: Path, *, force: bool) -> None:
    if out.exists() and out.samefile(path):
        problem = ConfigError(f"{out} is the file that is migrated, and stays as it is")
        problem.hint = "name another one with -o"
        raise problem
    if os.path.lexists(out) and not force:
        problem = ConfigError(f"{out} is there already")
        problem.hint = "overwrite it with --force, or name another one with -o"
        raise problem


def _report(path: Path, out: str, migration: Migration, loaded: LoadedSettings) -> None:
    say(f"{path} -> {out}")
    for line in migration.report:
        say(f"  {line}")
    for words in _remarks(loaded):
        warn(words)


def _remarks(loaded: LoadedSettings) -> Iterator[str]:
    for provider in loaded.settings.providers:
        if words := retirement(provider, date.today()):
            yield f"providers: {provider.id}: {words}; it is kept, choose another one"
    for info in build_registry(loaded.settings).infos():
        if info.error:
            yield f"providers: {info.id}: {info.error}"
    if loaded.literals:
        yield "the new file holds secrets; `api_key` takes a variable, a command, the keyring or a file too"
