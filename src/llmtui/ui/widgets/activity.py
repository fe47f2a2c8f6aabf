"""The line above the prompt while a reply is under way: what is waited for, and the way out."""

import time
from math import ceil

from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from llmtui.core.events import Status
from llmtui.services.reply import Reply
from llmtui.ui.keymap import Keymap

STALLED_AFTER_S = 10.0


class Activity(Static):
    """Ticks as text, once a second, only while a reply is under way; takes no row otherwise."""

    DEFAULT_CSS = """
    Activity { height: 1; padding: 0 2; color: $text-muted; display: none; }
    Activity.-shown { display: block; }
    """

    def __init__(self, keymap: Keymap) -> None:
        super().__init__("", markup=False)
        self._keymap = keymap
        self._reply: Reply | None = None
        self._timer: Timer | None = None

    def watch_reply(self, reply: Reply | None) -> None:
        """Follow a reply, or none."""
        self._reply = reply
        self.set_class(reply is not None, "-shown")
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if reply is not None:
            self._timer = self.set_interval(1.0, self.tick)
            self.tick()

    def tick(self) -> None:
        """Say how it stands now."""
        if self._reply is not None:
            self.update(activity_of(self._reply, time.monotonic(), self._keymap), layout=False)


def activity_of(reply: Reply, now_s: float, keymap: Keymap) -> Content:
    """The line for a reply at a monotonic time."""
    silent_s, total_s = now_s - reply.last_event_s, now_s - reply.started_s
    stop = f"{keymap.hint('stop')} stop"
    if isinstance(reply.status, Status):
        return Content(f"{_waits_for(reply.status, silent_s)} · {total_s:.0f} s · {stop}")
    if silent_s >= STALLED_AFTER_S:
        keys = f" · {stop} · {keymap.hint('regenerate')} retry · {keymap.hint('pick-model')} switch"
        return Content.styled(f"stalled: nothing for {silent_s:.0f} s", "$text-warning") + Content(keys)
    return Content(f"{'writing' if reply.has_text else 'waiting'} {total_s:.0f} s · {stop}")


def _waits_for(status: Status, since_s: float) -> str:
    words = {"retrying": f"try {status.attempt}", "failover": "switching"}.get(status.kind, status.kind)
    left_s = (status.delay_s or 0) - since_s
    soon = f" in {ceil(left_s)} s" if left_s > 0 else ""
    return f"{words}{soon}: {status.detail}" if status.detail else words + soon
