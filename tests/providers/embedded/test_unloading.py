"""The child's end after idling."""

import asyncio
import os
import sys
import textwrap
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import user
from llmtui.core.events import Status, TextDelta
from llmtui.providers.embedded import supervisor as supervisor_module
from llmtui.providers.embedded.idleness import Idleness
from llmtui.providers.embedded.provider import EmbeddedOptions
from llmtui.providers.embedded.supervisor import Order, Supervisor
from tests.providers.embedded.conftest import Build
from tests.providers.embedded.processes import children_of, wait_until_gone

ModelFile = Callable[[str], Path]
HELLO = ChatRequest((user("hello"),))
PROCESS = ChatRequest((user("your process"),))
AT_ONCE_S = 0.001


class Timers:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.due: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, seconds: float, call: Callable[[], None]) -> "Handle":
        entry = (seconds, call)
        self.due.append(entry)
        return Handle(lambda: self.due.remove(entry))

    def run_out(self) -> None:
        """Let the time pass."""
        (_, call) = self.due.pop()
        call()


class Handle:
    """A due call."""

    def __init__(self, cancel: Callable[[], None]) -> None:
        self._cancel = cancel

    def cancel(self) -> None:
        self._cancel()


def test_the_clock_starts_with_the_end_of_the_last_use() -> None:
    timers, ended = Timers(), list[str]()
    idleness = Idleness(5, lambda: ended.append("idle"), call_later=timers.call_later)
    with idleness.in_use():
        with idleness.in_use():
            assert idleness.used
        assert timers.due == []
    assert [seconds for seconds, _ in timers.due] == [5]
    assert not idleness.used
    timers.run_out()
    assert ended == ["idle"]


def test_a_new_use_stops_the_clock_and_its_end_starts_it_anew() -> None:
    timers = Timers()
    idleness = Idleness(5, lambda: None, call_later=timers.call_later)
    with idleness.in_use():
        pass
    with idleness.in_use():
        assert timers.due == []
    assert len(timers.due) == 1
    idleness.forget()
    assert timers.due == []


def test_a_use_that_fails_has_ended() -> None:
    timers = Timers()
    idleness = Idleness(5, lambda: None, call_later=timers.call_later)
    with pytest.raises(ValueError, match="x"), idleness.in_use():
        raise ValueError("x")
    assert len(timers.due) == 1


@pytest.mark.parametrize("after_s", [None, 0])
def test_without_a_limit_no_clock_runs(after_s: float | None) -> None:
    timers = Timers()
    with Idleness(after_s, lambda: None, call_later=timers.call_later).in_use():
        pass
    assert timers.due == []


def test_ten_minutes_unless_the_settings_say_otherwise() -> None:
    assert EmbeddedOptions().unload_after_s == 600
    assert EmbeddedOptions(unload_after_s=None).unload_after_s is None


async def test_the_child_ends_after_idling_and_the_next_request_loads_again(
    stand_in: Path, model_file: ModelFile, build: Build
) -> None:
    provider = build({"model_path": str(model_file("good")), "unload_after_s": AT_ONCE_S})
    first = int((await provider.chat(PROCESS)).message.text)
    await asyncio.to_thread(wait_until_gone, first)
    assert not provider.running
    events = [event async for event in provider.stream_chat(HELLO)]
    assert events[0] == Status("loading", "good")
    assert TextDelta("hello") in events


async def test_a_reply_in_flight_keeps_the_child_whatever_other_requests_do(
    stand_in: Path, model_file: ModelFile, build: Build
) -> None:
    provider = build({"model_path": str(model_file("good")), "unload_after_s": AT_ONCE_S})
    async with aclosing(provider.stream_chat(PROCESS)) as held:
        async for event in held:
            if isinstance(event, TextDelta):
                break
        [child] = children_of(os.getpid())
        for _ in range(3):
            assert (await provider.chat(PROCESS)).message.text == str(child)
            assert provider._supervisor._idleness.used
        assert provider.running
    await asyncio.to_thread(wait_until_gone, child)


async def test_a_request_that_comes_while_it_unloads_is_served_by_another_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "TERMINATE_CLOCK_S", 0.1)
    stubborn = """
        import json, os, signal, sys
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.stdin.readline()
        print(json.dumps({"ready": f"http://127.0.0.1:{os.getpid()}"}), flush=True)
        signal.pause()
    """
    command = [sys.executable, "-c", textwrap.dedent(stubborn)]
    supervisor = Supervisor(lambda: Order("x", "m", 512), tmp_path / "c.log", command, unload_after_s=600)
    before = await supervisor.endpoint()
    supervisor._begin_unloading()
    await asyncio.sleep(0)
    assert not supervisor.running
    with supervisor.in_use():
        after = await supervisor.endpoint()
    assert after.address != before.address
    wait_until_gone(int(before.address.rpartition(":")[2]), 0)
    assert supervisor.running
    await supervisor.aclose()


async def test_a_request_that_comes_just_before_it_unloads_keeps_the_child(
    stand_in: Path, model_file: ModelFile, build: Build
) -> None:
    provider = build({"model_path": str(model_file("good"))})
    first = (await provider.chat(PROCESS)).message.text
    provider._supervisor._begin_unloading()
    assert (await provider.chat(PROCESS)).message.text == first


async def test_closing_stops_the_clock(stand_in: Path, model_file: ModelFile, build: Build) -> None:
    provider = build({"model_path": str(model_file("good"))})
    await provider.chat(HELLO)
    assert provider._supervisor._idleness._timer is not None
    await provider.aclose()
    assert provider._supervisor._idleness._timer is None


async def test_the_log_is_for_its_owner_only(
    stand_in: Path, model_file: ModelFile, build: Build, tmp_path: Path
) -> None:
    await build({"model_path": str(model_file("good"))}).chat(HELLO)
    places = (tmp_path / "log", tmp_path / "log" / "embedded.log")
    assert [place.stat().st_mode & 0o777 for place in places] == [0o700, 0o600]
