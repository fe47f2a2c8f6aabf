"""What the tests of single widgets share: a bare app, and waiting for a state instead of for time."""

import asyncio
from collections.abc import Callable
from typing import Any

from textual import events
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen

TIMEOUT_S = 5.0


async def until(pilot: Pilot[Any], holds: Callable[[], bool]) -> None:
    """Let the app run until something holds."""
    async with asyncio.timeout(TIMEOUT_S):
        while not holds():
            await pilot.pause()


def type_at_once(app: App[Any], *keys: str) -> None:
    """Keys as they come in one read of a fast line: all before the first is handled."""
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))


class DialogApp(App[None]):
    """Shows one dialog and keeps what it returns."""

    def __init__(self, dialog: Screen[Any]) -> None:
        super().__init__()
        self.dialog = dialog
        self.results: list[Any] = []

    def on_mount(self) -> None:
        self.push_screen(self.dialog, self.results.append)


def shown(app: App[Any]) -> str:
    """The screen's text, as the terminal would show it."""
    lines = app.screen._compositor.render_strips()
    return "\n".join(line.text.rstrip() for line in lines)
