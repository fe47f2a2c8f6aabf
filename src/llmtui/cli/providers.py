"""`llmtui providers`: what is configured, and how it is."""

import argparse
import asyncio
import json
from dataclasses import asdict

from llmtui.bootstrap import build_registry
from llmtui.cli.session import load_aloud
from llmtui.cli.tables import table
from llmtui.core.models import ProviderInfo
from llmtui.core.ports import ProviderRegistry
from llmtui.services.health import Health, HealthService

_HEADERS = ("ID", "KIND", "TYPE", "MODEL", "STATE")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--check", action="store_true", help="ask each provider how it is, all at once")
    parser.add_argument("--json", action="store_true", help="print a JSON list")


def run(arguments: argparse.Namespace) -> int:
    """List the providers."""
    loaded, _ = load_aloud(arguments)
    registry = build_registry(loaded.settings)
    healths = asyncio.run(_healths(registry, check=arguments.check))
    infos = registry.infos()
    if arguments.json:
        print(json.dumps([_object(info, healths[info.id]) for info in infos], indent=2))
    else:
        print(table([_HEADERS, *(_row(info, healths[info.id]) for info in infos)]))
    return 0


async def _healths(registry: ProviderRegistry, *, check: bool) -> dict[str, Health]:
    service = HealthService(registry)
    try:
        if check:
            # Who asks for it means the keys too.
            await service.probe_all(lambda _: None, tested=True)
        return {info.id: service.of(info.id) for info in service.infos}
    finally:
        await registry.aclose()


def _object(info: ProviderInfo, health: Health) -> dict[str, object]:
    known = asdict(health)
    return asdict(info) | {key: known[key] for key in ("state", "detail", "hint", "latency_s", "models")}


def _row(info: ProviderInfo, health: Health) -> tuple[str, ...]:
    return info.id, info.kind, info.type, info.model or "-", _words(info, health)


def _words(info: ProviderInfo, health: Health) -> str:
    if info.error:
        return f"error: {info.error}"
    if info.missing_key:
        return f"no key (set {info.missing_key})"
    latency = f" {health.latency_s * 1000:.0f} ms" if health.latency_s is not None else ""
    return f"{health.state}{latency}" + (f": {health.detail}" if health.detail else "")
