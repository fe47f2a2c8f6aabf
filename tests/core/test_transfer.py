from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.core.errors import ConnectError, IncompleteStream, LlmtuiError
from llmtui.core.model_admin import Phase, TransferStep
from llmtui.core.transfer import RATE_OVER_S, STALLED_AFTER_S, Progress, Transfer, TransferState

GB = 1_000_000_000
PHASES: Sequence[Phase] = ("prepare", "transfer", "verify", "write", "done")
BYTES = st.integers(-1, 10**6) | st.sampled_from([10**40, 0])


@dataclass(frozen=True)
class Begin:
    """The connection was lost and is asked for again."""


@dataclass(frozen=True)
class Stop:
    """A person asks for the end."""


@dataclass(frozen=True)
class Close:
    """The stream ends."""

    error: LlmtuiError | None = None


STEPS = st.builds(
    TransferStep,
    phase=st.sampled_from(PHASES[:4]) | st.sampled_from(PHASES),
    text=st.sampled_from(["", "pulling manifest"]),
    part=st.sampled_from(["", "a", "b", "c"]),
    completed=BYTES,
    total=st.none() | BYTES,
    share=st.none() | st.floats(),
)
DEEDS = (
    STEPS
    | st.builds(Begin)
    | st.builds(Stop)
    | st.builds(Close, st.none() | st.builds(ConnectError, st.just("cut")))
)
STORIES = st.lists(st.tuples(st.floats(0, 60), DEEDS), max_size=40)
Story = list[tuple[float, TransferStep | Begin | Stop | Close]]


def act(transfer: Transfer, deed: TransferStep | Begin | Stop | Close, now_s: float) -> None:
    match deed:
        case TransferStep():
            transfer.take(deed, now_s)
        case Begin():
            transfer.begin(now_s)
        case Stop():
            transfer.ask_to_stop()
        case Close(error):
            transfer.close(now_s, error)


def told(story: Story) -> list[Progress]:
    """What is shown after each deed of a story."""
    transfer, now_s = Transfer(0.0), 0.0
    shown = [transfer.progress(now_s)]
    for wait_s, deed in story:
        now_s += wait_s
        act(transfer, deed, now_s)
        shown.append(transfer.progress(now_s))
    return shown


def step(
    phase: Phase = "transfer", part: str = "", completed: int = 0, total: int | None = None
) -> TransferStep:
    return TransferStep(phase, part=part, completed=completed, total=total)


@given(STORIES)
def test_what_is_shown_never_falls_and_fits_together(story: Story) -> None:
    shown = told(story)
    for before, after in pairwise(shown):
        assert after.completed >= before.completed
        assert before.total is None or (after.total is not None and after.total >= before.total)
        for old, new in zip(before.parts, after.parts, strict=False):
            assert new.name == old.name
            assert new.completed >= old.completed
            assert old.total is None or (new.total is not None and new.total >= old.total)
    for one in shown:
        assert one.total is None or one.completed <= one.total
        assert one.completed == sum(part.completed for part in one.parts)
        assert one.share is None or 0 <= one.share <= 1
        assert one.rate is None or one.rate >= 0
        assert one.left_s is None or one.left_s >= 0


@given(STORIES)
def test_it_ends_once_and_as_it_came_about(story: Story) -> None:
    shown = told(story)
    states = [one.state for one in shown]
    ends = [at for at, state in enumerate(states) if state.ended]
    assert len(set(states) & {TransferState.DONE, TransferState.FAILED, TransferState.STOPPED}) <= 1
    closes = [at for at, (_, deed) in enumerate(story) if isinstance(deed, Close)]
    assert bool(ends) == bool(closes)
    if not ends:
        return
    assert ends[0] == closes[0] + 1
    assert all(one == shown[ends[0]] for one in shown[ends[0] :])
    lived = [deed for _, deed in story[: closes[0]]]
    said_done = any(isinstance(deed, TransferStep) and deed.phase == "done" for deed in lived)
    asked_to_stop = any(isinstance(deed, Stop) for deed in lived)
    assert (states[-1] is TransferState.DONE) == said_done
    assert (states[-1] is TransferState.STOPPED) == (asked_to_stop and not said_done)
    assert (shown[-1].error is not None) == (states[-1] is TransferState.FAILED)


@given(st.lists(st.tuples(st.floats(0.01, 2), st.integers(0, 10**6)), min_size=5, max_size=60))
def test_the_rate_is_within_what_came(pieces: list[tuple[float, int]]) -> None:
    transfer, now_s, at = Transfer(0.0), 0.0, 0
    transfer.take(step(part="a", total=GB), now_s)
    for wait_s, size in pieces:
        now_s, at = now_s + wait_s, at + size
        transfer.take(step(part="a", completed=at, total=GB), now_s)
    rate = transfer.progress(now_s).rate
    if rate is not None:
        # A sample may stand for what came a moment before it.
        assert rate * min(now_s, RATE_OVER_S) <= at * 1.001


