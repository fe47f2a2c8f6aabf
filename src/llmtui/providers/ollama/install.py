"""What helps when no Ollama server listens: is it installed here at all, or is it on another machine?"""

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from llmtui.core.models import Remedy
from llmtui.providers.full_test import Advice
from llmtui.providers.locality import host_and_port
from llmtui.providers.network import LOOPBACK
from llmtui.providers.ollama.host import DEFAULT_PORT

DOWNLOAD = "https://ollama.com/download"
INSTALL = {
    "linux": "curl -fsSL https://ollama.com/install.sh | sh",
    "darwin": "brew install ollama",
}
PLACES = (
    "/usr/local/bin/ollama",
    "/usr/bin/ollama",
    "/opt/homebrew/bin/ollama",
    "/snap/bin/ollama",
    "/Applications/Ollama.app/Contents/Resources/ollama",
    "~/.local/bin/ollama",
)
"""Where its installers put it, whatever the PATH is."""
SERVICE = Path("/etc/systemd/system/ollama.service")
"""Written by its installer on Linux."""


def installed() -> str | None:
    """Where the program is on this machine."""
    found = shutil.which("ollama")
    places = (os.path.expanduser(place) for place in PLACES)
    return found or next((place for place in places if os.access(place, os.X_OK)), None)


async def when_refused(base_url: str) -> Advice:
    """What to try when nothing listens at an address."""
    host, port = host_and_port(urlsplit(base_url))
    if host not in LOOPBACK:
        hint = (
            f"nothing listens on port {port} of {host}: start Ollama there so that it listens to other "
            "machines, or check the port in base_url"
        )
        serve = f"OLLAMA_HOST=0.0.0.0:{port} ollama serve"
        return Advice(hint, (Remedy(f"start it on {host}", serve),))
    program = await asyncio.to_thread(installed)
    if program is None:
        hint = f"Ollama is not installed on this machine, and nothing listens on port {port}: install it"
        return Advice(hint, tuple(_ways_to_install()))
    hint = f"Ollama is installed ({program}) but nothing listens on port {port}: is `ollama serve` running?"
    return Advice(hint, tuple(_ways_to_start(program, port)))


def _ways_to_install() -> Iterator[Remedy]:
    yield Remedy("get it", DOWNLOAD)
    if command := INSTALL.get(sys.platform):
        yield Remedy("or by", command)


def _ways_to_start(program: str, port: int) -> Iterator[Remedy]:
    if SERVICE.exists() and str(port) == DEFAULT_PORT:
        yield Remedy("start its service", "sudo systemctl start ollama")
    name = "ollama" if shutil.which("ollama") else program
    place = "" if str(port) == DEFAULT_PORT else f"OLLAMA_HOST=127.0.0.1:{port} "
    yield Remedy("start it", f"{place}{name} serve")
