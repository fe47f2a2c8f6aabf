import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.core.errors import ConnectError
from llmtui.core.model_admin import ModelAction, TransferStep
from llmtui.core.transfer import STALLED_AFTER_S
from llmtui.services.transfer_job import NextTry, TransferJob
from llmtui.ui.transfer_words import amount, bar, block, brief, ending, headline, lasting


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def job_at(*steps: TransferStep, model: str = "llama3", clock: Clock | None = None) -> TransferJob:
    job = TransferJob("box", ModelAction.PULL, model, clock=clock or Clock())
    job.queued = False
    for step in steps:
        job.transfer.take(step, 0.0)
    return job


def piece(completed: int, total: int | None = 1000, part: str = "sha256:abcdef0123456789") -> TransferStep:
    return TransferStep("transfer", "pulling", part, completed, total)


def lines_of(job: TransferJob, width: int = 100, *, unfolded: bool = True) -> list[str]:
    return block(job, width, 0.0, marked=True, unfolded=unfolded).plain.split("\n")


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 B"), (999, "999 B"), (1_400_000, "1.4 MB"), (93_000_000, "93 MB"), (2_019_393_189, "2.0 GB")],
)
def test_an_amount_has_a_unit_that_fits(size: int, words: str) -> None:
    assert amount(size) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (20.2, "21 s"), (61, "2 min"), (3600, "1 h"), (4200, "1 h 10 min"), (400_000, "4 d")],
)
def test_a_time_has_a_unit_that_fits(seconds: float, words: str) -> None:
    assert lasting(seconds) == words


@given(st.none() | st.floats(0, 1), st.integers(0, 200))
def test_a_bar_is_as_wide_as_asked_and_as_full_as_the_share(share: float | None, width: int) -> None:
    text = bar(share, width).plain
    assert len(text) == width
    assert abs(text.count("━") - (share or 0) * width) <= 1


TOLD = st.tuples(
    st.text(min_size=1),
    st.lists(st.tuples(st.integers(0, 2000), st.none() | st.integers(0, 2000), st.sampled_from("abc"))),
    st.booleans(),
    st.text(),
    st.booleans(),
    st.sampled_from(["", "done", "failed"]),
)


@given(TOLD, st.integers(1, 130), st.booleans())
def test_no_line_is_wider_than_its_place(
    told: tuple[str, list[tuple[int, int | None, str]], bool, str, bool, str], width: int, unfolded: bool
) -> None:
    model, pieces, queued, note, stop, end = told
    job = job_at(*(piece(*one) for one in pieces), model=model)
    job.queued, job.note = queued, note
    if stop:
        job.transfer.ask_to_stop()
    if end:
        job.transfer.take(TransferStep("done" if end == "done" else "verify"), 0.0)
        job.transfer.close(0.0, ConnectError(note))
    for line in block(job, width, 0.0, marked=False, unfolded=unfolded).split("\n"):
        assert line.cell_length <= width
    assert "\n" not in headline([job])


def test_parts_are_shown_while_they_come() -> None:
    job = job_at(piece(1000), piece(250, 500, "sha256:fedcba9876543210"))
    first, total, done, comes = lines_of(job)
    assert first.split() == ["▸↓", "llama3", "83%", "·", "1.2", "of", "1.5", "kB", "so", "far"]
    assert total.count("━") == int(96 * 1250 / 1500)
    assert done.split()[0] == "abcdef012345"
    assert done.endswith("whole")
    assert comes.endswith("250 of 500 B")
    assert len(lines_of(job, unfolded=False)) == 2


def test_what_waits_is_not_called_stalled() -> None:
    clock = Clock()
    job = job_at(clock=clock)
    job.queued = True
    clock.now_s = STALLED_AFTER_S + 5
    assert "waits for the others" in lines_of(job)[0]
    job.queued = False
    assert "stalled: nothing for 20 s" in lines_of(job)[0]
    assert brief(job) == "stalled"


def test_a_lost_connection_counts_down_and_says_why() -> None:
    job = job_at(piece(500))
    job.next_try = NextTry(2, 5, 2.5, "connection reset")
    first, _, reason = lines_of(job)
    assert "lost, try 2 of 5 in 3 s" in first
    assert reason.strip() == "connection reset"
    assert brief(job) == "try 2"


def test_a_failure_has_its_next_step() -> None:
    job = job_at(piece(500))
    job.transfer.close(1.0, ConnectError("refused", hint="start it"))
    assert [line.strip() for line in lines_of(job)[1:]] == ["refused", "→ start it"]


def test_an_error_is_told_whole_of_the_marked_one_only() -> None:
    words = " ".join(f"word{number}" for number in range(30))
    job = job_at(piece(500))
    job.transfer.close(1.0, ConnectError(words, hint="start it"))
    first, *below = lines_of(job, 80)
    assert first.endswith("failed · 500 B of 1.0 kB")
    assert " ".join(" ".join(below).split()) == f"{words} → start it"
    assert len(lines_of(job, 80, unfolded=False)) == 3


def test_of_a_long_name_the_end_is_shown() -> None:
    job = job_at(piece(430), model="registry.example.com/library/a-large-model:q4")
    assert "…" in lines_of(job, 60)[0]
    assert "-large-model:q4 " in lines_of(job, 60)[0]
    assert headline([job]) == "pull a-large-model:q4 43%"


def test_it_is_whole_only_when_the_server_says_so() -> None:
    job = job_at(piece(1000))
    assert brief(job) == "99%"
    job.transfer.take(TransferStep("verify"), 0.0)
    assert brief(job) == "verifying"
    job.transfer.take(TransferStep("done"), 0.0)
    job.transfer.close(0.0)
    assert brief(job) == "100%"


def test_the_status_line_names_what_comes_in_and_counts_the_rest() -> None:
    waiting = job_at(model="first")
    waiting.queued = True
    assert headline([]) == ""
    assert headline([waiting, job_at(piece(430))]) == "pull llama3 43% +1"


def test_an_end_says_what_can_be_done_with_it() -> None:
    job = job_at(TransferStep("done"))
    job.transfer.close(0.0)
    assert ending(job, "ctrl+o") == ("llama3 is there · ctrl+o picks it", "information")
    job.action = ModelAction.PUSH
    assert ending(job, "ctrl+o") == ("llama3 is pushed", "information")
    failed, stopped = job_at(), job_at()
    failed.transfer.close(0.0, ConnectError("refused"))
    assert ending(failed, "ctrl+o") == ("pull llama3: refused", "error")
    stopped.stop()
    stopped.transfer.close(0.0)
    assert ending(stopped, "ctrl+o") == ("pull llama3: stopped", "information")
