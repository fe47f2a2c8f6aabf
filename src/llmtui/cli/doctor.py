"""`llmtui doctor`: what is so on this machine, and every provider's connection stage by stage."""

import argparse
import asyncio
import json
import shutil
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from llmtui.bootstrap import build_registry
from llmtui.cli.console import show_progress
from llmtui.cli.exit_codes import FAILED
from llmtui.cli.session import config_path, load_aloud
from llmtui.cli.surroundings import Facts, surroundings
from llmtui.config.loader import LoadedSettings
from llmtui.config.paths import Paths, user_paths
from llmtui.core.errors import ConfigError, UnknownProvider
from llmtui.core.models import CheckStage, CheckState, ConnectionReport, ProviderInfo
from llmtui.core.ports import ProviderRegistry
from llmtui.core.redaction import redact
from llmtui.core.text import sanitise_line
from llmtui.providers.failures import address
from llmtui.services.health import KEY_KEPT_BACK, HealthService
from llmtui.storage.facts import used_hosts

NARROWEST, WIDEST = 40, 100
HANGING = 11
"""Columns before what does not fit into a first line."""
_WORDS: Mapping[CheckState, str] = {
    CheckState.OK: "ok",
    CheckState.FAILED: "FAILED",
    CheckState.SKIPPED: "skipped",
    CheckState.RUNNING: "asking",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one provider; without a report nobody asked it."""

    info: ProviderInfo
    report: ConnectionReport | None

    @property
    def verdict(self) -> str:
        """`ok`, `failed`, `skipped`, or `key not tried` where all but the key is known to be right."""
        if self.report is None:
            return "skipped"
        # A check that came to no stage of its own shows nothing, however little went wrong.
        if not (self.report.ok and any(stage.state is CheckState.OK for stage in self.report.stages)):
            return "failed"
        return KEY_KEPT_BACK if self.report.key_kept_back else "ok"

    @property
    def hint(self) -> str:
        """The next step, where there is one."""
        if self.report is None:
            return f"set {self.info.missing_key} to use it"
        if self.verdict == KEY_KEPT_BACK:
            return f"no request went to this host before; `llmtui doctor {self.info.id}` sends the key"
        return self.report.hint


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "providers",
        nargs="*",
        metavar="PROVIDER",
        help="test these in full, keys included; else check all, with keys only for hosts used before",
    )
    parser.add_argument(
        "--token",
        action="store_true",
        help="ask the model of each PROVIDER for one token, too; it may cost, or load the model",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print what was found; fails where a provider that was asked does not pass."""
    try:
        loaded, paths = load_aloud(arguments)
    except ConfigError:
        paths = user_paths()
        # What is wrong with the file is told by who called, below what can be said without it.
        _print(surroundings(paths, config_path(arguments, paths), None), (), as_json=arguments.json)
        raise
    if arguments.token and not arguments.providers:
        raise ConfigError("--token asks only providers that are named: llmtui doctor PROVIDER --token")
    findings = asyncio.run(_examined(loaded, paths, arguments.providers, with_token=arguments.token))
    facts = surroundings(paths, loaded.source, loaded.settings.network)
    _print(facts, findings, as_json=arguments.json)
    return FAILED if any(one.verdict == "failed" for one in findings) else 0


async def _examined(
    loaded: LoadedSettings, paths: Paths, named: Collection[str], *, with_token: bool
) -> list[Finding]:
    registry = build_registry(loaded.settings)
    try:
        chosen = _chosen(registry, named)
        used = await asyncio.to_thread(used_hosts, paths.database)
        health = HealthService(registry, used=used)

        async def one(info: ProviderInfo) -> Finding:
            # Who names no provider is not told that those without a key are broken.
            if info.missing_key and not named:
                return Finding(info, None)

            def told(stage: CheckStage) -> None:
                show_progress(f"{info.id}: {stage.name} …")

            report = await health.examine(info.id, tested=bool(named), told=told)
            if with_token and report.ok:
                report = report.followed_by(await health.ask_token(info.id, told))
            return Finding(info, report)

        findings = await asyncio.gather(*map(one, chosen))
        # Only now are the keys known that were fetched from elsewhere.
        secrets = registry.secrets()
        return [_harmless(finding, secrets) for finding in findings]
    finally:
        show_progress("")
        await registry.aclose()


def _chosen(registry: ProviderRegistry, named: Collection[str]) -> list[ProviderInfo]:
    infos = {info.id.lower(): info for info in registry.infos()}
    if unknown := [name for name in named if name.lower() not in infos]:
        known = ", ".join(info.id for info in infos.values()) or "none"
        raise UnknownProvider(f"no provider '{unknown[0]}'; configured: {known}")
    return [infos[name] for name in dict.fromkeys(map(str.lower, named))] or list(infos.values())


def _harmless(finding: Finding, secrets: Sequence[str]) -> Finding:
    """The finding as it may be shown: a server's words are in it, which may hold what we sent."""

    def clean(text: str) -> str:
        return redact(sanitise_line(text), secrets)

    info = replace(
        finding.info, base_url=clean(address(finding.info.base_url)), error=clean(finding.info.error)
    )
    if finding.report is None:
        return Finding(info, None)
    stages = [replace(stage, detail=clean(stage.detail)) for stage in finding.report.stages]
    remedies = [replace(remedy, text=clean(remedy.text)) for remedy in finding.report.remedies]
    hint = clean(finding.report.hint)
    return Finding(info, replace(finding.report, stages=tuple(stages), hint=hint, remedies=tuple(remedies)))


def _print(facts: Facts, findings: Sequence[Finding], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"facts": facts, "providers": [_object(one) for one in findings]}, indent=2))
        return
    width = max(NARROWEST, min(WIDEST, shutil.get_terminal_size().columns)) - 1
    for name, fact in facts.items():
        print(_filled(f"{name:<11}", sanitise_line(fact), width))
    for finding in findings:
        print()
        for indent, text in _lines(finding):
            print(_filled(indent, text, width))


