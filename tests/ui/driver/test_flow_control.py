from llmtui.ui.driver.flow_control import WINDOW, FlowControl


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def paced() -> tuple[FlowControl, Clock]:
    clock = Clock()
    flow = FlowControl(clock)
    assert flow.sent(1000)
    flow.asked()
    clock.now_s += 0.01
    assert flow.answered()
    return flow, clock


def test_a_terminal_that_never_answered_is_not_waited_for() -> None:
    flow = FlowControl(Clock())
    assert flow.sent(100_000)
    flow.asked()
    assert flow.room is None


def test_no_more_than_a_window_is_under_way() -> None:
    flow, _ = paced()
    assert flow.room is None
    assert flow.sent(WINDOW)
    flow.asked()
    assert flow.room == 0
    assert flow.answered()
    assert flow.room is None


def test_small_frames_ask_nothing() -> None:
    flow, _ = paced()
    assert not flow.sent(100)


def test_a_slow_terminal_gets_frames_in_parts() -> None:
    flow, clock = paced()
    flow.sent(600)
    flow.asked()
    clock.now_s += 0.3
    flow.sent(200)
    flow.answered()
    assert flow.room == WINDOW - 200


def test_an_answer_that_is_lost_is_not_waited_for_for_ever() -> None:
    flow, clock = paced()
    flow.sent(WINDOW)
    flow.asked()
    clock.now_s += 60
    assert flow.room is None


def test_an_answer_that_nobody_asked_for_is_somebody_elses() -> None:
    assert not FlowControl(Clock()).answered()
