from dataclasses import replace
from datetime import timedelta

import pytest

from llmtui.core.conversation import assistant
from llmtui.core.history import MessageState, RequestRecord, StoredMessage, now
from llmtui.core.usage import Usage
from llmtui.ui.entries import cost_of, entry_of, note_of
from llmtui.ui.keymap import Keymap

WHEN = now()
RECORD = RequestRecord(
    "r",
    "box",
    "m",
    WHEN,
    first_token_at=WHEN + timedelta(seconds=0.31),
    ended_at=WHEN + timedelta(seconds=2.31),
    usage=Usage(9, 40),
    outcome="complete",
)


def reply(state: MessageState, text: str = "half", **changes: object) -> StoredMessage:
    record = replace(RECORD, **changes)  # type: ignore[arg-type]
    return StoredMessage("1", "c", None, assistant(text), state, request=record)


def test_figures() -> None:
    assert note_of(RECORD) == "40 tok · 20 tok/s · first 0.31 s"


def test_what_is_estimated_is_marked() -> None:
    usage = Usage(9, 3, source="estimated")
    assert note_of(replace(RECORD, usage=usage)) == "~3 tok · ~1.5 tok/s · first 0.31 s"


@pytest.mark.parametrize(
    ("cost", "source", "words"),
    [
        ("0.0021437", "genai-prices 0.2.3", "$0.0021"),
        ("1.2345", "override", "$1.23"),
        ("12", "live", "$12.00"),
        ("0.00000012", "live", "<$0.0001"),
        ("0", "live", "$0"),
        ("0", "provider", ""),
        (None, None, ""),
    ],
)
def test_a_cost_is_told_where_it_is_known(cost: str | None, source: str | None, words: str) -> None:
    told = note_of(replace(RECORD, cost=cost, price_source=source))
    assert told == " · ".join(filter(None, ["40 tok · 20 tok/s · first 0.31 s", words]))


def test_the_cost_of_estimated_tokens_is_marked() -> None:
    guess = Usage(input=10, output=3, source="estimated")
    assert cost_of(replace(RECORD, usage=guess, cost="0.5", price_source="live")) == "~$0.5"


def test_what_is_not_known_is_left_out() -> None:
    assert note_of(replace(RECORD, usage=None)) == "first 0.31 s"
    assert note_of(replace(RECORD, first_token_at=None)) == ""


@pytest.mark.parametrize(
    ("message", "alert"),
    [
        (reply(MessageState.COMPLETE), ""),
        (reply(MessageState.STOPPED), "stopped · ctrl+g n continues, ctrl+g r retries"),
        (reply(MessageState.STOPPED, ""), "stopped · ctrl+g r retries"),
        (
            reply(MessageState.COMPLETE, finish_reason="length"),
            "cut at the token limit · ctrl+g n continues, ctrl+g r retries",
        ),
        (reply(MessageState.COMPLETE, finish_reason="refusal"), "the model declined · ctrl+g r retries"),
        (
            reply(MessageState.FAILED, "", error="refused\nstart it"),
            "refused · start it · ctrl+g r retries",
        ),
    ],
)
def test_an_alert_names_the_keys_that_help(message: StoredMessage, alert: str) -> None:
    assert entry_of(message, Keymap()).alert == alert


def test_without_a_keymap_no_key_is_named() -> None:
    assert entry_of(reply(MessageState.STOPPED)).alert == "stopped"
