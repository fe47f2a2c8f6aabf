"""Copying from a terminal, over SSH and inside tmux too."""

import asyncio
import os

from textual.app import App

LIMIT = 100_000
"""Characters that most terminals take in one OSC 52 sequence."""


async def copy(app: App[object], text: str) -> str:
    """Send a text to the terminal's clipboard; returns what really happened, in words.

    tmux drops OSC 52 by default (`set-clipboard external`), so inside tmux the text goes to its buffer too.
    """
    if len(text) > LIMIT:
        return f"not copied: {len(text):,} characters are more than a terminal takes"
    app.copy_to_clipboard(text)
    if os.environ.get("TMUX") and await _load_tmux_buffer(text):
        return f"{len(text):,} characters sent to tmux's buffer and the terminal"
    return f"{len(text):,} characters sent to the terminal's clipboard"


async def _load_tmux_buffer(text: str) -> bool:
    try:
        process = await asyncio.create_subprocess_exec(
            "tmux",
            "load-buffer",
            "-w",
            "-",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return False
    await process.communicate(text.encode())
    return process.returncode == 0
