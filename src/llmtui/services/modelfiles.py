"""Modelfiles on this machine's disk."""

import asyncio
from pathlib import Path

from llmtui.core.errors import LlmtuiError
from llmtui.core.text import sanitise
from llmtui.services.transfer_job import Modelfile

LARGEST = 1_000_000
"""Bytes: whatever is larger is no Modelfile, but perhaps a model."""


async def read_modelfile(path: str) -> Modelfile:
    """Read a file; relative paths in it lead from its folder. Raises LlmtuiError."""
    return await asyncio.to_thread(_read, path)


def _read(name: str) -> Modelfile:
    path = Path(name).expanduser()
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise LlmtuiError(f"{path} is too large for a Modelfile")
        return Modelfile(sanitise(data.decode()), path.resolve().parent)
    except UnicodeDecodeError:
        raise LlmtuiError(f"{path} is no text") from None
    except OSError as error:
        raise LlmtuiError(f"cannot read {path}: {error.strerror}") from error
