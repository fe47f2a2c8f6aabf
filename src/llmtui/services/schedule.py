"""When each provider is asked again how it is: often while a person is there, ever less when nobody is."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from llmtui.core.models import HealthMode

SHORTEST_S = 60.0
LONGEST_S = 600.0
_MOST_DOUBLINGS = 4
"""Sixteen minutes: beyond the longest."""


@dataclass(slots=True)
class _Course:
    """What is known of one provider."""

    mode: HealthMode
    asked_s: float | None = None
    """When it was asked last; None: not yet."""
    quiet: int = 0
    """How often it was asked since a person did anything."""
    failures: int = 0
    """How often in a row it was down."""


class ProbeSchedule:
    """Says who is to be asked now, and how long nobody is.

    A provider's interval doubles from `SHORTEST_S` to `LONGEST_S` with each probe while no person does
    anything, and starts anew when one does. That of a provider that is down doubles with each failure
    whatever the person does, until it answers. Nothing is asked while there is a reason to wait.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._courses: dict[str, _Course] = {}
        self._waiting_for: set[str] = set()

    def plan(self, provider_id: str, mode: HealthMode) -> None:
        """Take a provider on, or change its mode; one that is new is due at once."""
        course = self._courses.setdefault(provider_id, _Course(mode))
        course.mode = mode

    def drop(self, provider_id: str) -> None:
        """Forget a provider that is not there any more."""
        self._courses.pop(provider_id, None)

    def take_due(self) -> list[str]:
        """The providers to ask now; they count as asked."""
        now = self._clock()
        due = [provider_id for provider_id in self._courses if self._due_s(provider_id) <= now]
        if self._waiting_for:
            return []
        for provider_id in due:
            self._note_asked(provider_id)
        return due

    def wait_s(self) -> float | None:
        """Seconds until somebody is due; None: never, as things are."""
        times = [self._due_s(provider_id) for provider_id in self._courses]
        soonest = min(times, default=float("inf"))
        if self._waiting_for or soonest == float("inf"):
            return None
        return max(0.0, soonest - self._clock())

    @property
    def held(self) -> bool:
        """Whether nobody is asked for now."""
        return bool(self._waiting_for)

    def due_in_s(self, provider_id: str) -> float | None:
        """Seconds until this provider is due, whatever is waited for; None: never."""
        if provider_id not in self._courses or (due_s := self._due_s(provider_id)) == float("inf"):
            return None
        return max(0.0, due_s - self._clock())

    def choose(self, provider_id: str) -> bool:
        """A person turned to a provider; True where that is a reason to ask it, which then counts as done."""
        course = self._courses.get(provider_id)
        if course is None or course.mode == "off":
            return False
        self._note_asked(provider_id)
        return True

    def note_news(self, provider_id: str, *, down: bool) -> None:
        """A probe or a reply told how a provider is: it need not be asked again so soon."""
        if (course := self._courses.get(provider_id)) is not None:
            course.asked_s = self._clock()
            course.failures = course.failures + 1 if down else 0

    def note_person(self) -> bool:
        """A person did something; True when somebody is due earlier now."""
        idle = [course for course in self._courses.values() if course.quiet]
        for course in idle:
            course.quiet = 0
        return bool(idle)

    def hold(self, reason: str, holds: bool = True) -> None:
        """Ask nobody while the reason holds."""
        (self._waiting_for.add if holds else self._waiting_for.discard)(reason)

    def _note_asked(self, provider_id: str) -> None:
        course = self._courses[provider_id]
        course.asked_s = self._clock()
        course.quiet += 1

    def _due_s(self, provider_id: str) -> float:
        course = self._courses[provider_id]
        if course.mode == "off" or (course.mode == "idle" and course.asked_s is not None):
            return float("inf")
        if course.asked_s is None:
            return float("-inf")
        doublings = min(max(course.quiet, course.failures, 1) - 1, _MOST_DOUBLINGS)
        return course.asked_s + min(LONGEST_S, SHORTEST_S * (1 << doublings))
