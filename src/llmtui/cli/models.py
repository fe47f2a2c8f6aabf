"""`llmtui models`: what a provider's server keeps, and all that can be done with it."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from llmtui.cli.options import add_config_option
from llmtui.cli.pull import pull_embedded
from llmtui.config.paths import user_paths

EMBEDDED = "embedded"
"""The model that llmtui brings along, which needs no provider to be fetched."""
_KEEP_HELP = "how long it stays after its last use, such as 90s, 30m, 2h or forever; else as the server does"
AddOptions = Callable[[argparse.ArgumentParser], object]


@dataclass(frozen=True, slots=True)
class Action:
    """A word after `llmtui models`; `run` of `module` does it, which is imported only then."""

    help: str
    module: str
    names: Sequence[str] = ("model",)
    """The names of models that it takes."""
    add_options: AddOptions = lambda parser: None
    of_provider: bool = True
    """Whether it asks one provider."""


ACTIONS: Mapping[str, Action] = {
    "list": Action(
        "list the models that are there",
        "model_facts",
        (),
        lambda parser: parser.add_argument(
            "--offered", action="store_true", help="list what can be pulled instead"
        ),
    ),
    "pull": Action(
        f"fetch a model; `{EMBEDDED}` is the one of 93 MB that llmtui brings along",
        "transfers",
        add_options=lambda parser: parser.add_argument(
            "-q", "--quiet", action="store_true", help="say nothing of the progress"
        ),
    ),
    "push": Action("send a model to its registry", "transfers"),
    "create": Action(
        "make a model by a Modelfile",
        "transfers",
        add_options=lambda parser: parser.add_argument(
            "-f", "--file", metavar="FILE", default="Modelfile", help="the Modelfile; `-` is standard input"
        ),
    ),
    "rm": Action(
        "delete a model",
        "model_changes",
        add_options=lambda parser: parser.add_argument("-y", "--yes", action="store_true", help="do not ask"),
    ),
    "cp": Action("give a model a second name", "model_changes", ("model", "destination")),
    "load": Action(
        "take a model into memory",
        "model_changes",
        add_options=lambda parser: parser.add_argument("--keep", metavar="TIME", help=_KEEP_HELP),
    ),
    "unload": Action("give a model's memory back", "model_changes"),
    "show": Action(
        "tell all that is known of a model",
        "model_facts",
        add_options=lambda parser: parser.add_argument(
            "--modelfile", action="store_true", help="print only its Modelfile"
        ),
    ),
    "ps": Action("list the models in memory", "model_facts", ()),
    "refresh": Action(
        "fetch what models.dev tells of models",
        "models_refresh",
        (),
        lambda parser: parser.add_argument(
            "--from", dest="address", metavar="URL", help="where the list is, such as a mirror"
        ),
        of_provider=False,
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="|".join(ACTIONS))
    for word, action in ACTIONS.items():
        one = actions.add_parser(word, help=action.help, description=action.help)
        add_config_option(one)
        for name in action.names:
            one.add_argument(name)
        if action.of_provider:
            one.add_argument("-p", "--provider", metavar="ID", help="the provider; else the default one")
            one.add_argument("--json", action="store_true", help="print JSON; progress as an object a line")
        action.add_options(one)


def run(arguments: argparse.Namespace) -> int:
    """Run the action."""
    # `make run` does this each time: it needs neither settings nor an event loop.
    if arguments.action == "pull" and arguments.model == EMBEDDED and not arguments.provider:
        pull_embedded(user_paths().data_dir, quiet=arguments.quiet)
        return 0
    module = import_module(f"llmtui.cli.{ACTIONS[arguments.action].module}")
    return int(module.run(arguments))