def test_a_steady_stream_has_its_rate_and_the_time_left() -> None:
    transfer = Transfer(0.0)
    for tick in range(200):
        transfer.take(step(part="a", completed=tick * 1000, total=400_000), tick * 0.1)
    shown = transfer.progress(20.0)
    assert shown.rate == pytest.approx(10_000, rel=0.02)
    assert shown.left_s == pytest.approx(20.1, rel=0.02)
    assert shown.is_so_far


def test_what_is_there_already_comes_at_no_rate() -> None:
    transfer = Transfer(0.0)
    transfer.take(step(part="cached", completed=GB, total=GB), 0.0)
    transfer.take(step(part="next", total=GB), 0.1)
    transfer.take(step(part="next", completed=1000, total=GB), 2.1)
    shown = transfer.progress(2.1)
    assert (shown.completed, shown.total) == (GB + 1000, 2 * GB)
    assert shown.rate == pytest.approx(500, rel=0.1)


def test_a_part_that_begins_again_falls_nowhere_but_its_rest_counts() -> None:
    transfer = Transfer(0.0)
    for tick in range(11):
        transfer.take(step(part="a", completed=tick * 100, total=10_000), tick * 1.0)
    transfer.take(step(part="a", completed=200, total=10_000), 11.0)
    shown = transfer.progress(11.0)
    assert shown.completed == 1000
    assert shown.rate is not None
    assert shown.left_s == pytest.approx(9800 / shown.rate)
    assert not shown.stalled


def test_asking_again_goes_on_from_what_was_shown() -> None:
    transfer = Transfer(0.0)
    transfer.take(step(part="a", completed=500, total=1000), 1.0)
    transfer.begin(30.0)
    transfer.take(step(part="a", completed=600, total=1000), 30.5)
    shown = transfer.progress(30.5)
    assert shown.completed == 600
    assert shown.rate is None
    assert shown.silent_s < 1


@pytest.mark.parametrize("phase", PHASES[:2])
def test_silence_is_a_stall_while_bytes_are_due(phase: Phase) -> None:
    transfer = Transfer(0.0)
    transfer.take(step(phase, part="a", completed=1, total=9), 1.0)
    assert not transfer.progress(STALLED_AFTER_S + 0.9).stalled
    for tick in range(100):
        # Ollama goes on to tell the same figures when a part is stuck.
        transfer.take(step(phase, part="a", completed=1, total=9), 1.0 + tick * 0.5)
    assert transfer.progress(STALLED_AFTER_S + 1.0).stalled
    transfer.take(step(phase, part="a", completed=2, total=9), 51.0)
    assert not transfer.progress(51.0).stalled


@pytest.mark.parametrize("phase", PHASES[2:4])
def test_a_server_that_computes_is_not_stalled(phase: Phase) -> None:
    transfer = Transfer(0.0)
    transfer.take(step(phase), 1.0)
    shown = transfer.progress(500.0)
    assert not shown.stalled
    assert not shown.is_so_far
    assert shown.silent_s == 499.0


def test_a_share_stands_where_no_bytes_are_counted() -> None:
    transfer = Transfer(0.0)
    transfer.take(TransferStep("transfer", share=0.4), 1.0)
    transfer.take(TransferStep("transfer", share=0.3), 2.0)
    assert transfer.progress(2.0).share == 0.4
    transfer.take(TransferStep("done"), 3.0)
    transfer.close(3.0)
    assert transfer.progress(9.0).share == 1.0
    assert transfer.progress(9.0).elapsed_s == 3.0


def test_an_end_without_the_last_word_is_a_failure() -> None:
    transfer = Transfer(0.0)
    transfer.take(step("write"), 1.0)
    transfer.close(2.0)
    assert transfer.state is TransferState.FAILED
    assert isinstance(transfer.progress(2.0).error, IncompleteStream)


def test_a_stop_is_asked_for_until_the_stream_has_closed() -> None:
    transfer = Transfer(0.0)
    transfer.ask_to_stop()
    transfer.take(step(part="a", completed=5, total=9), 1.0)
    assert transfer.progress(1.0).state is TransferState.STOPPING
    assert transfer.progress(1.0).completed == 5
    transfer.close(2.0, ConnectError("closed"))
    assert transfer.state is TransferState.STOPPED


def test_what_is_done_is_whole_whatever_was_told_last_of_its_parts() -> None:
    transfer = Transfer(0.0)
    transfer.take(step(part="a", completed=5, total=9), 1.0)
    transfer.take(step("done"), 2.0)
    transfer.close(2.0)
    (part,) = transfer.progress(2.0).parts
    assert part.is_whole
    assert transfer.progress(2.0).completed == 9


def test_a_stop_that_came_too_late_is_done() -> None:
    transfer = Transfer(0.0)
    transfer.take(step("done"), 1.0)
    transfer.ask_to_stop()
    transfer.close(2.0)
    assert transfer.state is TransferState.DONE
