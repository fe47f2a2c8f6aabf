"""`llmtui test-provider`: a few small requests to a provider's live service, and a report to paste."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

from llmtui.bootstrap import build_catalogue, build_registry
from llmtui.cli.console import say
from llmtui.cli.exit_codes import FAILED
from llmtui.cli.session import load_aloud
from llmtui.cli.smoke_report import SmokeReport
from llmtui.core.errors import ConfigError, MissingKey, UnknownProvider
from llmtui.core.models import ModelInfo, ProviderInfo
from llmtui.core.ports import ModelCatalogue, ProviderRegistry
from llmtui.core.usage import Usage
from llmtui.services.smoke import SmokeTest, StageResult, cost

STDOUT = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("provider", metavar="PROVIDER", help="the id of one of your providers")
    parser.add_argument("-m", "--model", metavar="ID", help="the model to ask; else the provider's own")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask before tokens are spent")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="where the report goes, `-` for standard output; else llmtui-report-PROVIDER.md in this folder",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")


def run(arguments: argparse.Namespace) -> int:
    """Test the provider and write the report, after ctrl+c that of what was found until then."""
    if arguments.json and arguments.output == STDOUT:
        raise ConfigError("--json and `-o -` both want standard output: name a file with -o")
    loaded, paths = load_aloud(arguments)
    settings = loaded.settings
    registry = build_registry(settings)
    info = _usable(registry, arguments.provider)
    model = arguments.model or info.model
    place = _free_place(arguments.output or f"llmtui-report-{info.id}.md")
    say(cost_in_words(info, model, build_catalogue(paths)))
    if not (arguments.yes or _agreed()):
        say("nothing was sent")
        return FAILED
    report = SmokeReport(info, model, lambda: [*settings.secrets(), *registry.secrets()])
    show = say if arguments.json or place is None else print
    try:
        asyncio.run(_test(registry, report, arguments.model, lambda stage: show(report.line(stage))))
    finally:
        if report.stages:
            _write(report, place, as_json=arguments.json)
    return FAILED if report.failed else 0


def cost_in_words(info: ProviderInfo, model: str | None, catalogue: ModelCatalogue) -> str:
    """What a person agrees to."""
    most = cost()
    return (
        f"{info.id}: asks for the list of models, and {model or 'the model of its choice'} "
        f"{most.requests} times: at most {most.answer_tokens:,} tokens of answers, "
        f"and about {most.question_tokens:,} of questions, {_price(info, model, catalogue)}; "
        "what fails before its first word is asked once more"
    )


def _price(info: ProviderInfo, model: str | None, catalogue: ModelCatalogue) -> str:
    most = cost()
    [known] = catalogue.lookup(info, [ModelInfo(model or "")])
    spent = catalogue.cost(info, known, Usage(most.question_tokens, most.answer_tokens))
    if spent is None:
        return "at a price that is not known here"
    return f"about ${spent.dollars:.2g} at most ({spent.source})" if spent.dollars else "for nothing"


async def _test(
    registry: ProviderRegistry, report: SmokeReport, model: str | None, show: Callable[[StageResult], None]
) -> None:
    try:
        provider = registry.get(report.info.id)
        async with aclosing(SmokeTest(provider, model or report.info.model).run()) as stages:
            async for stage in stages:
                report.stages.append(stage)
                show(stage)
        report.stopped = False
    finally:
        await registry.aclose()


def _usable(registry: ProviderRegistry, name: str) -> ProviderInfo:
    infos = {info.id.lower(): info for info in registry.infos()}
    info = infos.get(name.lower())
    if info is None:
        known = ", ".join(info.id for info in infos.values()) or "none"
        raise UnknownProvider(f"no provider '{name}'; configured: {known}")
    if info.error:
        raise ConfigError(info.error)
    if info.missing_key:
        raise MissingKey(info.id, info.missing_key)
    return info


def _free_place(name: str) -> Path | None:
    """Where the report will be, None for standard output; raises ConfigError before anything is spent."""
    if name == STDOUT:
        return None
    path = Path(name)
    if path.exists():
        raise ConfigError(f"{path} is there already: move it away, or name another file with -o")
    if not path.parent.is_dir():
        raise ConfigError(f"{path.parent} is no folder")
    return path


def _agreed() -> bool:
    if sys.stdin is None or not sys.stdin.isatty():
        raise ConfigError("there is no terminal to ask at: --yes agrees to that")
    print("go on? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _write(report: SmokeReport, place: Path | None, *, as_json: bool) -> None:
    if place is None:
        print(report.markdown(), end="")
        return
    # What came into being meanwhile is not written over.
    with place.open("x", encoding="utf-8") as file:
        file.write(report.markdown())
    if as_json:
        print(json.dumps({**report.as_json(), "report": str(place)}, indent=2))
    else:
        print(f"report: {place}")
