"""The harness with real programs and short replies."""

import sys
from pathlib import Path

import pytest

from benchmarks.chat import SIZES, open_chat
from benchmarks.fake_server import fake_server
from benchmarks.history import LAST, fill
from benchmarks.programs import llmtui, watched
from benchmarks.replies import Segment
from benchmarks.slow_line import passage
from benchmarks.streaming import BARE, ratios, turns

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the measures read /proc"),
    pytest.mark.timeout(300),
]


def test_a_reply_costs_bytes_and_time() -> None:
    (turn,) = turns("80x24", 1, rate=0, tokens=60)
    assert set(turn) == {BARE, "llmtui", "llmtui over SSH"}
    assert all(cost.bytes > 300 and cost.cpu_s > 0 for cost in turn.values())
    fewer, less = ratios([turn], "llmtui")
    assert fewer == turn[BARE].bytes / turn["llmtui"].bytes
    assert less == turn[BARE].cpu_s / turn["llmtui"].cpu_s


def test_the_sidebar_is_shown_where_it_would_be_folded(tmp_path: Path) -> None:
    with fake_server() as server:
        program = llmtui(server.url, tmp_path, columns=80)
        with open_chat(program, server, SIZES["80x24"]) as chat:
            assert "LOCAL" in chat.terminal.text


def test_a_kept_conversation_is_opened_and_goes_on(tmp_path: Path) -> None:
    fill(tmp_path, 10)
    with fake_server() as server, open_chat(llmtui(server.url, tmp_path), server, SIZES["120x40"]) as chat:
        chat.terminal.wait_for(LAST)
        chat.settle(chat.ask("table", Segment(30)))


def test_a_passage_watches_keys_loop_and_screen(tmp_path: Path) -> None:
    stalls = tmp_path / "stalls"
    with fake_server() as server:
        program = watched(llmtui(server.url, tmp_path, columns=80, remote=True), stalls)
        with open_chat(program, server, SIZES["80x24"]) as chat:
            found = passage(chat, server, stalls, 1, repaints=True)
    assert found.right
    assert found.echoes.seconds
    assert found.stall_s < 30
    assert len(found.cells()) == 6
