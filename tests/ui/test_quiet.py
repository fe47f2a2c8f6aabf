"""Nothing on any screen moves by itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.dom import DOMNode
from textual.timer import Timer
from textual.widgets import Input, ProgressBar, TextArea

from llmtui.ui.app import LlmtuiApp
from tests.ui.screens.desk import running_app

LEADER = "ctrl+g"
DIALOGS = {
    "none": (),
    "model picker": ("ctrl+o",),
    "history search": ("ctrl+r",),
    "palette": ("ctrl+p",),
    "help": ("f1",),
    "leader": (LEADER,),
    "chats": (LEADER, "l"),
    "agents": (LEADER, "g"),
    "health": (LEADER, "h"),
    "settings": (LEADER, "d"),
    "log": (LEADER, "w"),
    "image": (LEADER, "i"),
}
SLOWEST_TICK_S = 1.0


def nodes(app: LlmtuiApp) -> Iterator[DOMNode]:
    """The app and all that is in it, on every screen."""
    yield app
    for screen in app.screen_stack:
        yield from screen.walk_children(with_self=True)


def ticks(timer: Timer) -> bool:
    """Whether a timer fires again and again, and now."""
    return timer._repeat is None and bool(timer._active.is_set())


@pytest.mark.parametrize("keys", DIALOGS.values(), ids=DIALOGS)
async def test_nothing_blinks_spins_or_ticks_faster_than_a_clock(
    tmp_path: Path, keys: tuple[str, ...]
) -> None:
    async with running_app(tmp_path) as desk:
        await desk.press(*keys)
        assert len(desk.app.screen_stack) == (2 if keys else 1)
        for node in nodes(desk.app):
            assert node.auto_refresh is None, node
            assert not isinstance(node, ProgressBar), node
            if isinstance(node, Input | TextArea):
                assert not node.cursor_blink, node
            for timer in filter(ticks, node._timers):
                assert timer._interval >= SLOWEST_TICK_S, (node, timer)


async def test_time_ticks_only_while_a_reply_is_under_way(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await desk.ask("hello")
        ticking = [timer for node in nodes(desk.app) for timer in filter(ticks, node._timers)]
        assert ticking == []
