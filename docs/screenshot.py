"""Make `docs/screenshot.svg`: the app itself, answering by the embedded model.

python docs/screenshot.py [COLUMNS ROWS] [FILE]     (after `llmtui models pull embedded`)
"""

import asyncio
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from llmtui.bootstrap import build_services
from llmtui.config.loader import load_settings
from llmtui.config.paths import user_paths
from llmtui.ui.app import LlmtuiApp
from llmtui.ui.messages import ReplyEnded
from llmtui.ui.widgets.prompt import Prompt

QUESTIONS = (
    "What is the capital of France?",
    "Write a Python function that adds two numbers, with an example.",
)


async def screenshot(columns: int, rows: int) -> str:
    """Ask the questions in an app without a terminal; returns what it shows as SVG."""
    with tempfile.TemporaryDirectory() as folder:
        paths = user_paths()
        # The chats of the person who runs this stay out of the picture; the model is theirs.
        database = replace(paths, data_dir=Path(folder), config_file=Path(folder) / "config.yaml")
        services = build_services(load_settings(None, {}), database)
        app = LlmtuiApp(services)
        ended: asyncio.Queue[ReplyEnded] = asyncio.Queue()
        try:
            async with app.run_test(
                size=(columns, rows),
                message_hook=lambda message: (
                    ended.put_nowait(message) if isinstance(message, ReplyEnded) else None
                ),
            ) as pilot:
                for question in QUESTIONS:
                    app.chat_screen.query_one(Prompt).text = question
                    await pilot.press("enter")
                    await ended.get()
                    await pilot.pause()
                await app.workers.wait_for_complete()
                await pilot.pause()
                return app.export_screenshot(title="llmtui")
        finally:
            await services.close()


if __name__ == "__main__":
    columns, rows = [int(argument) for argument in sys.argv[1:] if argument.isdigit()] or (110, 34)
    names = [argument for argument in sys.argv[1:] if not argument.isdigit()]
    Path(*names or ["docs/screenshot.svg"]).write_text(asyncio.run(screenshot(columns, rows)))
