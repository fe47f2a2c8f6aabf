"""The line above the prompt while a reply is under way: what is waited for, and the way out."""

import time

from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from llmtui.core.events import Status
from llmtui.services.reply import Reply

STALLED_AFTER_S = 10.0


class Activity(Static):
    """Ticks as text, once a second, only while a reply is under way; takes no row otherwise."""

    DEFAULT_CSS = """
    Activity { height: 1; padding: 0 2; color: $text-muted; display: none; }
    Activity.-shown { display: block; }
    """

    def __init__(self) -> None:
        super().__init__("", markup=False)
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
            self.update(activity_of(self._reply, time.monotonic()))


def activity_of(reply: Reply, now_s: float) -> Content:
    """The line for a reply at a monotonic time."""
    silent_s, total_s = now_s - reply.last_event_s, now_s - reply.started_s
    status = reply.status
    if isinstance(status, Status):
        return _status_line(status, total_s)
    if silent_s >= STALLED_AFTER_S:
        keys = "esc stop · ctrl+g r retry · ctrl+o switch"
        return Content.styled(f"stalled: nothing for {silent_s:.0f} s", "$text-warning") + Content(
            f" · {keys}"
        )
    if not reply.has_text:
        return Content(f"waiting {total_s:.0f} s · esc stop")
    return Content(f"writing {total_s:.0f} s · esc stop")


def _status_line(status: Status, total_s: float) -> Content:
    words = {"retrying": f"try {status.attempt}", "failover": "switching"}.get(status.kind, status.kind)
    detail = f": {status.detail}" if status.detail else ""
    return Content(f"{words}{detail} · {total_s:.0f} s · esc stop")
