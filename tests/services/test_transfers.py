import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmtui.core.errors import (
    ConnectError,
    IncompleteStream,
    LlmtuiError,
    ModelNotFound,
    Overloaded,
    ProviderError,
    RateLimited,
)
from llmtui.core.model_admin import ModelAction, OfferedModel, StoredModel, TransferStep
from llmtui.core.transfer import Progress, Transfer, TransferState
from llmtui.services.modelfiles import read_modelfile
from llmtui.services.transfer_job import Modelfile, TransferJob
from llmtui.services.transfers import TransferService
from tests.services.model_server import DONE, Deed, ModelServer, piece

PULL = ModelAction.PULL
LOST = ConnectError("connection reset")


class Yard:
    """A service over a server in memory; waiting takes no time and is written down."""

    def __init__(self, at_once: int = 2, tries: int = 5) -> None:
        self.server = ModelServer()
        self.waits: list[float] = []
        self.refreshed: list[str] = []
        self.told: list[tuple[str, TransferState, bool]] = []
        self.service = TransferService(
            self.server.open,
            self._refresh,
            at_once=at_once,
            tries=tries,
            sleep=self._sleep,
            rng=random.Random(7),
        )
        self.service.listen(lambda job: self.told.append((job.model, job.state, job.next_try is not None)))

    async def _refresh(self, provider_id: str) -> None:
        self.refreshed.append(provider_id)

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(0)

    def pull(self, model: str, *tries: Sequence[Deed], provider: str = "box") -> TransferJob:
        self.server.play(model, *tries)
        return self.service.request(provider, PULL, model)


@pytest.fixture
def yard() -> Yard:
    return Yard()


async def at(reached: asyncio.Event) -> None:
    async with asyncio.timeout(5):
        await reached.wait()


