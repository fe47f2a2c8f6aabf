from llmtui.ui.driver.pace import WINDOW, Pace


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def paced() -> tuple[Pace, Clock]:
    clock = Clock()
    pace = Pace(clock)
    assert pace.sent(1000)
    pace.asked()
    clock.now_s += 0.01
    assert pace.answered()
    return pace, clock


def test_a_terminal_that_never_answered_is_not_waited_for() -> None:
    pace = Pace(Clock())
    assert pace.sent(100_000)
    pace.asked()
    assert pace.room is None


def test_no_more_than_a_window_is_under_way() -> None:
    pace, _ = paced()
    assert pace.room is None
    assert pace.sent(WINDOW)
    pace.asked()
    assert pace.room == 0
    assert pace.answered()
    assert pace.room is None


def test_small_frames_ask_nothing() -> None:
    pace, _ = paced()
    assert not pace.sent(100)


def test_a_slow_terminal_gets_frames_in_parts() -> None:
    pace, clock = paced()
    pace.sent(600)
    pace.asked()
    clock.now_s += 0.3
    pace.sent(200)
    pace.answered()
    assert pace.room == WINDOW - 200


def test_an_answer_that_is_lost_is_not_waited_for_for_ever() -> None:
    pace, clock = paced()
    pace.sent(WINDOW)
    pace.asked()
    clock.now_s += 60
    assert pace.room is None


def test_an_answer_that_nobody_asked_for_is_somebody_elses() -> None:
    assert not Pace(Clock()).answered()
