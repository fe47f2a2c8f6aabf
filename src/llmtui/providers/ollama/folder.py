"""Where an Ollama server on this machine keeps its models."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from llmtui.providers.network import LOOPBACK

SERVICE_FOLDER = Path("/usr/share/ollama/.ollama/models")
"""Of the service that Ollama's installer for Linux sets up."""


def is_this_machine(base_url: str) -> bool:
    """Whether an address leads to loopback."""
    return urlsplit(base_url).hostname in LOOPBACK


def free_space() -> int | None:
    """Bytes free in the first folder that is there; None without one. Looks at the disk."""
    for folder in _folders():
        try:
            if folder.is_dir():
                return shutil.disk_usage(folder).free
        except OSError:
            continue
    return None


def _folders() -> Iterator[Path]:
    if named := os.environ.get("OLLAMA_MODELS"):
        yield Path(named)
    yield Path.home() / ".ollama" / "models"
    yield SERVICE_FOLDER
