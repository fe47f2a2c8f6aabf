from dataclasses import replace

import pytest

from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import assistant
from llmtui.core.events import Status
from llmtui.core.history import RequestRecord, StoredMessage, now
from llmtui.providers.registry import Registry
from llmtui.services.recorder import Recorder
from llmtui.services.reply import Reply
from llmtui.storage.conversations import SQLiteStore
from llmtui.ui.keymap import Keymap
from llmtui.ui.widgets.activity import activity_of


@pytest.fixture
def reply(tmp_path_factory: pytest.TempPathFactory) -> Reply:
    """A reply that was asked for at 100 s."""
    record = RequestRecord("r", "fake", "m", now())
    recorder = Recorder(SQLiteStore(tmp_path_factory.mktemp("db") / "llmtui.db"))
    reply = Reply(
        StoredMessage("1", "c", None, assistant("")),
        record,
        ChatRequest(()),
        registry=Registry([]),
        recorder=recorder,
    )
    reply.started_s = reply.last_event_s = 100.0
    return reply


def line(reply: Reply, at_s: float) -> str:
    return activity_of(reply, at_s, Keymap()).plain


def test_it_says_what_is_waited_for_and_the_way_out(reply: Reply) -> None:
    assert line(reply, 104) == "waiting 4 s · esc stop"
    reply.record = replace(reply.record, first_token_at=now())
    assert line(reply, 104) == "writing 4 s · esc stop"


def test_after_ten_silent_seconds_it_offers_more(reply: Reply) -> None:
    assert line(reply, 112) == "stalled: nothing for 12 s · esc stop · ctrl+g r retry · ctrl+o switch"


def test_the_wait_before_a_retry_counts_down(reply: Reply) -> None:
    reply.status = Status("retrying", "slow down", attempt=2, delay_s=5)
    assert line(reply, 101) == "try 2 in 4 s: slow down · 1 s · esc stop"
    assert line(reply, 106) == "try 2: slow down · 6 s · esc stop"