class Gate(asyncio.Event):
    """What a script waits at; tells when it does."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = asyncio.Event()

    async def wait(self) -> bool:  # type: ignore[override]
        self.reached.set()
        return await super().wait()


async def test_a_pull_that_ended_well_can_be_chosen(yard: Yard) -> None:
    job = yard.pull("llama3", [piece(500), piece(1000), DONE])
    await yard.service.run(job)
    assert job.state is TransferState.DONE
    assert job.progress().completed == 1000
    assert yard.refreshed == ["box"]
    assert yard.server.opened == yard.server.closed == 1
    assert yard.service.active == []


async def test_what_comes_after_the_last_word_changes_nothing(yard: Yard) -> None:
    job = yard.pull("llama3", [piece(1000), DONE, LOST])
    await yard.service.run(job)
    assert job.state is TransferState.DONE
    assert yard.server.asked == ["llama3"]


async def test_to_ask_twice_is_to_ask_once(yard: Yard) -> None:
    gate = Gate()
    job = yard.pull("llama3", [piece(1), gate, DONE])
    task = asyncio.create_task(yard.service.run(job))
    await at(gate.reached)
    again = yard.service.request("box", PULL, "llama3")
    assert again is job
    await yard.service.run(again)
    assert job.state is TransferState.RUNNING
    gate.set()
    await task
    assert yard.server.asked == ["llama3"]
    assert yard.service.request("box", PULL, "llama3") is not job
    assert len(yard.service.jobs) == 1


async def test_one_host_serves_so_many_and_another_is_not_kept_waiting(yard: Yard) -> None:
    gates = {name: Gate() for name in "abc"}
    jobs = {name: yard.pull(name, [gate, DONE]) for name, gate in gates.items()}
    elsewhere = Gate()
    far = yard.pull("d", [elsewhere, DONE], provider="other")
    async with asyncio.TaskGroup() as group:
        for job in [*jobs.values(), far]:
            group.create_task(yard.service.run(job))
        await at(gates["a"].reached)
        await at(gates["b"].reached)
        await at(elsewhere.reached)
        assert jobs["c"].queued
        assert not gates["c"].reached.is_set()
        gates["a"].set()
        await at(gates["c"].reached)
        assert not jobs["c"].queued
        for gate in [*gates.values(), elsewhere]:
            gate.set()
    assert {job.state for job in yard.service.jobs} == {TransferState.DONE}


async def test_a_lost_connection_is_asked_for_again_and_goes_on(yard: Yard) -> None:
    cut = IncompleteStream("cut")
    job = yard.pull("llama3", [piece(300), LOST], [piece(300), piece(700), cut], [piece(700), DONE])
    await yard.service.run(job)
    assert job.state is TransferState.DONE
    assert yard.server.asked == ["llama3"] * 3
    assert len(yard.waits) == 2
    assert ("llama3", TransferState.RUNNING, True) in yard.told
    assert job.next_try is None
    assert yard.server.opened == yard.server.closed == 3


@given(st.lists(st.booleans(), max_size=14), st.integers(1, 4))
@settings(deadline=None)
async def test_tries_without_progress_are_limited(progressed: list[bool], tries: int) -> None:
    yard = Yard(tries=tries)
    scripts: list[Sequence[Deed]] = []
    came = failures = 0
    for forward in progressed:
        came += forward
        scripts.append([piece(came), LOST])
    job = yard.pull("m", [piece(0), LOST], *scripts, [DONE])
    await yard.service.run(job)
    expected, failures = 1, 1
    for forward in progressed:
        if failures >= tries:
            break
        expected += 1
        failures = 1 if forward else failures + 1
    ended_well = failures < tries
    assert job.state is (TransferState.DONE if ended_well else TransferState.FAILED)
    assert len(yard.server.asked) == expected + ended_well
    assert yard.server.opened == yard.server.closed
    assert yard.server.deleted == []


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        (ModelNotFound("no such model"), 1),
        (ConnectError("refused"), 1),
        (Overloaded("busy"), 2),
        (RateLimited("slow down"), 2),
    ],
    ids=str,
)
async def test_what_cannot_be_mended_by_asking_again_is_told_at_once(
    yard: Yard, error: ProviderError, asked: int
) -> None:
    job = yard.pull("m", [error], [DONE])
    await yard.service.run(job)
    assert len(yard.server.asked) == asked
    assert job.state is (TransferState.DONE if asked == 2 else TransferState.FAILED)
    assert job.transfer.error is (error if asked == 1 else None)


async def test_a_create_is_never_asked_for_again(yard: Yard) -> None:
    yard.server.play("mine", [TransferStep("write"), LOST], [DONE])
    job = yard.service.request("box", ModelAction.CREATE, "mine", Modelfile("FROM llama3"))
    await yard.service.run(job)
    assert job.state is TransferState.FAILED
    assert job.transfer.error is LOST


async def test_a_stream_that_ends_without_a_last_word_is_no_success(yard: Yard) -> None:
    job = yard.pull("m", *[[piece(1000)]] * 5)
    await yard.service.run(job)
    assert job.state is TransferState.FAILED
    assert isinstance(job.transfer.error, IncompleteStream)
    assert yard.refreshed == []


@pytest.mark.parametrize("installed", [True, False])
async def test_a_stop_is_done_when_the_stream_has_closed(yard: Yard, installed: bool) -> None:
    gate = Gate()
    if installed:
        yard.server.models["m:latest"] = StoredModel("m:latest")
    job = yard.pull("m", [piece(400), gate, DONE])
    task = asyncio.create_task(yard.service.run(job))
    await at(gate.reached)
    yard.service.stop(job)
    assert job.progress().state is TransferState.STOPPING
    assert yard.server.closed == 0
    await task
    assert job.progress().state is TransferState.STOPPED
    expected = "the model is installed" if installed else "the server does not list the model"
    assert job.note.startswith(expected)


async def test_one_that_waits_can_be_stopped(yard: Yard) -> None:
    gate = Gate()
    yard = Yard(at_once=1)
    first, second = yard.pull("a", [gate, DONE]), yard.pull("b", [DONE])
    tasks = [asyncio.create_task(yard.service.run(job)) for job in (first, second)]
    await at(gate.reached)
    yard.service.stop(second)
    await tasks[1]
    assert second.state is TransferState.STOPPED
    assert yard.server.asked == ["a"]
    gate.set()
    await tasks[0]
    assert first.state is TransferState.DONE


async def test_what_was_stopped_is_resumed_by_its_name(yard: Yard) -> None:
    job = yard.pull("m", [piece(1), Gate()], [piece(1), DONE])
    yard.service.stop(job)
    await yard.service.run(job)
    assert job.state is TransferState.STOPPED
    again = yard.service.request("box", PULL, "m")
    assert again is not job
    yard.server.scripts["m"] = [[piece(1), DONE]]
    await yard.service.run(again)
    assert [one.state for one in yard.service.jobs] == [TransferState.DONE]


async def test_leaving_stops_all_and_waits_for_their_connections(yard: Yard) -> None:
    gates = [Gate(), Gate()]
    jobs = [yard.pull(name, [gate, DONE]) for name, gate in zip("ab", gates, strict=True)]
    tasks = [asyncio.create_task(yard.service.run(job)) for job in jobs]
    for gate in gates:
        await at(gate.reached)
    never_run = yard.pull("c", [DONE])
    await yard.service.settle()
    assert {job.state for job in jobs} == {TransferState.STOPPED}
    assert never_run.state is TransferState.STOPPING
    assert yard.server.running_now == 0
    await asyncio.gather(*tasks)


async def test_a_cancelled_run_is_a_stop(yard: Yard) -> None:
    gate = Gate()
    job = yard.pull("m", [gate, DONE])
    task = asyncio.create_task(yard.service.run(job))
    await at(gate.reached)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert job.progress().state is TransferState.STOPPED
    assert yard.server.opened == yard.server.closed == 1


async def test_a_bug_ends_its_own_transfer_only(yard: Yard) -> None:
    job, other = yard.pull("m", [ValueError("oops")]), yard.pull("n", [DONE])
    await yard.service.run(job)
    await yard.service.run(other)
    assert job.state is TransferState.FAILED
    assert "oops" in str(job.transfer.error)
    assert other.state is TransferState.DONE


async def test_a_bug_in_what_follows_leaves_a_job_as_it_has_ended(yard: Yard) -> None:
    async def refresh(provider_id: str) -> None:
        raise ValueError("oops")

    yard.server.play("m", [DONE])
    service = TransferService(yard.server.open, refresh)
    job = service.request("box", PULL, "m")
    await service.run(job)
    assert (job.state, job.settled) == (TransferState.DONE, True)


async def test_a_stopped_model_of_a_gallery_is_found_by_its_own_name(yard: Yard) -> None:
    yard.server.models["phi-2"] = StoredModel("phi-2")
    job = yard.pull("localai@phi-2", [Gate()])
    yard.service.stop(job)
    await yard.service.run(job)
    assert "installed all the same" in job.note


async def test_the_paths_of_a_linked_modelfile_lead_from_the_link(tmp_path: Path) -> None:
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
    (tmp_path / "there" / "Modelfile").write_text("FROM ./m.gguf")
    link = tmp_path / "here" / "Modelfile"
    link.symlink_to(tmp_path / "there" / "Modelfile")
    assert (await read_modelfile(str(link))).folder == tmp_path / "here"


async def test_a_pull_goes_on_at_no_other_server(yard: Yard) -> None:
    places = iter(["http://one", "http://one", "http://two"])
    yard.server.play("m", [piece(1), LOST], [piece(2), DONE])
    service = TransferService(yard.server.open, address=lambda _: next(places), sleep=yard._sleep)
    job = service.request("box", PULL, "m")
    await service.run(job)
    assert job.state is TransferState.FAILED
    assert str(job.transfer.error) == "box is another server by now, or none"
    assert yard.server.asked == ["m"]


async def test_no_provider_is_a_failure_of_the_job(yard: Yard) -> None:
    async def nobody(provider_id: str) -> ModelServer:
        raise LlmtuiError("no such provider")

    service = TransferService(nobody, yard._refresh)  # type: ignore[arg-type]
    job = service.request("gone", PULL, "m")
    await service.run(job)
    assert str(job.transfer.error) == "no such provider"


async def test_too_little_space_is_told_before_and_during(yard: Yard) -> None:
    yard.server.free = 2_000_000_000
    yard.server.offers = [OfferedModel("m", size=5_000_000_000)]
    gate, later = Gate(), Gate()
    job = yard.pull("m", [gate, piece(0, 1_000_000_000), piece(0, 3_000_000_000, "b"), later, DONE])
    task = asyncio.create_task(yard.service.run(job))
    await at(gate.reached)
    assert job.note == "only 2.0 GB free, 5.0 GB to come"
    gate.set()
    await at(later.reached)
    assert job.note == "only 2.0 GB free, 4.0 GB to come"
    later.set()
    await task
    assert job.note == ""


async def test_a_thousand_parts_are_not_summed_up_at_each_line(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, progress = 0, Transfer.progress

    def counted(transfer: Transfer, now_s: float) -> Progress:
        nonlocal looks
        looks += 1
        return progress(transfer, now_s)

    monkeypatch.setattr(Transfer, "progress", counted)
    job = yard.pull("m", [*(piece(10, 10, f"part {number}") for number in range(1000)), DONE])
    await yard.service.run(job)
    assert looks < 10
    assert job.progress().completed == job.progress().total == 10_000


async def test_nobody_knows_the_space_of_another_machine(yard: Yard) -> None:
    yard.server.offers = [OfferedModel("m", size=5_000_000_000)]
    job = yard.pull("m", [piece(1000), DONE])
    await yard.service.run(job)
    assert job.note == ""


async def test_what_has_ended_is_forgotten_on_request(yard: Yard) -> None:
    done, waiting = yard.pull("a", [DONE]), yard.pull("b", [DONE])
    await yard.service.run(done)
    yard.service.forget_ended()
    assert yard.service.jobs == [waiting]


async def test_a_listener_can_leave(yard: Yard) -> None:
    told: list[TransferJob] = []
    leave = yard.service.listen(told.append)
    yard.pull("a", [DONE])
    leave()
    yard.pull("b", [DONE])
    assert [job.model for job in told] == ["a"]
