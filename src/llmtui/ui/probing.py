"""Asking the providers how they are, for as long as somebody looks."""

from textual import events, work
from textual.app import App
from textual.screen import Screen
from textual.timer import Timer

from llmtui.services.health import Health
from llmtui.services.services import Services
from llmtui.ui.messages import ProviderProbed

_SIGNS_OF_LIFE = (events.Key, events.Paste, events.MouseDown)


class ProbingApp(App[None]):
    """Runs the probes that the health service's schedule asks for.

    Between two of them there is one timer and nothing else; a probe that brings nothing new paints nothing.
    """

    services: Services
    _next_probe: Timer | None = None
    _probing: bool = False

    @property
    def main(self) -> Screen[None]:
        """The screen that is told."""
        return self.screen_stack[0]

    def start_probing(self) -> None:
        """Ask those who are due, now and from now on."""
        self._probing = True
        self.app_suspend_signal.subscribe(self, lambda _: self._hold_probes("suspended", True))
        self.app_resume_signal.subscribe(self, lambda _: self._hold_probes("suspended", False))
        self.probe_due()

    @work(group="probe", exit_on_error=False)
    async def probe_due(self) -> None:
        """Ask the providers whose time has come, and come back when the next one's has."""
        try:
            await self.services.health.probe_due(self._report)
        finally:
            self._wait_for_next_probe()

    @work(group="probe-one", exit_on_error=False)
    async def probe_chosen(self, provider_id: str) -> None:
        """Ask a provider that the person turned to, unless its settings forbid it."""
        if self.services.health.schedule.choose(provider_id):
            self._report(await self.services.health.probe(provider_id))

    async def on_event(self, event: events.Event) -> None:
        """Take a key as a sign that somebody is there."""
        if isinstance(event, _SIGNS_OF_LIFE) and self.services.health.schedule.note_person():
            self._wait_for_next_probe()
        await super().on_event(event)

    def watch_app_focus(self, focused: bool) -> None:
        """Ask nobody while the person looks elsewhere."""
        self._hold_probes("out of focus", not focused)

    def _hold_probes(self, reason: str, holds: bool) -> None:
        self.services.health.schedule.hold(reason, holds)
        self._wait_for_next_probe()

    def _wait_for_next_probe(self) -> None:
        if self._next_probe is not None:
            self._next_probe.stop()
            self._next_probe = None
        wait_s = self.services.health.schedule.wait_s()
        if wait_s is None or not self._probing:
            return
        if wait_s:
            self._next_probe = self.set_timer(wait_s, self.probe_due)
        else:
            # Textual's timers divide by their interval.
            self.probe_due()

    def _report(self, health: Health) -> None:
        self.main.post_message(ProviderProbed(health))
