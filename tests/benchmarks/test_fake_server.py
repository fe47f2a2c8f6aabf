import json
import time
from collections.abc import Iterator

import httpx
import pytest

from benchmarks.fake_server import FakeServer, fake_server
from benchmarks.replies import Plan, Segment


@pytest.fixture(scope="module")
def server() -> Iterator[FakeServer]:
    with fake_server() as running:
        yield running


def ask(server: FakeServer, path: str, plan: Plan) -> str:
    body = {"model": "bench", "stream": True, "messages": [{"role": "user", "content": str(plan)}]}
    response = httpx.post(f"{server.url}{path}", json=body)
    assert response.status_code == 200
    return response.text


def wait_sent(server: FakeServer, plan: Plan) -> float:
    end = time.monotonic() + 5
    while (at_s := server.sent(plan)) is None:
        assert time.monotonic() < end
    return at_s


def test_it_speaks_chat_completions(server: FakeServer) -> None:
    plan = Plan("mixed", (Segment(80), Segment(20)), 1)
    lines = ask(server, "/v1/chat/completions", plan).split("\n\n")
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    assert "".join(delta.get("content") or "" for delta in deltas) == "".join(plan.tokens())
    assert lines[-2] == "data: [DONE]"


def test_it_speaks_ollama(server: FakeServer) -> None:
    plan = Plan("list", (Segment(50),), 2)
    lines = [json.loads(line) for line in ask(server, "/api/chat", plan).splitlines()]
    assert "".join(line["message"]["content"] for line in lines) == "".join(plan.tokens())
    assert [line["done"] for line in lines] == [False] * (len(lines) - 1) + [True]
    assert all(lines[-1][f"{name}_duration"] > 0 for name in ("total", "load", "prompt_eval", "eval"))


def test_it_keeps_the_pace_and_tells_when(server: FakeServer) -> None:
    plan = Plan("prose", (Segment(11, 50), Segment(0, pause_s=1), Segment(5)), 3)
    before_s = time.monotonic()
    ask(server, "/v1/chat/completions", plan)
    ended_s = wait_sent(server, plan)
    times = [server.sent(plan, segment, ended=ended) for segment in range(3) for ended in (False, True)]
    known = [at_s for at_s in times if at_s is not None]
    assert len(known) == 6
    assert [before_s, *known] == sorted([before_s, *known])
    assert known[1] - known[0] >= 10 / 50
    assert known[3] - known[2] >= 1
    assert known[-1] == ended_s


def test_what_is_no_plan_gets_a_whole_answer(server: FakeServer) -> None:
    body = {"model": "bench", "messages": [{"role": "user", "content": "a title, please"}]}
    found = httpx.post(f"{server.url}/v1/chat/completions", json=body).json()
    assert found["choices"][0]["message"]["content"] == "A short title"
