"""The full-screen chat."""

import argparse
import asyncio
import os
import sys
from dataclasses import replace

from llmtui.bootstrap import build_services
from llmtui.cli.session import load
from llmtui.core.errors import ConfigError
from llmtui.core.terminal import TerminalProfile
from llmtui.services.services import Services

ESCAPE_DELAY_MS = "25"
ESCAPE_DELAY_OVER_SSH_MS = "50"
# A key's echo waits for the screen's next frame, so fewer of them would be no thrift: a reply paces its own.
MOST_FRAMES_PER_S = "120"


def run(arguments: argparse.Namespace) -> int:
    """Start the app; returns its exit code."""
    _require_terminal()
    loaded, paths = load(arguments)
    services = build_services(loaded, paths)
    if arguments.theme:
        services = replace(services, theme=arguments.theme)
    if arguments.driver:
        services = replace(services, terminal=replace(services.terminal, driver=arguments.driver))
    _prepare_textual(services.terminal)
    return asyncio.run(_run(services))


async def _run(services: Services) -> int:
    from llmtui.ui.app import LlmtuiApp

    app = LlmtuiApp(services)
    try:
        await app.run_async()
    finally:
        await services.close()
    return app.return_code or 0


def _require_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        problem = ConfigError("llmtui needs a terminal")
        problem.hint = 'in a pipe, use `llmtui ask "…"`'
        raise problem
    if os.environ.get("TERM", "dumb") == "dumb":
        problem = ConfigError("this terminal (TERM=dumb) cannot show a full screen")
        problem.hint = "set TERM to what your terminal is, such as xterm-256color"
        raise problem


def _prepare_textual(terminal: TerminalProfile) -> None:
    """Set what Textual reads from the environment when it is imported."""
    os.environ.setdefault("ESCDELAY", ESCAPE_DELAY_OVER_SSH_MS if terminal.remote else ESCAPE_DELAY_MS)
    os.environ.setdefault("TEXTUAL_FPS", MOST_FRAMES_PER_S)
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    # Textual takes an empty one for set, and turns to greys.
    if not os.environ.get("NO_COLOR"):
        os.environ.pop("NO_COLOR", None)
    # With it Claude's SDK logs on standard error, which is where the screen is drawn.
    os.environ.pop("ANTHROPIC_LOG", None)
