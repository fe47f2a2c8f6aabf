"""Writing a text in the person's own editor."""

import asyncio
import os
import shlex
import tempfile
from contextlib import suppress
from pathlib import Path

from textual.app import App

from llmtui.core.errors import LlmtuiError
from llmtui.core.text import sanitise


async def edit(app: App[object], text: str) -> str:
    """Open `$VISUAL` or `$EDITOR` on a text and return it edited; raises LlmtuiError when that fails.

    The loop goes on while the editor has the terminal, so a streaming reply does not stall; painting
    is held back, because a repaint while the driver is suspended hangs Textual 8.2. A cancel ends the editor.
    """
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    path = await asyncio.to_thread(_file_of, text)
    try:
        with app.batch_update(), app.suspend():
            try:
                process = await asyncio.create_subprocess_exec(*shlex.split(command), str(path))
                code = await _end_of(process)
            except (OSError, ValueError) as error:
                failure = f"cannot start the editor '{command}': {error}"
            else:
                failure = f"the editor '{command}' ended with {code}" if code else ""
        if failure:
            problem = LlmtuiError(failure)
            problem.hint = "set $EDITOR to a command that waits until you are done"
            raise problem
        edited = await asyncio.to_thread(path.read_text, "utf-8", "replace")
        return sanitise(edited).rstrip("\n")
    finally:
        await asyncio.to_thread(path.unlink, missing_ok=True)


async def _end_of(process: asyncio.subprocess.Process) -> int:
    try:
        return await process.wait()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            process.terminate()
        raise


def _file_of(text: str) -> Path:
    """A new file that only this person can read."""
    handle, name = tempfile.mkstemp(".md", "llmtui-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return Path(name)
