"""`llmtui config show`: the settings in effect, without anything secret."""

import argparse
import json
import sys
from typing import Any

from llmtui.bootstrap import build_registry
from llmtui.cli.session import load_aloud
from llmtui.config.masking import masked


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print them, with the model and address that each kind has of itself."""
    loaded, _ = load_aloud(arguments)
    shown = masked(loaded)
    for provider, info in zip(
        shown.get("providers", []), build_registry(loaded.settings).infos(), strict=True
    ):
        kind_has = {"base_url": info.base_url, "model": info.model}
        provider |= {name: value for name, value in kind_has.items() if value and name not in provider}
    print(json.dumps(shown, indent=2) if arguments.json else _yaml(shown).rstrip())
    return 0


def _yaml(shown: dict[str, Any]) -> str:
    import yaml

    # What a locale cannot show is escaped rather than replaced: the output shall load again.
    unicode = "utf" in (sys.stdout.encoding or "").lower()
    return yaml.safe_dump(shown, sort_keys=False, allow_unicode=unicode, width=110)