def _object(finding: Finding) -> dict[str, object]:
    info, report = finding.info, finding.report
    return {
        "id": info.id,
        "kind": info.kind,
        "type": info.type,
        "base_url": info.base_url,
        "verdict": finding.verdict,
        "hint": finding.hint,
        "remedies": [asdict(remedy) for remedy in report.remedies] if report else [],
        "models": len(report.models) if report else None,
        "stages": [
            {
                "name": stage.name,
                "state": stage.state.value,
                "detail": stage.detail,
                "duration_s": round(stage.duration_s, 4),
            }
            for stage in (report.stages if report else ())
        ],
    }


def _lines(finding: Finding) -> Iterator[tuple[str, str]]:
    info = finding.info
    place = info.base_url or "this machine"
    yield "", sanitise_line(f"{info.id}: {finding.verdict} · {info.kind}, {info.type}, {place}")
    if finding.report is None:
        yield "  no key    ", finding.hint
        return
    column = 2 + max(len(stage.name) for stage in finding.report.stages)
    for stage in finding.report.stages:
        yield _stage(stage, column), stage.detail
    if finding.hint:
        yield f"  {'hint':<{column}}", finding.hint
    for remedy in finding.report.remedies:
        yield f"  {'':<{column}}", f"{remedy.purpose}: {remedy.text}"


def _stage(stage: CheckStage, column: int) -> str:
    return f"  {stage.name:<{column}}{_WORDS[stage.state]:<8}{stage.duration_s * 1000:>6.0f} ms  "


def _filled(start: str, text: str, width: int) -> str:
    """Words behind their start, broken at the width; a word that is longer than a line stays whole."""
    hanging = " " * min(len(start), HANGING)
    lines = textwrap.wrap(
        text,
        width,
        initial_indent=start,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines) or start.rstrip()
