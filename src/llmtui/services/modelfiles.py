"""Modelfiles: read from this machine's disk, and looked at before a server is asked."""

import asyncio
from pathlib import Path

from llmtui.core.errors import ConfigError
from llmtui.providers.ollama import modelfile
from llmtui.services.transfer_job import Modelfile

LARGEST = 1_000_000
"""Bytes: whatever is larger is no Modelfile, but perhaps a model."""


async def read_modelfile(path: str) -> Modelfile:
    """Read a file; relative paths in it lead from its folder. Raises ConfigError."""
    return await asyncio.to_thread(_read, path)


def modelfile_of(data: bytes, name: str, folder: Path | None = None) -> Modelfile:
    """What bytes say, to the letter: it is sent and not shown. Raises ConfigError, which names `name`."""
    if len(data) > LARGEST:
        raise ConfigError(f"{name} is too large for a Modelfile")
    try:
        return Modelfile(data.decode(), folder)
    except UnicodeDecodeError:
        raise ConfigError(f"{name} is no text") from None


def check_modelfile(text: str) -> None:
    """Raise ConfigError where Ollama would not read it: what is wrong, and in which line."""
    modelfile.read_modelfile(text)


def _read(name: str) -> Modelfile:
    path = Path(name).expanduser()
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    return modelfile_of(data, str(path), path.absolute().parent)
