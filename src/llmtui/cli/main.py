"""The command line: the options that all commands share, and which module a command is."""

import argparse
import errno
import gc
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

from llmtui import __version__
from llmtui.cli import exit_codes
from llmtui.cli.console import complain
from llmtui.cli.options import add_config_option, add_log_option
from llmtui.core.errors import LlmtuiError

COMMANDS: Mapping[str, str] = {
    "ask": "ask one question and print the answer",
    "providers": "list the providers with their state",
    "plugins": "list the kinds of provider that are installed, from other packages too",
    "models": "list, pull, show, load and delete the models of a server",
    "db": "back up or check the chats, or remove deleted ones for good",
    "config": "show or check the settings, or bring old ones into today's form",
    "test-provider": "try a provider's live service with a few small requests, and write a report",
    "doctor": "check every provider's connection, and tell what a report of a bug needs",
}
"""Each is a module of `llmtui.cli` with `add_arguments(parser)` and `run(arguments) -> exit code`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    _accept_any_locale()
    try:
        code = _chosen(sys.argv[1:] if argv is None else argv)()
        print(end="", flush=True)
    except LlmtuiError as error:
        _log(error)
        complain(error)
        return exit_codes.exit_code(error)
    except KeyboardInterrupt:
        return exit_codes.INTERRUPTED
    except BrokenPipeError:
        _abandon_output()
        return exit_codes.BROKEN_PIPE
    except OSError as error:
        _abandon_output()
        # What a terminal answers that has gone.
        if error.errno == errno.EIO and error.filename is None:
            return exit_codes.BROKEN_PIPE
        _log(error)
        complain(LlmtuiError(": ".join(map(str, filter(None, (error.filename, error.strerror or error))))))
        return exit_codes.FAILED
    except Exception as error:
        _log(error)
        raise
    return code


def _chosen(argv: Sequence[str]) -> Callable[[], int]:
    """The command that the arguments name; only its module is imported."""
    arguments = _parser().parse_args(argv)
    # pydantic would read every installed package's metadata in search of plugins for itself.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # What imports bring stays, so there is nothing to collect; the screen goes on so to its first frame.
    gc.disable()
    command = import_module(f"llmtui.cli.{(arguments.command or 'tui').replace('-', '_')}")
    if arguments.command:
        gc.enable()
        parser = argparse.ArgumentParser(
            f"llmtui {arguments.command}", description=COMMANDS[arguments.command], allow_abbrev=False
        )
        add_config_option(parser)
        add_log_option(parser)
        command.add_arguments(parser)
        arguments = parser.parse_args(arguments.rest, arguments)
    return lambda: int(command.run(arguments))


def _parser() -> argparse.ArgumentParser:
    commands = "\n".join(f"  {name:<15}{text}" for name, text in COMMANDS.items())
    parser = argparse.ArgumentParser(
        "llmtui",
        description="A full-screen terminal chat over many LLM providers. Without a command, it starts.",
        epilog=f"commands:\n{commands}\n\n`llmtui COMMAND --help` explains each.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"llmtui {__version__}")
    add_config_option(parser)
    add_log_option(parser)
    parser.add_argument("--theme", metavar="NAME", help="the theme to start with")
    parser.add_argument(
        "--driver",
        choices=("thrifty", "plain"),
        metavar="DRIVER",
        help="thrifty sends only what changed on the screen, plain sends more; goes over terminal.driver",
    )
    parser.add_argument("command", nargs="?", choices=COMMANDS, metavar="COMMAND", help="see below")
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def _log(error: Exception) -> None:
    """Log what ended a command, where it keeps a log: only such a command has loaded that module."""
    if (logs := sys.modules.get("llmtui.cli.logs")) is not None:
        logs.log_failure(error)


def _abandon_output() -> None:
    """Nobody takes the output: the interpreter shall not complain when it flushes the rest at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _accept_any_locale() -> None:
    """Show a character that the locale lacks as `?` instead of ending with an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
