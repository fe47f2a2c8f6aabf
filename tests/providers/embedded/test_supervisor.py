import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from llmtui.core.errors import ProviderError
from llmtui.providers.embedded import childlog
from llmtui.providers.embedded.childlog import ChildLog
from llmtui.providers.embedded.supervisor import ModelCrashed, Order, Supervisor
from tests.providers.embedded.processes import children_of, seen_by_others, wait_until_gone

Supervise = Callable[[str], Supervisor]
PARENT = """
    import asyncio, sys
    from pathlib import Path
    from llmtui.providers.embedded.supervisor import Order, Supervisor

    async def main():
        supervisor = Supervisor(lambda: Order(sys.argv[1], "m", 512), Path(sys.argv[2]))
        await supervisor.endpoint()
        print("ready", flush=True)
        await asyncio.Event().wait()

    asyncio.run(main())
"""


@pytest.fixture
async def supervise(
    stand_in: Path, model_file: Callable[[str], Path], tmp_path: Path
) -> AsyncIterator[Supervise]:
    async with AsyncExitStack() as stack:

        def make(name: str) -> Supervisor:
            order = Order(str(model_file(name)), "m", 512)
            supervisor = Supervisor(lambda: order, tmp_path / "log" / "child.log")
            stack.push_async_callback(supervisor.aclose)
            return supervisor

        yield make


async def test_nothing_runs_before_the_first_use(supervise: Supervise) -> None:
    supervisor = supervise("good")
    assert not supervisor.running
    assert children_of(os.getpid()) == []
    await supervisor.endpoint()
    assert supervisor.running


async def test_requests_at_the_same_time_start_one_child(supervise: Supervise) -> None:
    supervisor = supervise("good")
    first, second = await asyncio.gather(supervisor.endpoint(), supervisor.endpoint())
    assert first == second
    assert children_of(os.getpid()) == [supervisor.pid]


async def test_the_key_is_random_and_nobody_else_sees_it(supervise: Supervise, tmp_path: Path) -> None:
    one, other = supervise("good"), supervise("good")
    endpoint = await one.endpoint()
    assert len(endpoint.key) > 40
    assert endpoint.key != (await other.endpoint()).key
    assert one.pid is not None
    assert endpoint.key.encode() not in seen_by_others(one.pid)
    assert endpoint.key not in repr(endpoint)
    assert endpoint.key not in (tmp_path / "log" / "child.log").read_text()


async def test_a_crash_is_told_with_its_log_and_the_next_use_starts_anew(supervise: Supervise) -> None:
    supervisor = supervise("good")
    before = await supervisor.endpoint()
    assert supervisor.pid is not None
    os.kill(supervisor.pid, signal.SIGKILL)
    crash = await supervisor.crash()
    assert isinstance(crash, ModelCrashed)
    assert "signal 9" in str(crash)
    assert "child.log" in crash.hint
    assert not supervisor.running
    assert await supervisor.endpoint() != before
    assert supervisor.running


async def test_a_living_child_has_not_crashed(supervise: Supervise, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmtui.providers.embedded.supervisor.EXIT_CLOCK_S", 0.01)
    supervisor = supervise("good")
    await supervisor.endpoint()
    assert await supervisor.crash() is None


async def test_a_model_that_cannot_be_loaded_is_named_with_the_librarys_reason(supervise: Supervise) -> None:
    with pytest.raises(ProviderError, match=r"cannot load .*refused\.gguf: a tensor is missing") as caught:
        await supervise("refused").endpoint()
    assert not caught.value.retryable
    assert "model_path" in caught.value.hint


async def test_a_crash_while_loading_is_told(supervise: Supervise) -> None:
    with pytest.raises(ModelCrashed, match=r"while it loaded .*signal 6"):
        await supervise("aborted").endpoint()


async def test_a_cancelled_start_leaves_no_process(supervise: Supervise, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "slow.loading")
    starting = asyncio.create_task(supervise("slow").endpoint())
    child = int(await asyncio.to_thread((tmp_path / "slow.loading").read_text))
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    wait_until_gone(child, 0)


async def test_closing_ends_a_child_that_ignores_termination(tmp_path: Path) -> None:
    stubborn = """
        import json, signal, sys
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.stdin.readline()
        print(json.dumps({"ready": "http://127.0.0.1:1"}), flush=True)
        while True:
            signal.pause()
    """
    command = [sys.executable, "-c", textwrap.dedent(stubborn)]
    supervisor = Supervisor(lambda: Order("x", "m", 512), tmp_path / "child.log", command)
    await supervisor.endpoint()
    pid = supervisor.pid
    assert pid is not None
    await supervisor.aclose()
    assert not supervisor.running
    wait_until_gone(pid, 0)


async def test_the_terminals_ctrl_c_does_not_reach_the_child(supervise: Supervise) -> None:
    supervisor = supervise("good")
    await supervisor.endpoint()
    assert supervisor.pid is not None
    assert os.getsid(supervisor.pid) == supervisor.pid != os.getsid(0)


async def test_what_the_library_prints_goes_to_the_log_only(
    supervise: Supervise, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    await supervise("good").endpoint()
    log = (tmp_path / "log" / "child.log").read_text()
    assert re.search(r"^\d{4}-\d\d-\d\d .* loading .*good\.gguf\nprinted by the library$", log, re.MULTILINE)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("model", ["good", "slow"])
def test_the_child_dies_with_a_killed_parent(
    stand_in: Path, model_file: Callable[[str], Path], tmp_path: Path, model: str
) -> None:
    """Even while it loads: there the library keeps the interpreter's lock."""
    loading = tmp_path / f"{model}.loading"
    os.mkfifo(loading)
    command = [sys.executable, "-c", textwrap.dedent(PARENT), str(model_file(model)), str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(loading.read_text())
        if model == "good":
            assert parent.stdout.readline() == b"ready\n"
        parent.kill()
        wait_until_gone(child)


def test_a_log_that_has_grown_large_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(childlog, "LARGEST", 100)
    log = ChildLog(tmp_path / "child.log")
    for title in ("first", "second", "third"):
        with log.open(title) as file:
            file.write(b"x" * 101)
    assert "third" in (tmp_path / "child.log").read_text()
    assert "second" in (tmp_path / "child.1.log").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["child.1.log", "child.log"]


def test_a_log_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    log = ChildLog(tmp_path / "file" / "child.log")
    with log.open("title") as file:
        file.write(json.dumps("lost").encode())
    assert log.load_error() == ""
