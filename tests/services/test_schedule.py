"""When providers are asked: by a clock that the test turns."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.core.models import HealthMode
from llmtui.services.schedule import LONGEST_S, SHORTEST_S, ProbeSchedule


class Clock:
    """Shows what it was set to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Bench:
    """A schedule whose waiting costs no time."""

    def __init__(self, **modes: HealthMode) -> None:
        self.clock = Clock()
        self.schedule = ProbeSchedule(self.clock)
        for provider_id, mode in modes.items():
            self.schedule.plan(provider_id, mode)

    def next_probe_s(self, *, down: bool = False) -> float:
        """Wait until somebody is due, ask, and say how long that took."""
        wait_s = self.schedule.wait_s()
        assert wait_s is not None
        self.clock.now_s += wait_s
        for provider_id in self.schedule.take_due():
            self.schedule.note_news(provider_id, down=down)
        return wait_s

    def waits(self, count: int, *, down: bool = False) -> list[float]:
        return [self.next_probe_s(down=down) for _ in range(count)]


def test_while_nobody_does_anything_the_interval_doubles() -> None:
    assert Bench(p="live").waits(7) == [0, 60, 120, 240, 480, 600, 600]


def test_while_somebody_types_it_stays_short() -> None:
    bench = Bench(p="live")
    for expected in (0, 60, 60, 60):
        assert bench.next_probe_s() == expected
        bench.clock.now_s += 1
        bench.schedule.note_person()
        bench.clock.now_s -= 1


def test_a_key_after_a_long_silence_asks_at_once() -> None:
    bench = Bench(p="live")
    bench.waits(6)
    bench.clock.now_s += 300
    assert bench.schedule.wait_s() == 300
    assert bench.schedule.note_person()
    assert bench.schedule.wait_s() == 0
    assert bench.schedule.take_due() == ["p"]
    assert bench.schedule.wait_s() == SHORTEST_S


def test_a_key_changes_nothing_where_the_interval_is_short() -> None:
    bench = Bench(p="live")
    bench.waits(1)
    assert bench.schedule.note_person()
    assert not bench.schedule.note_person()


def test_one_that_is_down_is_left_alone_whatever_is_typed() -> None:
    bench = Bench(p="live")
    found = []
    for _ in range(7):
        found.append(bench.next_probe_s(down=True))
        bench.schedule.note_person()
    assert found == [0, 60, 120, 240, 480, 600, 600]
    bench.next_probe_s(down=False)
    bench.schedule.note_person()
    assert bench.next_probe_s() == SHORTEST_S


def test_one_that_is_down_holds_up_no_other() -> None:
    bench = Bench(up="live", down="live")
    asked = []
    for _ in range(5):
        bench.clock.now_s += bench.schedule.wait_s() or 0
        due = bench.schedule.take_due()
        asked.append(sorted(due))
        for provider_id in due:
            bench.schedule.note_news(provider_id, down=provider_id == "down")
        bench.schedule.note_person()
    assert asked == [["down", "up"], ["down", "up"], ["up"], ["down", "up"], ["up"]]


def test_a_reply_saves_a_probe() -> None:
    bench = Bench(p="live")
    bench.waits(1)
    bench.clock.now_s += 50
    bench.schedule.note_news("p", down=False)
    assert bench.schedule.wait_s() == SHORTEST_S


@pytest.mark.parametrize(("mode", "at_start", "when_chosen"), [("idle", ["p"], True), ("off", [], False)])
def test_the_other_modes(mode: HealthMode, at_start: list[str], when_chosen: bool) -> None:
    bench = Bench(p=mode)
    assert bench.schedule.take_due() == at_start
    assert bench.schedule.wait_s() is None
    bench.clock.now_s += 10 * LONGEST_S
    bench.schedule.note_person()
    assert bench.schedule.take_due() == []
    assert bench.schedule.choose("p") is when_chosen
    assert bench.schedule.wait_s() is None


def test_choosing_counts_as_asking() -> None:
    bench = Bench(p="live")
    bench.waits(1)
    bench.clock.now_s += 50
    assert bench.schedule.choose("p")
    bench.schedule.note_person()
    assert bench.schedule.wait_s() == SHORTEST_S
    assert not bench.schedule.choose("nobody")


def test_a_mode_can_change() -> None:
    bench = Bench(p="live")
    bench.waits(1)
    bench.schedule.plan("p", "off")
    assert bench.schedule.wait_s() is None
    bench.schedule.plan("p", "live")
    assert bench.schedule.wait_s() == SHORTEST_S


def test_nobody_is_asked_while_any_reason_to_wait_holds() -> None:
    bench = Bench(p="live")
    bench.schedule.hold("blurred")
    bench.schedule.hold("suspended")
    bench.schedule.hold("blurred", False)
    assert (bench.schedule.take_due(), bench.schedule.wait_s()) == ([], None)
    bench.schedule.hold("suspended", False)
    assert bench.schedule.take_due() == ["p"]


DEEDS = st.lists(
    st.one_of(
        st.sampled_from(["key", "probe", "failed probe", "choose", "reply", "leave", "return"]),
        # Whole seconds: sums of fractions are not exact.
        st.integers(0, 2000).map(float),
    ),
    max_size=60,
)


@given(DEEDS)
def test_no_two_probes_of_its_own_are_nearer_than_the_shortest_interval(deeds: list[str | float]) -> None:
    """And none is later than the longest, when somebody looks."""
    bench = Bench(p="live", q="idle", r="off")
    schedule, clock = bench.schedule, bench.clock
    asked: dict[str, list[float]] = {"p": [], "q": [], "r": []}
    away = False
    for deed in deeds:
        match deed:
            case float():
                clock.now_s += deed
            case "key":
                schedule.note_person()
            case "choose":
                schedule.choose("p")
            case "reply":
                schedule.note_news("p", down=False)
            case "leave" | "return":
                away = deed == "leave"
                schedule.hold("away", away)
            case _:
                for provider_id in schedule.take_due():
                    asked[provider_id].append(clock.now_s)
                    schedule.note_news(provider_id, down=deed == "failed probe")
        wait_s = schedule.wait_s()
        assert (wait_s is None) is away
        assert wait_s is None or 0 <= wait_s <= LONGEST_S
    assert all(later - earlier >= SHORTEST_S for earlier, later in pairwise(asked["p"]))
    assert len(asked["q"]) <= 1
    assert asked["r"] == []
